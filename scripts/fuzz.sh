#!/usr/bin/env bash
# Runs more wrong inputs than the tests do, with the sanitizers: fuzz.sh [SEED...], 100,000 for each
# seed, of 1, 2 and 3 by default. DLAVM_FUZZ_COUNT=N says how many. What failed is in build-asan/fuzz.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/setup.sh"
cd "$root"
cmake --preset sanitize
cmake --build build-asan --target dlavm-fuzz
[ $# -gt 0 ] || set -- 1 2 3
failed=0
for seed in "$@"; do
  build-asan/bin/dlavm-fuzz test "--seed=$seed" "--count=${DLAVM_FUZZ_COUNT:-100000}" \
    "--output=build-asan/fuzz/$seed" || failed=1
done
exit "$failed"
