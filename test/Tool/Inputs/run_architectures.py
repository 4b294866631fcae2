#===- run_architectures.py - Drivers of the reference models ---------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""run_architectures.py DEVICE MODELS OUT [NAME...]

Compiles each model of the directory MODELS, or those that are named, for a device,
packs it and runs it beside the reference. Prints for each what came of it: the last
line of the comparison, or the first error.
"""
import json
import os
import shutil
import subprocess
import sys

device, models, out, *names = sys.argv[1:]
# The models in floating point; their forms in other encodings are elsewhere.
names = names or sorted(
    name for name in os.listdir(models)
    if os.path.exists(os.path.join(models, name, "config.json"))
    and not name.startswith("story-"))


def run_model(model):
    driver = os.path.join(out, "driver")
    shutil.rmtree(driver, ignore_errors=True)
    with open(os.path.join(model, "reference.json")) as file:
        calls = json.load(file)["calls"]
    # A prompt with decode steps, and a second one with history.
    ids = ["--ids=" + ",".join(map(str, calls[i]["ids"])) for i in (0, 3)]
    for command in (
        ["compile", model, "--device=" + device, "--max-tokens=32", "-o", driver],
        ["pack", model, driver],
        ["run", driver, *ids, "--max-new-tokens=3", "--checkpoint=" + model,
         "--compare"],
    ):
        done = subprocess.run(["dlavm", *command], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            return ([line for line in done.stderr.splitlines()
                     if "error" in line] or [done.stderr])[0]
    return done.stdout.splitlines()[-1]


os.makedirs(out, exist_ok=True)
for name in names:
    print(f"{name}: {run_model(os.path.join(models, name))}", flush=True)
