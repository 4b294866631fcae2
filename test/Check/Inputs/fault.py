# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts a fault into a copy of a driver that dlavm compile wrote.

    fault.py FROM TO write TASK REGISTER VALUE    value of a register write
    fault.py FROM TO drop TASK REGISTER           no write of the register
    fault.py FROM TO late TASK REGISTER           written after the start
    fault.py FROM TO again TASK                   starts twice before the poll
    fault.py FROM TO poll TASK REGISTER VALUE     another poll
    fault.py FROM TO no-poll TASK                 none
    fault.py FROM TO loop TASK OLD NEW            head of the loop over slices
    fault.py FROM TO set CONSTANT VALUE           address in the header
    fault.py FROM TO set-both CONSTANT VALUE      address there and in plan.json
    fault.py FROM TO plan CONSTANT KEY NUMBER      in plan.json only

"{}" in a VALUE is the old one; for set, VALUE may name constants of the header,
and the end of what lies there: "{} - 64", "kScores_end - 64". A fault that does not change the driver is an error,
so that no test loses its fault unnoticed when the driver source changes.
"""
import json
import os
import re
import shutil
import sys


def substitute(pattern, replacement, text):
    """Replaces the one match of a pattern, by text or by a function."""
    result, count = re.subn(pattern, replacement, text)
    if count != 1:
        sys.exit(f"{pattern!r} occurs {count} times")
    if result == text:
        sys.exit(f"{pattern!r} is left as it was")
    return result


def edit_writes(section, kind, arguments):
    """Edits one task: from its mark to its poll, each statement on a line."""
    poll = r" *device\.poll\((\w+)::\w+, (\w+)\);\n"
    start = r" *device\.write\([^;]*;\n(?= *device\.poll)"
    if kind == "no-poll":
        return substitute(poll, "", section)
    if kind == "poll":
        reg, value = arguments
        return substitute(poll, f"device.poll({reg}, {value});\n", section)
    if kind == "again":
        return substitute(start, lambda match: 2 * match[0], section)
    reg, *value = arguments
    write = rf"( *device\.write\(\w+::{reg}, )([^;]*)(\);\n)"
    if kind == "drop":
        return substitute(write, "", section)
    if kind == "late":
        line = re.search(write, section)[0]
        section = substitute(write, "", section)
        return substitute(start, lambda match: match[0] + line, section)
    new = value[0]
    return substitute(
        write, lambda m: m[1] + new.replace("{}", m[2]) + m[3], section
    )


def edit_task(text, kind, task, *arguments):
    marks = re.findall(rf'device\.task\(-?\w+, "{task}"\);', text)
    if len(marks) != 1:
        sys.exit(f"{len(marks)} tasks are named {task}")
    mark = text.index(marks[0])
    if kind == "loop":
        # The loop's head is the last one before the mark.
        begin = text.rindex("for (", 0, mark)
        old, new = arguments
        head = substitute(re.escape(old), new, text[begin:mark])
        return text[:begin] + head + text[mark:]
    end = text.index("\n", text.index("device.poll(", mark)) + 1
    section = edit_writes(text[mark:end], kind, arguments)
    return text[:mark] + section + text[end:]


def get_constant(region):
    return "k" + region["name"].title().replace("_", "")


def set_constant(text, plan, constant, value):
    numbers = {
        name: int(number, 0)
        for name, number in re.findall(r"int64_t (k\w+) = (\w+);", text)
    }
    for region in plan["buffers"] + plan["objects"]:
        name = get_constant(region)
        numbers[name + "_end"] = numbers[name] + region["bytes"]
    value = value.replace("{}", constant)
    result = eval(value, {"__builtins__": {}}, numbers)
    text = substitute(
        rf"int64_t {constant} = \w+;", f"int64_t {constant} = {result};", text
    )
    return text, result


def set_in_plan(plan, constant, key, value):
    regions = plan["buffers"] + plan["objects"]
    found = [region for region in regions if get_constant(region) == constant]
    if len(found) != 1:
        sys.exit(f"plan.json has {len(found)} regions for {constant}")
    if found[0][key] == value:
        sys.exit(f"{key} of {constant} is {value} already")
    found[0][key] = value


def main(source, target, kind, *arguments):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    path = os.path.join(target, "plan.json")
    with open(path) as file:
        plan = json.load(file)
    header = os.path.join(target, plan["driver"])
    with open(header) as file:
        text = file.read()
    if kind in ("set", "set-both"):
        text, value = set_constant(text, plan, *arguments)
        if kind == "set-both":
            set_in_plan(plan, arguments[0], "address", value)
    elif kind == "plan":
        constant, key, value = arguments
        set_in_plan(plan, constant, key, int(value))
    else:
        text = edit_task(text, kind, *arguments)
    with open(header, "w") as file:
        file.write(text)
    with open(path, "w") as file:
        json.dump(plan, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
