# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads what `dlavm run --dump` wrote.

    dump.py check DIR        is the dump whole, and does each start find what the
                             starts before it left?
    dump.py output DIR TASK REGISTER COUNT
                             prints COUNT FP16 numbers of one row that a start of
                             TASK wrote, for each call
    dump.py logits FILE      prints the logits of a file of --logits in that form
"""
import json
import os
import struct
import sys


def load(directory):
    with open(os.path.join(directory, "index.json")) as file:
        return json.load(file)["starts"]


def read(directory, image):
    with open(os.path.join(directory, image["file"]), "rb") as file:
        return file.read()


def check_files(directory, starts):
    listed = {"index.json"}
    for start in starts:
        listed.add(start["trace"])
        for image in start["images"]:
            listed.add(image["file"])
            if len(read(directory, image)) != image["bytes"]:
                sys.exit(f"{image['file']} has not {image['bytes']} bytes")
    found = {
        os.path.relpath(os.path.join(folder, name), directory)
        for folder, _, names in os.walk(directory)
        for name in names
    }
    if found != listed:
        sys.exit(f"listed or there, not both: {sorted(found ^ listed)}")
    order = [start["trace"] for start in starts]
    if order != sorted(order):
        sys.exit("the folders are not in the order of the starts")


def check(directory):
    starts = load(directory)
    check_files(directory, starts)
    left = []  # (task, call, image, content), the last one first
    for start in starts:
        # Of a call, other layers write over maps, but not over the KV cache of
        # this one.
        left = [l for l in left if l[1] == start["call"] or "cache" in l[2]["role"]]
        befores = {}
        fed = {}
        changed = {}
        for image in start["images"]:
            content = read(directory, image)
            key = (image["register"], image["port"])
            if image["when"] == "after":
                fed[image["register"]] = changed.setdefault(image["register"], ["unchanged"])
                if content != befores[key]:
                    changed[image["register"]][0] = "changed"
                left.insert(0, (start["task"], start["call"], image, content))
                continue
            befores[key] = content
            # Bytes of the image that nobody has been found to have left.
            unknown = [(0, len(content))]
            for task, _, image2, content2 in left:
                if (image["memory"], image["port"]) != (image2["memory"], image2["port"]):
                    continue
                shift = image["address"] - image2["address"]
                rest = []
                for begin, end in unknown:
                    first = max(begin, -shift)
                    last = min(end, len(content2) - shift)
                    if first >= last:
                        rest.append((begin, end))
                        continue
                    rest += [(begin, first)] * (begin < first) + [(last, end)] * (last < end)
                    if content[first:last] != content2[first + shift : last + shift]:
                        sys.exit(f"{image['file']} is not what {task} left")
                    tasks = fed.setdefault(image["register"], [])
                    if task not in tasks:
                        tasks.append(task)
                unknown = rest
        print(
            f"{start['call']} {start['start']} {start['layer']} {start['task']}",
            *(f"{reg}: {' '.join(words)};" for reg, words in sorted(fed.items())),
        )


def output(directory, task, register, count):
    for start in load(directory):
        for image in start["images"]:
            names = (start["task"], image["register"], image["when"])
            if names == (task, register, "after"):
                content = read(directory, image)[: 2 * int(count)]
                print(*struct.unpack(f"<{count}e", content))


def logits(file):
    with open(file) as lines:
        for line in lines:
            numbers = [float(word) for word in line.split()[1:]]
            # Printed with fewer digits than all.
            codes = struct.pack(f"<{len(numbers)}e", *numbers)
            print(*struct.unpack(f"<{len(numbers)}e", codes))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
