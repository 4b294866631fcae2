#!/bin/sh
# Compiles the driver that is packaged here, for this machine, and runs it:
#
#   ./run.sh chat --on=xdma:/dev/xdma0       a conversation
#   ./run.sh serve --on=xdma:/dev/xdma0      a server of OpenAI's interface
#   ./run.sh doctor --on=xdma:/dev/xdma0     examines the card
#   ./run.sh chat --help                     all options of a command
#   ./run.sh build                           builds the program, and libdlavm.so, from source/
#
# It needs a C++ compiler, and the libraries of these packages of Debian 12:
packages="g++ libicu72 libsentencepiece0 libcpp-httplib0.11 libedit2"
# Where the program, dlavm-host, does not run, as on another kind of machine or system, it is built once, in
# build/. That needs these packages of Debian 12:
build_packages="g++ cmake make libicu-dev libsentencepiece-dev libcpp-httplib-dev libedit-dev nlohmann-json3-dev libcli11-dev"
# python3-jinja2 is used for chat templates where it is there. DLAVM_HOST=PATH names another build of the
# program.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"

# Whether a build of the program runs here.
runs() {
  "$1" --version >/dev/null 2>&1
}

# All of the program and its source is as it was packaged. The driver and its parameters are looked at by the
# program.
check() {
  if ! (cd "$here" && cut -d ' ' -f 3- program.cksum | xargs cksum | cmp -s - program.cksum); then
    echo "error: dlavm-host or source/ in $here is not as it was packaged; unpack the package again" >&2
    exit 1
  fi
}

build() {
  check
  echo "building dlavm-host in $here/build, which takes some minutes" >&2
  if ! { cmake -S "$here/source/host" -B "$here/build" -DCMAKE_BUILD_TYPE="${CMAKE_BUILD_TYPE:-Release}" \
      -DCMAKE_UNITY_BUILD=ON -DDLAVM_UNITY_BUILD=ON &&
    cmake --build "$here/build" -j "$(nproc)"; } >"$here/build.log" 2>&1; then
    tail -n 15 "$here/build.log" >&2
    echo "error: dlavm-host cannot be built here; $here/build.log has all of it" >&2
    echo "as root: apt-get install --no-install-recommends" $build_packages >&2
    exit 1
  fi
}

case "${1-}" in
build)
  build
  exit
  ;;
chat | serve | doctor) ;;
*)
  sed -n '2,/^set/{s/^# \{0,1\}//p;s/^[a-z_]*packages="\(.*\)"$/  \1/p}' "$here/run.sh" >&2
  exit 1
  ;;
esac
if [ -n "${DLAVM_HOST-}" ]; then
  host="$DLAVM_HOST"
else
  check
  host="$here/dlavm-host"
  if ! runs "$host"; then
    host="$here/build/bin/dlavm-host"
    if ! runs "$host" && command -v cmake >/dev/null; then
      build
    elif ! runs "$host"; then
      host="$here/dlavm-host"
    fi
  fi
fi
if ! runs "$host"; then
  echo "error: $host does not run here:" >&2
  "$host" --version >&2 || true
  echo "as root: apt-get install --no-install-recommends $packages" >&2
  echo "or, for another kind of machine or system, where it is built from source/:" >&2
  echo "apt-get install --no-install-recommends" $build_packages >&2
  exit 1
fi
command="$1"
shift
exec "$host" "$command" "$here/model" "$@"
