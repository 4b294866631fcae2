#===- check_benchmarks.py - The fields that benchmarks/run writes -----------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""check_benchmarks.py FILE checks what `benchmarks/run --quick` wrote about
ChatGLM2-6B beside one reference."""
import json
import sys


def check_time(time):
    assert time["cpu_ms"] > 0 and time["wall_ms"] > 0, time


def check_reference(time):
    check_time(time)
    [reference] = time["references"]
    check_time(reference)
    ratio = time["cpu_ms"] / reference["cpu_ms"]
    assert abs(reference["ratio"] - ratio) < 0.001, time


with open(sys.argv[1]) as file:
    result = json.load(file)
assert result["machine"]["cores"] >= 1 and result["machine"]["cpu"]
check_reference(result["start"])
modes = result["models"]["chatglm2-6b"]
for name, one in modes.items():
    check_reference(one["compile"])
    check_time(one["compile_mlir"])
    assert one["driver_bytes"] > 10000 and one["cxx_ms"] > 0, name
    for call in ("prefill", "decode"):
        assert one[call]["writes"] > one[call]["polls"] > 0, name
    assert one["arena_bytes"] > 0 and one["arena_ratio"] >= 1, name
    assert "host_us" in one and "tokens_per_second" in one, name
kept = modes["O2, registers keep values"]["decode"]["writes"]
assert kept < modes["O0"]["decode"]["writes"], kept
assert [row["layers"] for row in result["depth"]] == [28, 56]
assert "packing" in result and "simulator" in result
