#!/usr/bin/env bash
# Installs what DLAVM is built and tested with on Debian 12. Needs root (or sudo).
set -euo pipefail
packages=(
  g++ clang-14 cmake ninja-build ccache pkg-config python3
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  libblis-serial-dev libxxhash-dev zlib1g-dev libzstd-dev libxml2-dev libcurl4-openssl-dev
  nlohmann-json3-dev libcli11-dev libicu-dev libsentencepiece-dev libcpp-httplib-dev libedit-dev
  libfuse3-dev fuse3 libarchive-dev zstd python3-jinja2
  libgtest-dev libgmock-dev libbenchmark-dev
  bash man-db zsh curl chromium chromium-driver
)
# Node.js may be there from elsewhere, with its own npm.
command -v npm >/dev/null || packages+=(nodejs npm)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
run=()
[ "$(id -u)" -eq 0 ] || run=(sudo)
"${run[@]}" apt-get update
DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
