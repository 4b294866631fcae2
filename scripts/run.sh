#!/usr/bin/env bash
# Builds DLAVM and compiles ChatGLM2-6B into a driver: the main job, from a
# fresh machine to files that a host program includes.
#
#   scripts/run.sh [OUTPUT]      build/chatglm2-6b by default
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
output="${1:-$root/build/chatglm2-6b}"

"$root/scripts/setup.sh"
cd "$root"
cmake --preset release
cmake --build build

echo
echo "== dlavm compile models/chatglm2-6b.json --device=edgellm-20241128"
build/bin/dlavm compile models/chatglm2-6b.json --device=edgellm-20241128 -o "$output"
ls "$output"

echo
echo "== report.txt (first lines)"
sed -n 1,40p "$output/report.txt"

echo
echo "== dlavm check"
build/bin/dlavm check "$output"
