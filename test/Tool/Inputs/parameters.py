# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameter files of a driver, and what its loading must do to the device.

    parameters.py files PLAN DIRECTORY    makes the files that the plan names,
                                          and checksums.txt
    parameters.py embedding PLAN FILE     makes the file with embedding rows
    parameters.py dma PLAN                prints what loading them by DMA does
    parameters.py copy PLAN               and through copies of the device

The copies are those of section 4.11 of spec/edgellm.md. A file repeats a number
of its own, 8 bytes long, so that each DMA shows which file it carries. The
elements of an embedding count up, modulo 2^16.
"""
import json
import os
import struct
import sys

DDR_BASE = 0x200000000
BANK = 1 << 28
SLICE = 65536


MASK = 2**64 - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotate(value, bits):
    value &= MASK
    return (value << bits | value >> (64 - bits)) & MASK


def mix(lane, word):
    return rotate(lane + word * P2, 31) * P1 & MASK


def xxhash64(data):
    """xxHash64 with the seed 0."""
    stripes = len(data) // 32 * 32
    if stripes:
        a, b, c, d = P1 + P2, P2, 0, -P1
        for w, x, y, z in struct.iter_unpack("<4Q", data[:stripes]):
            a, b, c, d = mix(a, w), mix(b, x), mix(c, y), mix(d, z)
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
        for lane in (a, b, c, d):
            hash = ((hash ^ mix(0, lane)) * P1 + P4) & MASK
    else:
        hash = P5
    hash += len(data)
    rest = data[stripes:]
    while len(rest) >= 8:
        hash = rotate(hash ^ mix(0, int.from_bytes(rest[:8], "little")), 27) * P1 + P4
        rest = rest[8:]
    if len(rest) >= 4:
        hash = rotate(hash ^ int.from_bytes(rest[:4], "little") * P1, 23) * P2 + P3
        rest = rest[4:]
    for byte in rest:
        hash = rotate(hash ^ byte * P5, 11) * P1
    hash &= MASK
    hash = (hash ^ hash >> 33) * P2 & MASK
    hash = (hash ^ hash >> 29) * P3 & MASK
    return hash ^ hash >> 32


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
    lines = ""
    for number, (o, _, _, name) in enumerate(get_files(plan)):
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = number.to_bytes(8, "little") * (o["bytes"] // 8)
        assert len(data) == o["bytes"]
        with open(path, "wb") as file:
            file.write(data)
        lines += f"{xxhash64(data):016x} {len(data)} {name}\n"
    with open(os.path.join(directory, "checksums.txt"), "w") as file:
        file.write(f"dlavm-parameters 2 {plan['fingerprint']} {xxhash64(lines.encode()):016x}\n{lines}")


def write_embedding(plan, path):
    (rows, channels) = next(p["shape"] for p in plan["parameters"]
                            if p["name"] == plan["embedding"])
    with open(path, "wb") as file:
        for i in range(rows * channels):
            file.write((i % 2**16).to_bytes(2, "little"))


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
    elif kind == "embedding":
        write_embedding(plan, *arguments)
    else:
        print_loading(plan, kind == "copy")


if __name__ == "__main__":
    main(*sys.argv[1:])
