# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameter files of a driver, and what its loading must do to the device.

    parameters.py files PLAN DIRECTORY    makes the files that the plan names
    parameters.py dma PLAN                prints what loading them by DMA does
    parameters.py copy PLAN               and through copies of the device

The copies are those of section 4.11 of spec/edgellm.md. A file repeats a number
of its own, 8 bytes long, so that each DMA shows which file it carries.
"""
import json
import os
import sys

DDR_BASE = 0x200000000
BANK = 1 << 28
SLICE = 65536


def get_files(plan):
    """Object, layer, port and path of every file, in the order of loading."""
    for o in plan["objects"]:
        if "file" not in o:
            continue
        for layer in range(max(o["layers"], 1)):
            for port in range(32 if o["space"] == "HBM" else 1):
                path = o["file"].replace("{layer}", f"{layer:02}")
                yield o, layer, port, path.replace("{port}", f"{port:02}")


def write_files(plan, directory):
    for number, (o, _, _, path) in enumerate(get_files(plan)):
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = number.to_bytes(8, "little") * (o["bytes"] // 8)
        assert len(data) == o["bytes"]
        with open(path, "wb") as file:
            file.write(data)


def print_copy(source, destination, size, port):
    for start in range(0, size, SLICE):
        address = destination + start
        print("W 68", source + start)
        print("W 69", address % 2**32)
        print("W 70", address // 2**32)
        print("W 71", 8 * min(SLICE, size - start))
        print("W 72", port)
        print("W 73 2")
        print("P 64 1")


def print_loading(plan, copy):
    files = list(get_files(plan))
    if copy:
        (scratch,) = (b for b in plan["buffers"] if b["name"] == "scratch")
        begin, end = scratch["address"], scratch["address"] + scratch["bytes"]
        # The scratch holds the largest file and no parameter.
        for o, layer, _, _ in files:
            address = o["address"] + layer * o["layer_stride"]
            if o["space"] == "HBM":
                assert o["bytes"] <= scratch["bytes"], o
            else:
                assert address + o["bytes"] <= begin or end <= address, o
    for number, (o, layer, port, _) in enumerate(files):
        address = o["address"] + layer * o["layer_stride"]
        if o["space"] == "DDR":
            print("D", DDR_BASE + address, o["bytes"], number)
        elif copy:
            print("D", DDR_BASE + begin, o["bytes"], number)
            print_copy(begin, port * BANK + address, o["bytes"], port)
        else:
            print("D", port * BANK + address, o["bytes"], number)


def main(kind, path, *arguments):
    with open(path) as file:
        plan = json.load(file)
    if kind == "files":
        write_files(plan, *arguments)
    else:
        print_loading(plan, kind == "copy")


if __name__ == "__main__":
    main(*sys.argv[1:])
