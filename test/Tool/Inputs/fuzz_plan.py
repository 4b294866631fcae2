# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts extreme numbers into a plan.json, one at a time.

    fuzz_plan.py DRIVER MODEL SCRATCH [COUNT]

DRIVER is a packed driver and MODEL its checkpoint. Every command that reads the
plan must end by itself, with exit code 0 or 1 and a reason for 1, and must not
grow. COUNT numbers are taken with a fixed seed; all, without it.
"""
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

SECONDS = 120
KILOBYTES = 2 << 20


def find_numbers(value, path=()):
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield path, value
    items = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list)
        else ()
    )
    for key, item in items:
        if path + (key,) != ("packed", "files"):
            yield from find_numbers(item, path + (key,))


def get_mutations(plan):
    for path, old in find_numbers(plan):
        values = [-1, 0, 1, 2**31 - 1, 2**31, 2**62, 2**63 - 1, 2**64, 1e308, 0.5]
        for value in values + [old + 1, 2 * old, 4096 * old, old // 2]:
            if value != old:
                yield path, value


def put(plan, path, value):
    for key in path[:-1]:
        plan = plan[key]
    plan[path[-1]] = value


def run(command):
    """Runs a command; returns what is wrong with its end, and its exit code."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        end = time.monotonic() + SECONDS
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                process.kill()
                os.wait4(process.pid, 0)
                return "does not end", -1
            time.sleep(0.002)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if code not in (0, 1):
        return f"exit code {code}: {text}", code
    if code == 1 and "error: " not in text:
        return f"exit code 1 without an error: {text}", code
    if usage.ru_maxrss > KILOBYTES:
        return f"takes {usage.ru_maxrss} KB", code
    return "", code


def main(driver, model, scratch, count=None):
    with open(os.path.join(driver, "plan.json")) as file:
        plan = json.load(file)
    mutations = list(get_mutations(plan))
    if count:
        mutations = random.Random(1).sample(mutations, int(count))
    bad = os.path.join(scratch, "bad")
    commands = [
        ["check", bad, "--seq=1,130"],
        ["trace", bad, "--seq=2", "--hash"],
        ["check", bad, "--seq=2", "--execute"],
        ["run", bad, "--ids=1,2", "--max-new-tokens=2"],
        ["run", bad, "--ids=1,2", "--max-new-tokens=2", "--compare"],
        ["pack", model, bad],
    ]
    failures = refused = 0
    for path, value in mutations:
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(driver, bad)
        mutant = copy.deepcopy(plan)
        put(mutant, path, value)
        with open(os.path.join(bad, "plan.json"), "w") as file:
            json.dump(mutant, file)
        place = ".".join(map(str, path))
        for command in commands:
            why, code = run(["dlavm", *command])
            if why:
                failures += 1
                print(f"{place} = {value}: dlavm {command[0]} {command[2:]}: {why}")
            # What one refuses to read the others refuse as well.
            if code != 0 and command is commands[0]:
                refused += 1
                break
    print(f"{len(mutations)} plans, {refused} refused, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
