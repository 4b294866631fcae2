# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies a config.json with some keys changed.

    edit_config.py FROM TO KEY=JSON...
"""
import json
import sys


def main(source, target, *changes):
    with open(source) as file:
        config = json.load(file)
    for change in changes:
        key, value = change.split("=", 1)
        if key not in config:
            sys.exit(f"{source} has no key {key}")
        config[key] = json.loads(value)
    with open(target, "w") as file:
        json.dump(config, file, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
