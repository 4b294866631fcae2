#!/usr/bin/env bash
# Builds DLAVM and does its main job, from a fresh machine to tokens: makes a
# small checkpoint with random weights, compiles it into a driver, checks the
# driver, packs the weights, and asks it a question, on the simulated device
# beside the reference interpreter.
#
#   scripts/run.sh [OUTPUT]      build/first-model by default
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
output="${1:-$root/build/first-model}"
mkdir -p "$output"
output="$(cd "$output" && pwd)"

"$root/scripts/setup.sh"
cd "$root"
cmake --preset release
cmake --build build

export PATH="$root/build/bin:$PATH"
cd "$output"
show() {
  echo
  echo "== $*"
  "$@"
}

echo
echo "== in $output"
show dlavm make-model --architecture=llama -o model
show dlavm compile model --device=edgellm-20241128 -o driver
ls driver
show sed -n 1,18p driver/report.txt
show dlavm check driver --execute
show dlavm pack model driver
show dlavm run driver --ids=1,2,3 --max-new-tokens=8 --compare --checkpoint=model
show dlavm run driver --prompt="What is an FPGA?" --max-new-tokens=24

# Random weights babble; a trained model, where there is one, tells a story.
story="${DLAVM_SHARED_DIR:-$root/../shared}/models/story-656k"
if [ -d "$story" ]; then
  show dlavm compile "$story" --device=edgellm-20241128 -o story
  show dlavm pack "$story" story >story.report
  show dlavm run story --prompt="Once upon a time" --max-new-tokens=60
fi
