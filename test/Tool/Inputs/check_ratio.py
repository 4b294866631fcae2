#===- check_ratio.py - Memory plans of all models for all devices -----------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Compiles models for all devices, and reads in the reports how much more memory the
maps take than they must.

  check_ratio.py DLAVM OUTPUT MODEL...

Where registers keep their values tasks have another order, and so maps live at other
times: the first model is compiled so, too, for the last board of each device. A device
may refuse a model whose vocabulary its argmax cannot tell.
"""
import os
import re
import subprocess
import sys


def get_devices(dlavm):
    """All of them; name and last board."""
    text = subprocess.run([dlavm, "devices"], capture_output=True, text=True,
                          check=True).stdout
    return re.findall(r"^([a-z]\S*)\n  boards: (?:.*, )?(\S+)$", text, re.M)


def check_ratio(dlavm, model, device, output):
    """False if the device does not take the model."""
    run = subprocess.run([dlavm, "compile", model, "--device=" + device, "-o",
                          output], capture_output=True, text=True)
    if run.returncode != 0:
        assert re.search(r"finds the largest of \d+ channels, but an argmax of \S+ "
                         r"has 16 bits", run.stderr), (model, device, run.stderr)
        return False
    with open(os.path.join(output, "report.txt")) as file:
        line = re.search(r"^  arena (\d+) bytes, lower bound (\d+) bytes, "
                         r"ratio (\S+)$", file.read(), re.M)
    arena, bound, ratio = line.groups()
    assert int(arena) == int(bound) > 0 and ratio == "1.00", (
        model, device, line.group())
    return True


def main():
    dlavm, output, *models = sys.argv[1:]
    devices = get_devices(dlavm)
    assert len({name.split("-")[0] for name, _ in devices}) > 1, devices
    for name, board in devices:
        count = sum(check_ratio(dlavm, model, name, output) for model in models)
        print(name, count)
        assert count > 1, name
        kept = name + "@" + board + ",Registers_Keep_Values=1"
        assert check_ratio(dlavm, models[0], kept, output), kept


main()
