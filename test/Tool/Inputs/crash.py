# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sends SIGSEGV to a command as soon as it handles that, and prints its stderr.

    crash.py COMMAND...

The command must still run then: it gets no end of its standard input.
"""
import os
import re
import signal
import subprocess
import sys
import time


def handles_signal(pid):
    with open(f"/proc/{pid}/status") as status:
        mask = re.search(r"^SigCgt:\s*(\w+)", status.read(), re.M)[1]
    return int(mask, 16) >> (signal.SIGSEGV - 1) & 1


def main(*command):
    # Symbols take seconds to be read, and more in a program with debug info.
    environment = dict(os.environ, LLVM_DISABLE_SYMBOLIZATION="1")
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    end = time.time() + 60
    while process.poll() is None and time.time() < end and not handles_signal(process.pid):
        time.sleep(0.01)
    process.send_signal(signal.SIGSEGV)
    print(process.communicate(timeout=60)[1].decode(), end="")
    print("exit code", process.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
