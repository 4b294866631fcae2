# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sends SIGSEGV to a command while it waits or computes, and prints its stderr.

    crash.py COMMAND...

The command must still run then: it gets no end of its standard input. A signal
during its start could come in the middle of malloc, which the handler needs.
"""
import os
import re
import signal
import subprocess
import sys
import time


def can_crash(pid):
    """Whether the process handles the signal and waits for input, or has
    computed for half a second."""
    with open(f"/proc/{pid}/status") as status:
        text = status.read()
    mask = re.search(r"^SigCgt:\s*(\w+)", text, re.M)[1]
    if not int(mask, 16) >> (signal.SIGSEGV - 1) & 1:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    state, user_ticks = fields[0], int(fields[11])
    return state == "S" or user_ticks / os.sysconf("SC_CLK_TCK") > 0.5


def main(*command):
    # Symbols take seconds to be read, and more in a program with debug info.
    environment = dict(os.environ, LLVM_DISABLE_SYMBOLIZATION="1")
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    end = time.time() + 60
    while process.poll() is None and time.time() < end and not can_crash(process.pid):
        time.sleep(0.01)
    process.send_signal(signal.SIGSEGV)
    # communicate would end its input before, so that it might end by itself.
    signal.alarm(60)
    print(process.stderr.read().decode(), end="")
    print("exit code", process.wait())


if __name__ == "__main__":
    main(*sys.argv[1:])
