"""Turns a small checkpoint into a GGUF file, as the converter of llama.cpp does.

make_gguf.py DIRECTORY FILE [N]: matrices keep their type, vectors become F32.
With N, the tensors are split into N files, FILE-00001-of-0000N.gguf and so on.
"""

import json
import math
import os
import struct
import sys

ALIGNMENT = 32
TYPES = {"F32": 0, "F16": 1, "BF16": 30}
ARCHITECTURES = {"glm": "chatglm"}
TENSORS = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "qkv_proj": "attn_qkv",
    "q_norm": "attn_q_norm",
    "k_norm": "attn_k_norm",
    "o_proj": "attn_output",
    "post_self_attn_layernorm": "post_attention_norm",
    "post_attention_layernorm": "ffn_norm",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "gate_up_proj": "ffn_up",
    "down_proj": "ffn_down",
    "post_mlp_layernorm": "post_ffw_norm",
    "word_embeddings": "token_embd",
    "final_layernorm": "output_norm",
    "output_layer": "output",
    "query_key_value": "attn_qkv",
    "dense": "attn_output",
    "dense_h_to_4h": "ffn_up",
    "dense_4h_to_h": "ffn_down",
}
# The names of norms that other architectures have for others.
OTHER_TENSORS = {
    "olmo2": {
        "post_attention_layernorm": "post_attention_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    },
    "seed_oss": {"post_attention_layernorm": "post_attention_norm"},
}
# Their rows of queries and keys are in pairs.
PAIRED = ("granite", "llama", "smollm3")
KEYS = {
    "block_count": ["num_hidden_layers", "num_layers"],
    "context_length": ["max_position_embeddings", "seq_length"],
    "embedding_length": ["hidden_size"],
    "feed_forward_length": ["intermediate_size", "ffn_hidden_size"],
    "attention.head_count": ["num_attention_heads"],
    "attention.head_count_kv": ["num_key_value_heads", "multi_query_group_num"],
    "attention.key_length": ["head_dim"],
    "attention.value_length": ["head_dim"],
    "attention.layer_norm_rms_epsilon": ["rms_norm_eps", "layernorm_epsilon"],
    "vocab_size": ["vocab_size", "padded_vocab_size"],
    "attention.scale": ["attention_multiplier"],
    "embedding_scale": ["embedding_multiplier"],
    "residual_scale": ["residual_multiplier"],
    "logit_scale": ["logits_scaling"],
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
    names = {**TENSORS, **OTHER_TENSORS.get(config["model_type"], {})}
    stem = names[parts[-2]]
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    if config["model_type"] in PAIRED and stem in heads:
        size = len(data) // shape[0]
        rows = [data[i : i + size] for i in range(0, len(data), size)]
        data = b"".join(pair_rows(rows, config[heads[stem]]))
    if len(shape) == 1 and kind == "F16":
        values = struct.unpack("<%de" % shape[0], data)
        kind, data = "F32", struct.pack("<%df" % shape[0], *values)
    if len(shape) == 1 and kind == "BF16":
        pairs = [data[i : i + 2] for i in range(0, len(data), 2)]
        kind, data = "F32", b"".join(b"\0\0" + pair for pair in pairs)
    layer = [part for part in parts if part.isdigit()]
    prefix = "blk.%s." % layer[0] if layer else ""
    return prefix + stem + "." + parts[-1], TYPES[kind], shape, data


def get_rope(config, metadata, tensors, prefix):
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config.get("kv_channels")
    head_dim = head_dim or config["hidden_size"] // heads
    default = 0.5 if config["model_type"] in ("chatglm", "glm", "glm4") else 1
    rotary = int(head_dim * config.get("partial_rotary_factor", default))
    if config["model_type"] not in ("olmo2", "qwen2", "qwen3"):
        metadata[prefix + "rope.dimension_count"] = rotary
    metadata[prefix + "rope.freq_base"] = float(config.get("rope_theta") or config.get("rope_parameters", {}).get("rope_theta", 10000))
    scaling = config.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind in ("linear", "yarn"):
        metadata[prefix + "rope.scaling.type"] = kind
        metadata[prefix + "rope.scaling.factor"] = float(scaling["factor"])
    original = scaling.get("original_max_position_embeddings")
    if kind == "yarn":
        metadata[prefix + "rope.scaling.original_context_length"] = original
    if kind == "llama3":
        divisors = []
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        for i in range(0, rotary, 2):
            length = 2 * math.pi * config["rope_theta"] ** (i / rotary)
            smooth = (original / length - low) / (high - low)
            smooth = min(max(smooth, 0), 1)
            divisors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
        add_vector(tensors, "rope_freqs.weight", divisors)
    if config["model_type"] == "phi3":
        original = config["original_max_position_embeddings"]
        metadata[prefix + "rope.scaling.original_context_length"] = original
        metadata[prefix + "attention.sliding_window"] = config["sliding_window"] or 0
    if kind == "longrope":
        ratio = config["max_position_embeddings"] / original
        factor = math.sqrt(1 + math.log(ratio) / math.log(original))
        metadata[prefix + "rope.scaling.attn_factor"] = factor
        for length in ("short", "long"):
            name = "rope_factors_%s.weight" % length
            add_vector(tensors, name, scaling[length + "_factor"])


def add_vector(tensors, name, values):
    data = struct.pack("<%df" % len(values), *values)
    tensors.append((name, TYPES["F32"], [len(values)], data))


def get_metadata(config, tensors):
    kind = config["model_type"]
    kind = ARCHITECTURES.get(kind, kind)
    result = {"general.architecture": kind, "general.name": "A model, 0.1B"}
    for here, names in KEYS.items():
        for there in names:
            if there in config:
                result[kind + "." + here] = config[there]
    get_rope(config, result, tensors, kind + ".")
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
    metadata = get_metadata(config, tensors)
    if count == 1:
        write(path, metadata, tensors)
        return
    metadata["split.tensors.count"] = len(tensors)
    for i in range(count):
        part = "%s-%05d-of-%05d.gguf" % (path, i + 1, count)
        first = metadata if i == 0 else {}
        write(part, {**first, "split.no": i, "split.count": count}, tensors[i::count])


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
