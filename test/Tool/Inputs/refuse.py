# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command that must be refused, and prints what it says.

    refuse.py ABSENT COMMAND...

Fails unless the exit code is 1, stderr holds exactly one error, stdout nothing,
and the path ABSENT does not exist afterwards.
"""
import os
import re
import subprocess
import sys


def main(absent, *command):
    if os.path.exists(absent):
        sys.exit(f"{absent} exists before the command")
    # Without a terminal, a time limit turns a hang into a failure.
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    print(result.stderr, end="")
    # Errors of the driver's compiler are quoted below the one of dlavm.
    errors = re.findall(r"^(?:\S+: )?error: |:\d+:\d+: error: |^dlavm: (?!Did you mean)", result.stderr, re.M)
    problems = []
    if result.returncode != 1:
        problems.append(f"the exit code is {result.returncode}")
    if len(errors) != 1 and "does not compile" not in result.stderr:
        problems.append(f"there are {len(errors)} errors")
    if result.stdout:
        problems.append(f"stdout is {result.stdout[:200]!r}")
    if os.path.lexists(absent):
        problems.append(f"{absent} is left behind")
    for problem in problems:
        print("REFUSE.PY:", problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
