#!/bin/sh
# Prints the table of docs/Estimate.md: what dlavm estimate says of each model on each device. Devices
# with the same figures share a row.
#   benchmarks/estimate-models.sh [DLAVM] [TOKENS]
set -eu
dlavm=${1:-dlavm}
tokens=${2:-128}
models=$(dirname "$0")/../models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
devices=$("$dlavm" devices | grep '^[a-z]')
for model in "$models"/*.json; do
  name=$(basename "$model" .json)
  for device in $devices; do
    directory=$work/$name/$device
    mkdir -p "$directory"
    "$dlavm" compile "$model" --device="$device" -o "$directory/driver" > "$directory/log" 2>&1 || continue
    "$dlavm" estimate "$directory/driver" --seq="$tokens" --json > "$directory/prefill.json"
    "$dlavm" estimate "$directory/driver" --past="$tokens" --json > "$directory/decode.json"
  done
done
python3 - "$work" "$devices" <<'EOF'
import glob, json, os, sys

def describe(directory, device):
    if not os.path.exists(f"{directory}/decode.json"):
        log = open(f"{directory}/log").read()
        return log[log.index("error:"):].splitlines()[0].replace(device, "it") + " | | |"
    prefill, decode = (json.load(open(f"{directory}/{call}.json")) for call in ("prefill", "decode"))
    task = max(decode["tasks"], key=lambda task: task["microseconds"])
    share = task["microseconds"] / 1e3 / decode["milliseconds"]
    return (f'{prefill["prefill_tokens_per_second"]:.1f} | {decode["decode_tokens_per_second"]:.1f} '
            f'| {decode["roofline_fraction"]:.1%} | {task["name"]}, {share:.0%}, {task["bound"]}')

print("| model | device | prefill, tokens/s | decode, tokens/s | decode, of the roofline | largest task of decode |")
print("|---|---|---|---|---|---|")
for directory in sorted(glob.glob(f"{sys.argv[1]}/*")):
    rows = {}
    for device in sys.argv[2].split():
        rows.setdefault(describe(f"{directory}/{device}", device), []).append(device)
    for figures, devices in rows.items():
        print(f'| {os.path.basename(directory)} | {", ".join(devices)} | {figures} |')
EOF
