#!/bin/sh
# Prints the table of docs/Estimate.md: what dlavm estimate says of each model on several devices.
#   benchmarks/estimate-models.sh [DLAVM] [TOKENS]
set -eu
dlavm=${1:-dlavm}
tokens=${2:-128}
models=$(dirname "$0")/../models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "| model | device | prefill, tokens/s | decode, tokens/s | decode, of the roofline | largest task of decode |"
echo "|---|---|---|---|---|---|"
for model in "$models"/*.json; do
  for device in edgellm-20241128 edgellm-20240603 ohbm-20250407 ohbm-v80-20250326; do
    "$dlavm" compile "$model" --device=$device -o "$work/driver" > "$work/log" 2>&1 ||
      { echo "| $(basename "$model" .json) | $device | $(grep -m 1 -o 'error:.*' "$work/log") | | | |"; continue; }
    "$dlavm" estimate "$work/driver" --seq="$tokens" --json > "$work/prefill.json"
    "$dlavm" estimate "$work/driver" --past="$tokens" --json > "$work/decode.json"
    python3 - "$(basename "$model" .json)" "$work/prefill.json" "$work/decode.json" <<'EOF'
import json, sys
prefill, decode = (json.load(open(path)) for path in sys.argv[2:])
task = max(decode["tasks"], key=lambda task: task["microseconds"])
share = task["microseconds"] / 1e3 / decode["milliseconds"]
print(f'| {sys.argv[1]} | {decode["device"]} | {prefill["prefill_tokens_per_second"]:.1f} '
      f'| {decode["decode_tokens_per_second"]:.1f} | {decode["roofline_fraction"]:.1%} '
      f'| {task["name"]}, {share:.0%}, {task["bound"]} |')
EOF
    rm -rf "$work/driver"
  done
done
