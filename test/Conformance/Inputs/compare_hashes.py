# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the hashes of a driver's streams with all of a reference file.

    compare_hashes.py REFERENCES DRIVER

A line of the file is "seq past events hash". Fails unless there are lines for
prompts and for decode steps, and the driver gives exactly these.
"""
import subprocess
import sys


def parse(text):
    lines = [line.split() for line in text.splitlines()]
    lines = [fields for fields in lines if fields and fields[0] != "#"]
    calls = {(int(seq), int(past)): rest for seq, past, *rest in lines}
    if len(calls) != len(lines):
        sys.exit("a call occurs twice")
    return calls


def run(driver, seqs, pasts):
    return parse(
        subprocess.run(
            [
                "dlavm",
                "trace",
                driver,
                "--hash",
                "--seq=" + ",".join(map(str, seqs)),
                "--past=" + ",".join(map(str, pasts)),
            ],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    )


def main(references, driver):
    with open(references) as file:
        expected = parse(file.read())
    prompts = [seq for seq, past in expected if past == 0]
    steps = [past for seq, past in expected if past != 0 and seq == 1]
    if not prompts or not steps:
        sys.exit("the reference has no prompts or no decode steps")
    ours = {**run(driver, prompts, [0]), **run(driver, [1], steps)}
    different = sorted(
        call
        for call in expected.keys() | ours.keys()
        if expected.get(call) != ours.get(call)
    )
    for seq, past in different[:5]:
        print(
            f"{seq} after {past}: expected {expected.get((seq, past))}, "
            f"found {ours.get((seq, past))}"
        )
    print(
        f"{len(prompts)} prompts, {len(steps)} decode steps: "
        f"{len(different)} differ"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
