#!/bin/sh
# Compiles the driver that is packaged here, for this machine, and runs it:
#
#   ./run.sh chat --on=xdma:/dev/xdma0       a conversation
#   ./run.sh serve --on=xdma:/dev/xdma0      a server of OpenAI's interface
#   ./run.sh doctor --on=xdma:/dev/xdma0     examines the card
#   ./run.sh chat --help                     all options of a command
#
# It needs a C++ compiler, and the libraries of these packages of Debian 12:
packages="g++ libicu72 libsentencepiece0 libcpp-httplib0.11 libedit2"
# python3-jinja2 is used for chat templates where it is there. The program is for the machine that
# made the package; DLAVM_HOST=PATH names another build of it.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
host="${DLAVM_HOST:-$here/dlavm-host}"
case "${1-}" in
chat | serve | doctor) ;;
*)
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$here/run.sh" >&2
  exit 1
  ;;
esac
command="$1"
shift
if ! "$host" --version >/dev/null 2>&1; then
  echo "error: $host does not run here:" >&2
  "$host" --version >&2 || true
  echo "as root: apt-get install --no-install-recommends $packages" >&2
  exit 1
fi
exec "$host" "$command" "$here/model" "$@"
