# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Changes values of a plan.json.

    edit_plan.py FILE max_tokens VALUE
    edit_plan.py FILE KEY INDEX VALUE
    edit_plan.py FILE KEY INDEX FIELD VALUE [FIELD VALUE...]

A value is JSON. It must differ from the old one. A field may be one of an object
in the entry: "row_heads.heads".
"""
import json
import sys


def put(container, key, value):
    if isinstance(key, str):
        *parents, key = key.split(".")
        for parent in parents:
            container = container[parent]
    if (container.get(key) if isinstance(container, dict) else container[key]) == value:
        sys.exit(f"{key} is {value} already")
    container[key] = value


def main(path, key, *arguments):
    with open(path) as file:
        plan = json.load(file)
    if len(arguments) == 1:
        put(plan, key, json.loads(arguments[0]))
    elif len(arguments) == 2:
        put(plan[key], int(arguments[0]), json.loads(arguments[1]))
    else:
        index, *pairs = arguments
        for field, value in zip(pairs[::2], pairs[1::2]):
            put(plan[key][int(index)], field, json.loads(value))
    with open(path, "w") as file:
        json.dump(plan, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
