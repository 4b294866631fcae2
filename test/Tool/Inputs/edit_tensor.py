# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sets all elements of an F32 tensor of a safetensors file.

    edit_tensor.py FILE TENSOR VALUE
"""
import json
import struct
import sys


def main(path, tensor, value):
    with open(path, "r+b") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        begin, end = json.loads(file.read(length))[tensor]["data_offsets"]
        file.seek(8 + length + begin)
        file.write(struct.pack("<f", float(value)) * ((end - begin) // 4))


if __name__ == "__main__":
    main(*sys.argv[1:])
