# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints whether the traces of a long sweep are printed as they come.

    trace_memory.py DRIVER
"""
import os
import subprocess
import sys

sweep = ",".join(["1:512"] * 16)
command = ["dlavm", "trace", sys.argv[1], f"--seq={sweep}", "--names"]
process = subprocess.Popen(command, stdout=subprocess.PIPE)
printed = 0
while piece := process.stdout.read(1 << 20):
    printed += len(piece)
_, status, usage = os.wait4(process.pid, 0)
held = usage.ru_maxrss << 10
print("exit code", os.waitstatus_to_exitcode(status))
print("printed", "200 MB or more" if printed >= 200e6 else printed)
print("held", "150 MB or less" if held <= 150e6 else held)
