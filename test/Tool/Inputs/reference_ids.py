# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a prompt of a reference.json with its continuation, as --ids takes them.

    reference_ids.py FILE PROMPT
"""
import json
import sys


def main(path, prompt):
    with open(path) as file:
        text = json.load(file)[prompt]
    print(",".join(map(str, text["prompt_ids"] + text["greedy_ids_fp64"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
