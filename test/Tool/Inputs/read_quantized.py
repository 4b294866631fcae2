# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dequantizes the matrices of a compressed-tensors checkpoint into F32 tensors.

    read_quantized.py QUANTIZED DIRECTORY

Written from the format's description, for what `dlavm quantize` writes. All is
checked: groups of 128, INT4 values from -7 to 7, scales in F16.
"""
import json
import os
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__")
    end = 0
    for tensor in sorted(header.values(), key=lambda tensor: tensor["data_offsets"]):
        assert tensor["data_offsets"][0] == end, "a gap"
        end = tensor["data_offsets"][1]
    assert end == len(data), (end, len(data))
    return {
        name: (tensor["dtype"], tensor["shape"], data[slice(*tensor["data_offsets"])])
        for name, tensor in header.items()
    }


def dequantize(tensors, name):
    kind, shape, data = tensors.pop(name + "_shape")
    assert (kind, shape) == ("I64", [2])
    rows, columns = struct.unpack("<2q", data)
    kind, shape, data = tensors.pop(name + "_packed")
    row_words = -(-columns // 8)
    assert (kind, shape) == ("I32", [rows, row_words])
    words = struct.unpack(f"<{rows * row_words}I", data)
    kind, shape, data = tensors.pop(name + "_scale")
    groups = -(-columns // 128)
    assert (kind, shape) == ("F16", [rows, groups])
    scales = struct.unpack(f"<{rows * groups}e", data)
    out = []
    for row in range(rows):
        for column in range(columns):
            word = words[row * row_words + column // 8]
            value = (word >> (4 * (column % 8)) & 15) - 8
            assert -7 <= value <= 7
            out.append(scales[row * groups + column // 128] * value)
    return "F32", [rows, columns], struct.pack(f"<{len(out)}f", *out)


def main(quantized, directory):
    with open(os.path.join(quantized, "config.json")) as file:
        config = json.load(file)
    scheme = config.pop("quantization_config")
    assert scheme["format"] == "pack-quantized"
    weights = scheme["config_groups"]["group_0"]["weights"]
    assert (weights["num_bits"], weights["group_size"]) == (4, 128)
    assert config["tie_word_embeddings"] is False
    tensors = read(os.path.join(quantized, "model.safetensors"))
    names = [name.removesuffix("_packed") for name in tensors if name.endswith("_packed")]
    print(len(names), "matrices")
    for name in names:
        tensors[name] = dequantize(tensors, name)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "config.json"), "w") as file:
        json.dump(config, file)
    header, blob = {}, b""
    for name, (kind, shape, data) in tensors.items():
        offsets = [len(blob), len(blob) + len(data)]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": offsets}
        blob += data
    text = json.dumps(header).encode()
    with open(os.path.join(directory, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)


if __name__ == "__main__":
    main(*sys.argv[1:])
