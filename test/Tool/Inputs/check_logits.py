"""Compares the first line that dlavm interpret writes with a reference's first call."""
import json
import sys

with open(sys.argv[1]) as file:
    expected = json.load(file)["calls"][0]["logits_last"]
with open(sys.argv[2]) as file:
    found = [float(number) for number in file.readline().split()[1:]]
assert len(found) == len(expected)
error = max(abs(a - b) for a, b in zip(found, expected))
assert error < 1e-9, error
