#!/usr/bin/env bash
# Builds everything and runs every test, lit and GoogleTest, in two build trees:
# build, and build-asan with AddressSanitizer and UndefinedBehaviorSanitizer.
# DLAVM_SKIP_SANITIZERS=1 leaves the second out.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
shared="${DLAVM_SHARED_DIR:-$root/../shared}"

"$root/scripts/setup.sh"
cd "$root"

# run_tests PRESET DIRECTORY
run_tests() {
  echo
  echo "== Tests in $2"
  # Drivers are compiled without sanitizers, so each of them once for both trees.
  cmake --preset "$1" "-DDLAVM_SHARED_DIR=$shared" "-DDLAVM_DRIVER_CACHE=$root/build/test/drivers"
  cmake --build "$2"
  # --verbose shows the summaries of lit and GoogleTest themselves.
  local log="$2/tests.log" failed=0
  (cd "$2" && ctest --parallel "$(nproc)" --verbose --output-on-failure --no-tests=error) 2>&1 |
    tee "$log" || failed=1

  # lit says "Unsupported: N (p%)", GoogleTest "[  SKIPPED ] N tests."; neither
  # is a failure to them.
  local lit skipped
  grep -qE '^[0-9]+: +Passed *:' "$log" || {
    echo "scripts/test.sh: lit printed no summary in $2" >&2
    exit 1
  }
  lit="$(sed -nE 's/^[0-9]+: +Unsupported *: *([0-9]+).*/\1/p' "$log" |
    awk '{ n += $1 } END { print n + 0 }')"
  skipped="$(sed -nE 's/^[0-9]+: \[  SKIPPED \] ([0-9]+) tests?.*/\1/p' "$log" |
    awk '{ n += $1 } END { print n + 0 }')"
  echo
  echo "== $2: $lit lit tests unsupported, $skipped unit tests skipped"
  [ "$failed" -eq 0 ] || exit 1
  # What the tests of cards and of packages need; some containers have neither.
  if ! { [ -e /dev/fuse ] && unshare -r -m true 2>/dev/null; }; then
    echo "== without /dev/fuse or namespaces of users, tests of cards or packages do not run"
  elif [ -d "$shared/conformance" ] && [ "$((lit + skipped))" -ne 0 ]; then
    echo "scripts/test.sh: $shared/conformance is there, so every test must run" >&2
    exit 1
  fi
}

run_tests release build
if [ "${DLAVM_SKIP_SANITIZERS:-0}" != 1 ]; then
  run_tests sanitize build-asan
fi
