#!/usr/bin/env bash
# Encodes the same text, of some MB, with the tokenizers of this project and with
# those of Hugging Face, each on one core. The latter are in the npm package
# @anush008/tokenizers, which a directory with node_modules must have:
#
#   npm install --prefix DIR @anush008/tokenizers
#   benchmarks/compare-tokenizers.sh DIR [BUILD]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
packages="$(cd "${1:?give the directory with node_modules}" && pwd)"
build="${2:-$root/build}"
shared="${DLAVM_SHARED_DIR:-$root/../shared}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

python3 - "$shared/tokenizers/strings.json" "$root"/docs/*.md > "$work/text" <<'END'
import json
import random
import sys

random.seed(1)
strings = json.load(open(sys.argv[1]))
pages = [open(page).read() for page in sys.argv[2:]]
size = 0
while size < 3_000_000:
    if random.random() < 0.5:
        piece = random.choice(strings) + " "
    else:
        piece = random.choice(pages)[:2000] + "\n"
    size += len(piece.encode())
    sys.stdout.write(piece)
END
cat > "$work/encode.js" <<'END'
const { Tokenizer } = require("@anush008/tokenizers");
const fs = require("fs");

(async () => {
  const [file, ...folders] = process.argv.slice(2);
  const text = fs.readFileSync(file, "utf8");
  for (const folder of folders) {
    const tokenizer = Tokenizer.fromFile(folder + "/tokenizer.json");
    const begin = process.cpuUsage();
    const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
    const used = process.cpuUsage(begin);
    const rate = Buffer.byteLength(text) / (used.user + used.system);
    console.log(`${folder.split("/").pop()}: ${rate.toFixed(2)} MB/s, ${encoding.getIds().length} tokens`);
  }
})();
END
echo "Hugging Face's tokenizers"
TOKENIZERS_PARALLELISM=false RAYON_NUM_THREADS=1 NODE_PATH="$packages/node_modules" taskset -c 0 \
  node "$work/encode.js" "$work/text" "$shared"/tokenizers/{gpt2,qwen2,o200k_gpt4o,mistral_v01,story-656k}
echo "DLAVM"
DLAVM_BENCHMARK_TEXT="$work/text" taskset -c 0 "$build/bin/dlavm-tokenizer-benchmarks" --benchmark_filter=encode
