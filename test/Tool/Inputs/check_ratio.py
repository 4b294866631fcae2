#===- check_ratio.py - Memory plans of all models for all devices -----------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Compiles models for devices and reads in the reports how much more memory the
maps take than they must.

  check_ratio.py DLAVM OUTPUT DEVICES LEAST MODEL...

DEVICES are names with commas, or "all". At least LEAST models must be compiled
for each of them.
"""
import os
import re
import subprocess
import sys


def main():
    dlavm, output, devices, least, *models = sys.argv[1:]
    if devices == "all":
        text = subprocess.run([dlavm, "devices"], capture_output=True,
                              text=True, check=True).stdout
        devices = ",".join(re.findall(r"^([a-z]\S*)$", text, re.M))
    for device in devices.split(","):
        count = 0
        for model in models:
            run = subprocess.run([dlavm, "compile", model, "--device=" + device,
                                  "-o", output], capture_output=True, text=True)
            if run.returncode != 0:
                print(device, "does not take", model, run.stderr, end="")
                continue
            with open(os.path.join(output, "report.txt")) as file:
                line = re.search(r"^  arena (\d+) bytes, lower bound (\d+) "
                                 r"bytes, ratio (\S+)$", file.read(), re.M)
            arena, bound, ratio = line.groups()
            assert int(arena) >= int(bound) > 0, (model, device, line.group())
            assert ratio == "1.00", (model, device, line.group())
            count += 1
        print(device, count)
        assert count >= int(least), device


main()
