# Runs a command in the directory of a package, where there is no LLVM and no build of DLAVM: in a mount
# namespace of its own, with what it needs in a file system that goes with it.
#   unshare -r -m sh without-llvm.sh BUILD PACKAGE SIMULATOR COMMAND...
set -eu
build="$1" package="$2" simulator="$3"
shift 3
mount -t tmpfs none /mnt
zstd -dcq "$package" | tar -x -C /mnt --no-same-owner
cp "$simulator" /mnt
cd /mnt/*/
mount -t tmpfs none "$build"
for place in /usr/lib/llvm-*; do
  [ ! -d "$place" ] || mount -t tmpfs none "$place"
done
# -size looks at what is mounted.
find_llvm() {
  find -L /usr /opt \( -name 'libLLVM*' -o -name 'libMLIR*' -o -name 'mlir-*' \) -size +0 -type f 2>/dev/null || true
}
for library in $(find_llvm); do
  mount --bind /dev/null "$library"
done
left="$(find_llvm)"
[ -z "$left" ] || { echo "there is still LLVM: $left" >&2; exit 1; }
mkdir /mnt/home
exec env -i PATH=/usr/bin:/bin HOME=/mnt/home "$@"
