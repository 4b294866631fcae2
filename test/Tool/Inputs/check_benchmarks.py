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
before = modes.pop("before")["host"]
assert before["us"] > 0 and before["ratio"] == 1, before
for name, one in modes.items():
    check_reference(one["compile"])
    check_time(one["compile_mlir"])
    assert one["driver_bytes"] > 10000 and one["cxx_ms"] > 0, name
    for call in ("prefill", "decode"):
        assert one[call]["writes"] > one[call]["polls"] > 0, name
    assert one["arena_bytes"] > 0 and one["arena_ratio"] >= 1, name
    assert "tokens_per_second" in one, name
    assert abs(one["host"]["ratio"] - one["host"]["us"] / before["us"]) < 0.001, name
    count = one["host"]["instructions"]
    assert count is None or count > one["decode"]["writes"], name
kept, all_writes = modes["O2, registers keep values"], modes["O0"]
assert kept["decode"]["writes"] < all_writes["decode"]["writes"], kept
if before["instructions"]:
    # What prints the time differs.
    assert abs(all_writes["host"]["instructions_ratio"] - 1) < 0.01, all_writes
    assert kept["host"]["instructions_ratio"] < 0.5, kept
assert [row["layers"] for row in result["depth"]] == [28, 56]
assert "packing" in result and "simulator" in result
