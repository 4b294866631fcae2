"""Rewrites the linear layers of a checkpoint in F16 as GPTQ of version 2, with codes
from -7 to 7 and groups of 128 inputs; with --least, one code is as small as a nibble."""
import json
import struct
import sys

directory, least = sys.argv[1], sys.argv[2:] == ["--least"]
path = directory + "/model.safetensors"
with open(path, "rb") as file:
    (size,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(size))
    data = file.read()
header.pop("__metadata__", None)

result = {}
for name in sorted(header):
    shape = header[name]["shape"]
    begin, end = header[name]["data_offsets"]
    if not name.endswith("_proj.weight"):
        result[name] = ("F16", shape, data[begin:end])
        continue
    outputs, inputs = shape
    values = struct.unpack("<%de" % (outputs * inputs), data[begin:end])
    groups = -(-inputs // 128)
    words = [[0] * outputs for _ in range(inputs // 8)]
    scales = [[0] * outputs for _ in range(groups)]
    for o in range(outputs):
        row = values[o * inputs : (o + 1) * inputs]
        for g in range(groups):
            scale = max(map(abs, row[g * 128 : g * 128 + 128])) / 7
            scales[g][o] = struct.unpack("<e", struct.pack("<e", scale))[0]
        for i, value in enumerate(row):
            code = max(-7, min(7, round(value / scales[i // 128][o])))
            if least and name.endswith("layers.0.mlp.down_proj.weight") and (o, i) == (3, 5):
                code = -8
            words[i // 8][o] |= (code + 8) << i % 8 * 4
    module = name[: -len("weight")]
    flat = [word for row in words for word in row]
    result[module + "qweight"] = ("I32", [inputs // 8, outputs], struct.pack("<%dI" % len(flat), *flat))
    zeros = groups * outputs // 8
    result[module + "qzeros"] = ("I32", [groups, outputs // 8], struct.pack("<%dI" % zeros, *[0x88888888] * zeros))
    flat = [scale for row in scales for scale in row]
    result[module + "scales"] = ("F16", [groups, outputs], struct.pack("<%de" % len(flat), *flat))

header, data = {}, b""
for name, (dtype, shape, content) in result.items():
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
    data += content
text = json.dumps(header).encode()
with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
with open(directory + "/config.json") as file:
    config = json.load(file)
config["quantization_config"] = {
    "quant_method": "gptq",
    "bits": 4,
    "group_size": 128,
    "checkpoint_format": "gptq_v2",
    "sym": True,
}
with open(directory + "/config.json", "w") as file:
    json.dump(config, file)
