//===- PromptCache.h - KV caches in files -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_PROMPTCACHE_H
#define DLAVM_HOST_CHAT_PROMPTCACHE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dlavm::host {

/// The KV caches of a model on a device.
struct CacheAccess {
  /// Of all that decides what is in the caches: the driver, and its parameters.
  uint64_t owner;
  /// The size of all caches.
  uint64_t bytes;
  /// Hands all bytes to \p consume, in pieces.
  std::function<void(
      const std::function<void(const char *data, size_t bytes)> &consume)>
      read;
  /// Writes all bytes, which \p produce fills in, in pieces.
  std::function<void(
      const std::function<void(char *data, size_t bytes)> &produce)>
      write;
};

/// The owner of the caches of a driver: the checksum of the directory's
/// checksums.txt, which names the driver and has the checksums of its
/// parameters, and of the largest context. Throws dlavm::Error.
uint64_t getCacheOwner(const std::string &directory, int32_t maxTokens);

/// Throws dlavm::Error if savePromptCache would fail because of the path: what
/// takes long should not be lost.
void checkPromptCachePath(const std::string &path);

/// Writes the caches, which hold \p ids, to a file. It appears when it is
/// whole. Throws dlavm::Error.
void savePromptCache(const std::string &path, const std::vector<int32_t> &ids,
                     const CacheAccess &caches);

/// Fills the caches from a file, and returns the ids that they hold now;
/// nothing if there is no such file. Throws dlavm::Error if the file is of
/// another owner, or is damaged; the caches hold nothing of use then.
std::optional<std::vector<int32_t>> loadPromptCache(const std::string &path,
                                                    const CacheAccess &caches);

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_PROMPTCACHE_H
