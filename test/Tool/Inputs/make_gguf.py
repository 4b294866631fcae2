"""Turns a small checkpoint of Llama or Qwen2 into a GGUF file.

make_gguf.py DIRECTORY FILE [N]: matrices keep their type, vectors become F32.
With N, the tensors are split into N files, FILE-00001-of-0000N.gguf and so on.
"""

import json
import os
import struct
import sys

ALIGNMENT = 32
TYPES = {"F32": 0, "F16": 1, "BF16": 30}
NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key, value):
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    return text(key) + struct.pack("<II", 4, value)


def pad(data):
    return data + b"\0" * (-len(data) % ALIGNMENT)


def read_tensors(directory):
    with open(os.path.join(directory, "model.safetensors"), "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        data = file.read()
    for name, entry in sorted(header.items()):
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            yield name, entry["dtype"], entry["shape"], data[begin:end]


def pair_rows(rows, heads):
    """Rows of halves of heads become pairs."""
    channels = len(rows) // heads
    half = channels // 2
    return [
        rows[head * channels + i % 2 * half + i // 2]
        for head in range(heads)
        for i in range(channels)
    ]


def convert(name, kind, shape, data, config):
    parts = name.split(".")
    stem = NAMES[parts[-2]]
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    if config["model_type"] == "llama" and stem in heads:
        size = len(data) // shape[0]
        rows = [data[i : i + size] for i in range(0, len(data), size)]
        data = b"".join(pair_rows(rows, config[heads[stem]]))
    if len(shape) == 1 and kind == "F16":
        values = struct.unpack("<%de" % shape[0], data)
        kind, data = "F32", struct.pack("<%df" % shape[0], *values)
    prefix = "blk.%s." % parts[2] if parts[1] == "layers" else ""
    return prefix + stem + "." + parts[-1], TYPES[kind], shape, data


def get_metadata(config):
    kind = config["model_type"]
    sizes = {
        "block_count": "num_hidden_layers",
        "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.head_count_kv": "num_key_value_heads",
        "attention.key_length": "head_dim",
        "attention.value_length": "head_dim",
        "attention.layer_norm_rms_epsilon": "rms_norm_eps",
        "vocab_size": "vocab_size",
    }
    result = {"general.architecture": kind, "general.name": "A model, 0.1B"}
    for here, there in sizes.items():
        result[kind + "." + here] = config[there]
    result[kind + ".rope.freq_base"] = float(config["rope_theta"])
    result["tokenizer.ggml.eos_token_id"] = 2
    return result


def write(path, metadata, tensors):
    entries = data = b""
    for name, kind, shape, content in tensors:
        data = pad(data)
        entries += text(name) + struct.pack("<I", len(shape))
        entries += b"".join(struct.pack("<Q", size) for size in shape[::-1])
        entries += struct.pack("<IQ", kind, len(data))
        data += content
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    header += b"".join(pair(key, value) for key, value in metadata.items())
    with open(path, "wb") as file:
        file.write(pad(header + entries) + data)


def main(directory, path, count=1):
    with open(os.path.join(directory, "config.json")) as file:
        config = json.load(file)
    tensors = [convert(*tensor, config) for tensor in read_tensors(directory)]
    metadata = get_metadata(config)
    if count == 1:
        write(path, metadata, tensors)
        return
    metadata["split.tensors.count"] = len(tensors)
    for i in range(count):
        part = "%s-%05d-of-%05d.gguf" % (path, i + 1, count)
        first = metadata if i == 0 else {}
        write(part, {**first, "split.no": i, "split.count": count}, tensors[i::count])


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
