#===- check_plan.py - Plans of published instances --------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Runs `dlavm plan` on all instances of a folder, NAME.CAPACITY.csv, with their
capacity, and checks what it prints. Each takes less time than MiniMalloc took
according to README.md in the folder, and all together at most 3 s, or SLACK times
these.

  check_plan.py DLAVM FOLDER SLACK
"""
import csv
import glob
import os
import re
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


def get_seconds():
    """Of the processor, as others run beside the children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    dlavm, folder, slack = sys.argv[1:]
    with open(os.path.join(folder, "README.md")) as file:
        limits = dict(re.findall(r"^\| (\w+) \| +\d+ \| +\d+ \| ([\d.]+) \|",
                                 file.read(), re.M))
    paths = sorted(glob.glob(os.path.join(folder, "*.csv")))
    assert len(paths) >= 7, paths
    for path in paths:
        name, capacity, _ = os.path.basename(path).split(".")
        capacity = int(capacity)
        begin = get_seconds()
        run = subprocess.run([dlavm, "plan", path, "--capacity=%d" % capacity],
                             capture_output=True, text=True)
        seconds = get_seconds() - begin
        print(name, seconds, "s:", run.stderr, end="")
        assert run.returncode == 0
        assert seconds < float(slack) * float(limits[name]), (name, seconds)
        with open(path) as file:
            check(list(csv.reader(file)), list(csv.reader(run.stdout.splitlines())),
                  capacity)
    assert get_seconds() <= 3 * float(slack), get_seconds()


main()
