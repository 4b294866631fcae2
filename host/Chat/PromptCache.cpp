//===- PromptCache.cpp - KV caches in files -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/PromptCache.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

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
/// More than any context has.
static constexpr uint64_t kMostTokens = 1 << 28;

[[noreturn]] static void fail(const std::string &path, const char *what) {
  throw Error("cannot " + std::string(what) + " " + path + ": " +
              std::strerror(errno));
}

namespace {

/// An open file, closed in the end.
class OpenFile {
public:
  OpenFile(int file, std::string path) : path(std::move(path)), file(file) {}
  OpenFile(const OpenFile &) = delete;
  OpenFile &operator=(const OpenFile &) = delete;
  ~OpenFile() { close(file); }

  void write(const void *data, size_t bytes) {
    hash.update(data, bytes);
    const auto *next = static_cast<const char *>(data);
    while (bytes > 0) {
      const ssize_t count = ::write(file, next, bytes);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        fail(path, "write");
      next += count;
      bytes -= static_cast<size_t>(count);
    }
  }
  /// Reads less at the end of the file only.
  size_t read(void *data, size_t bytes) {
    auto *next = static_cast<char *>(data);
    size_t done = 0;
    while (done < bytes) {
      const ssize_t count = ::read(file, next + done, bytes - done);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        fail(path, "read");
      if (count == 0)
        break;
      done += static_cast<size_t>(count);
    }
    hash.update(data, done);
    return done;
  }
  int get() const { return file; }
  /// Of all that was read or written.
  uint64_t getHash() const { return hash.get(); }

private:
  std::string path;
  int file;
  Hash64 hash;
};

} // namespace

uint64_t dlavm::host::getCacheOwner(const std::string &directory,
                                    int32_t maxTokens) {
  const std::string path = directory + "/checksums.txt";
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty())
    throw Error("cannot read " + path + "; run dlavm pack, which writes it");
  Hash64 hash;
  hash.update(text.data(), text.size());
  hash.update(&maxTokens, sizeof maxTokens);
  return hash.get();
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
    OpenFile out(file, temporary);
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
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    if (errno == ENOENT)
      return std::nullopt;
    fail(path, "read");
  }
  OpenFile in(file, path);
  struct stat status;
  if (fstat(file, &status) != 0)
    fail(path, "read");
  const std::string remedy = "; remove it, or name another file";
  Header header;
  if (!S_ISREG(status.st_mode) ||
      in.read(&header, sizeof header) != sizeof header ||
      std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    throw Error(path + " is no prompt cache of this version" + remedy);
  if (header.owner != caches.owner || header.cacheBytes != caches.bytes)
    throw Error(path +
                " is the prompt cache of another driver, or of other "
                "parameters" +
                remedy);
  const std::string damaged = path + " is damaged" + remedy;
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
