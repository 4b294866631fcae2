"""Writes DIR/model.safetensors with zeros for the tensors that DIR/config.json,
a copy of CONFIG, asks for, less what the options change."""

import argparse
import json
import os
import struct

SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I8": 1, "F64": 8}


def get_llama_tensors(config):
    hidden, intermediate = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim", hidden // heads)
    queries, keys = heads * head_dim, config["num_key_value_heads"] * head_dim
    has_bias = config["model_type"] == "qwen2"
    tensors = {"model.embed_tokens.weight": [config["vocab_size"], hidden]}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        tensors[prefix + "input_layernorm.weight"] = [hidden]
        for name, rows in ("q", queries), ("k", keys), ("v", keys):
            tensors[prefix + f"self_attn.{name}_proj.weight"] = [rows, hidden]
            if has_bias:
                tensors[prefix + f"self_attn.{name}_proj.bias"] = [rows]
        tensors[prefix + "self_attn.o_proj.weight"] = [hidden, queries]
        tensors[prefix + "post_attention_layernorm.weight"] = [hidden]
        tensors[prefix + "mlp.gate_proj.weight"] = [intermediate, hidden]
        tensors[prefix + "mlp.up_proj.weight"] = [intermediate, hidden]
        tensors[prefix + "mlp.down_proj.weight"] = [hidden, intermediate]
    tensors["model.norm.weight"] = [hidden]
    if not config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = [config["vocab_size"], hidden]
    return tensors


def get_chatglm_tensors(config):
    hidden, intermediate = config["hidden_size"], config["ffn_hidden_size"]
    queries = config["num_attention_heads"] * config["kv_channels"]
    keys = config["multi_query_group_num"] * config["kv_channels"]
    vocabulary = [config["padded_vocab_size"], hidden]
    tensors = {"transformer.embedding.word_embeddings.weight": vocabulary}
    encoder = "transformer.encoder."
    for layer in range(config["num_layers"]):
        prefix = f"{encoder}layers.{layer}."
        fused = prefix + "self_attention.query_key_value"
        tensors[prefix + "input_layernorm.weight"] = [hidden]
        tensors[fused + ".weight"] = [queries + 2 * keys, hidden]
        if config["add_qkv_bias"]:
            tensors[fused + ".bias"] = [queries + 2 * keys]
        tensors[prefix + "self_attention.dense.weight"] = [hidden, queries]
        tensors[prefix + "post_attention_layernorm.weight"] = [hidden]
        tensors[prefix + "mlp.dense_h_to_4h.weight"] = [2 * intermediate, hidden]
        tensors[prefix + "mlp.dense_4h_to_h.weight"] = [hidden, intermediate]
    tensors[encoder + "final_layernorm.weight"] = [hidden]
    tensors["transformer.output_layer.weight"] = vocabulary
    return tensors


def write(path, tensors, types, metadata, fills):
    header, end = {"__metadata__": {"format": "pt", **metadata}}, 0
    data = []
    for name, shape in tensors.items():
        begin, dtype = end, types.get(name, "F16")
        size = SIZES[dtype]
        for dim in shape:
            size *= dim
        end += size
        data.append(bytes([int(fills.get(name, 0))]) * size)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("directory")
    parser.add_argument("--drop", action="append", default=[], help="NAME")
    parser.add_argument("--shape", action="append", default=[], help="NAME=2,3")
    parser.add_argument("--type", action="append", default=[], help="NAME=F32")
    parser.add_argument("--alias", action="append", default=[], help="KEY=NAME")
    parser.add_argument("--fill", action="append", default=[], help="NAME=BYTE")
    parser.add_argument("--set", action="append", default=[], help="KEY=JSON")
    parser.add_argument("--prefix", action="append", default=[], help="START=NEW")
    parser.add_argument("--file", default="model.safetensors")
    parser.add_argument("--shards", type=int, help="files beside an index")
    args = parser.parse_args()

    def get_pairs(options):
        return dict(option.split("=") for option in options)

    with open(args.config) as file:
        config = json.load(file)
    is_chatglm = config["model_type"] == "chatglm"
    tensors = (get_chatglm_tensors if is_chatglm else get_llama_tensors)(config)
    for name in args.drop:
        del tensors[name]
    for name, shape in get_pairs(args.shape).items():
        tensors[name] = [int(dim) for dim in shape.split(",")]
    for start, new in get_pairs(args.prefix).items():
        tensors = {
            new + name[len(start) :] if name.startswith(start) else name: shape
            for name, shape in tensors.items()
        }
    types, aliases = get_pairs(args.type), get_pairs(args.alias)
    fills = get_pairs(args.fill)

    config.update({key: json.loads(value) for key, value in get_pairs(args.set).items()})
    os.makedirs(args.directory, exist_ok=True)
    with open(os.path.join(args.directory, "config.json"), "w") as file:
        json.dump(config, file)
    if not args.shards:
        write(os.path.join(args.directory, args.file), tensors, types, aliases, fills)
        return
    places = {}
    for shard in range(args.shards):
        name = f"model-{shard + 1:05}-of-{args.shards:05}.safetensors"
        part = dict(list(tensors.items())[shard :: args.shards])
        write(os.path.join(args.directory, name), part, types, aliases, fills)
        places.update(dict.fromkeys(part, name))
    with open(os.path.join(args.directory, "model.safetensors.index.json"), "w") as file:
        json.dump({"metadata": {}, "weight_map": places}, file)


main()
