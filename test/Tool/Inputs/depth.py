# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models for devices, with four layers and with all.

    depth.py FOLDER MODELS -O0|-O2 KILOBYTES DEVICE...

Prints how many drivers have less than KILOBYTES and are as long for all layers as
for four, give or take some digits, where the compiler takes as long too. Others are
named. (Fewer than four are not enough: placement is proved in three layers.)
"""
import os
import resource
import subprocess
import sys

folder, models, level, kilobytes, *devices = sys.argv[1:]


def compile_model(model, device, *options):
    """The bytes of the driver and the seconds of the compiler."""
    out = os.path.join(folder, "driver")
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = ["dlavm", "compile", os.path.join(models, model + ".json")]
    subprocess.run(
        command + [level, "--device=" + device, "-o", out, *options], check=True
    )
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin
    header = model.replace("-", "_") + ".h"
    return os.path.getsize(os.path.join(out, header)), seconds


small = 0
for device in devices:
    for model in "chatglm2-6b", "llama2-7b", "qwen2-7b":
        few, seconds = compile_model(model, device, "--layers=4")
        size, more_seconds = compile_model(model, device)
        # Times are counted in hundredths of a second.
        grows = size > few + 1000 or more_seconds > 2 * seconds + 0.1
        if grows or size >= 1000 * int(kilobytes):
            print(device, model, few, size, seconds, more_seconds)
        else:
            small += 1
print(small, "drivers are below the limit and grow with nothing")
