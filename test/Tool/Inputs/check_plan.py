#===- check_plan.py - Plans of published instances --------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs `dlavm plan` on all instances of a folder, NAME.CAPACITY.csv, with their
capacity, and checks what it prints.

  check_plan.py DLAVM FOLDER
"""
import csv
import glob
import os
import resource
import subprocess
import sys


def check(rows, planned, capacity):
    assert [row[:4] for row in planned] == rows, "other buffers"
    placed = [tuple(map(int, row[1:])) for row in planned[1:]]
    for i, (lower, upper, size, offset) in enumerate(placed):
        assert 0 <= offset <= capacity - size, "buffer %d is outside" % i
        for k, (other_lower, other_upper, other_size,
                other) in enumerate(placed[:i]):
            assert (other_upper <= lower or upper <= other_lower
                    or other + other_size <= offset or offset + size <= other
                    ), "buffers %d and %d overlap" % (k, i)


def main():
    dlavm, folder = sys.argv[1:]
    paths = sorted(glob.glob(os.path.join(folder, "*.csv")))
    assert len(paths) >= 7, paths
    for path in paths:
        capacity = int(path.split(".")[-2])
        run = subprocess.run([dlavm, "plan", path, "--capacity=%d" % capacity],
                             capture_output=True, text=True)
        print(os.path.basename(path), run.stderr, end="")
        assert run.returncode == 0
        with open(path) as file:
            check(list(csv.reader(file)), list(csv.reader(run.stdout.splitlines())),
                  capacity)
    # Of the processor, as others run beside it. It takes 0.1 s in a release
    # build; the limit is for one with all checks on a slow machine.
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = usage.ru_utime + usage.ru_stime
    assert seconds < 12, seconds


main()
