//===- PromptCache.cpp - KV caches in files -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/PromptCache.h"

#include "dlavm_runtime.h"
#include "host/Support/File.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;
using dlavm::detail::Hash64;

// A header, the ids, the caches, and the hash of all that. Little-endian, as
// hosts and devices are.
namespace {
struct Header {
  char magic[24];
  uint64_t owner;
  uint64_t tokens;
  uint64_t cacheBytes;
};
} // namespace

static constexpr char kMagic[24] = "dlavm-prompt-cache 1\n";
static constexpr char kRemedy[] = "; remove it, or name another file";
/// More than any context has.
static constexpr uint64_t kMostTokens = 1 << 28;

[[noreturn]] static void fail(const std::string &path, const char *what) {
  throw Error("cannot " + std::string(what) + " " + path + ": " +
              std::strerror(errno));
}

namespace {

/// A file with the hash of all that was read or written.
class HashedFile {
public:
  HashedFile(File opened, std::string path)
      : file(std::move(opened)), path(std::move(path)) {}

  void write(const void *data, size_t bytes) {
    hash.update(data, bytes);
    if (!file.write(data, bytes))
      fail(path, "write");
  }
  /// Reads less at the end of the file only.
  size_t read(void *data, size_t bytes) {
    const ssize_t size = file.read(data, bytes);
    if (size < 0)
      fail(path, "read");
    hash.update(data, static_cast<size_t>(size));
    return static_cast<size_t>(size);
  }
  uint64_t getHash() const { return hash.get(); }

private:
  File file;
  std::string path;
  Hash64 hash;
};

} // namespace

uint64_t dlavm::host::getCacheOwner(const std::string &directory,
                                    int32_t maxTokens) {
  const std::string path = joinPath(directory, "checksums.txt");
  const std::optional<std::string> text = readFileIfThere(path);
  if (!text || text->empty())
    throw Error("cannot read " + path + "; run dlavm pack, which writes it");
  Hash64 hash;
  hash.update(text->data(), text->size());
  hash.update(&maxTokens, sizeof maxTokens);
  return hash.get();
}

void dlavm::host::checkPromptCachePath(const std::string &path) {
  const size_t slash = path.find_last_of('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat status;
  if (access(directory.c_str(), W_OK | X_OK) != 0)
    fail(path, "create");
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw Error(path + " is no prompt cache of this version" + kRemedy);
}

void dlavm::host::savePromptCache(const std::string &path,
                                  const std::vector<int32_t> &ids,
                                  const CacheAccess &caches) {
  // Beside the file, so that it can take its place.
  std::string temporary = path + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    fail(temporary, "create");
  try {
    HashedFile out(File(file), temporary);
    Header header{{}, caches.owner, ids.size(), caches.bytes};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    out.write(&header, sizeof header);
    out.write(ids.data(), ids.size() * sizeof(int32_t));
    caches.read(
        [&](const char *data, size_t bytes) { out.write(data, bytes); });
    const uint64_t hash = out.getHash();
    out.write(&hash, sizeof hash);
    if (fsync(file) != 0)
      fail(temporary, "write");
    if (std::rename(temporary.c_str(), path.c_str()) != 0)
      fail(path, "write");
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

std::optional<std::vector<int32_t>>
dlavm::host::loadPromptCache(const std::string &path,
                             const CacheAccess &caches) {
  File file(path, O_RDONLY);
  if (!file && errno == ENOENT)
    return std::nullopt;
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0)
    fail(path, "read");
  HashedFile in(std::move(file), path);
  Header header;
  if (!S_ISREG(status.st_mode) ||
      in.read(&header, sizeof header) != sizeof header ||
      std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    throw Error(path + " is no prompt cache of this version" + kRemedy);
  if (header.owner != caches.owner || header.cacheBytes != caches.bytes)
    throw Error(path +
                " is the prompt cache of another driver, or of other "
                "parameters" +
                kRemedy);
  const std::string damaged = path + " is damaged" + kRemedy;
  uint64_t hash = 0;
  if (header.tokens > kMostTokens || static_cast<uint64_t>(status.st_size) !=
                                         sizeof header +
                                             header.tokens * sizeof(int32_t) +
                                             header.cacheBytes + sizeof hash)
    throw Error(damaged);
  std::vector<int32_t> ids(header.tokens);
  const size_t idBytes = ids.size() * sizeof(int32_t);
  if (in.read(ids.data(), idBytes) != idBytes)
    throw Error(damaged);
  caches.write([&](char *data, size_t bytes) {
    if (in.read(data, bytes) != bytes)
      throw Error(damaged);
  });
  const uint64_t expected = in.getHash();
  if (in.read(&hash, sizeof hash) != sizeof hash || hash != expected)
    throw Error(damaged);
  return ids;
}
