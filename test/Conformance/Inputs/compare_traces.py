# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares what a driver writes with all reference traces of a folder.

    compare_traces.py CHECK_TRACE REFERENCES DRIVER TEMPORARY

Prints the verdict of check_trace.py on each trace, named <seq>_<past>.trace;
fails unless there are traces and all agree.
"""
import os
import subprocess
import sys


def main(check_trace, references, driver, temporary):
    names = sorted(n for n in os.listdir(references) if n.endswith(".trace"))
    agree = 0
    for name in names:
        seq, past = name[: -len(".trace")].split("_")
        with open(temporary, "w") as trace:
            subprocess.run(
                ["dlavm", "trace", driver, f"--seq={seq}", f"--past={past}"],
                stdout=trace,
                check=True,
            )
        reference = os.path.join(references, name)
        result = subprocess.run(
            [sys.executable, check_trace, reference, temporary],
            stdout=subprocess.PIPE,
            text=True,
        )
        verdict = result.stdout.strip()
        print(f"{seq} after {past}: {verdict}", flush=True)
        agree += result.returncode == 0 and verdict.startswith("OK: ")
    print(f"{agree} of {len(names)} traces agree")
    return 0 if names and agree == len(names) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
