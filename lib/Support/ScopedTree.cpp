//===- ScopedTree.cpp - What is removed, come what may -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/ScopedTree.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Removal, which signal handlers may call
//===----------------------------------------------------------------------===//

namespace {
/// What SYS_getdents64 writes; readdir() may not be called in a handler.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];
};
} // namespace

static bool removeAt(int parent, const char *name, unsigned depth) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
    return true;
  constexpr unsigned kMaxDepth = 8;
  const int directory = openat(
      parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
  if (directory < 0)
    return errno == ENOENT;
  alignas(DirectoryEntry) char buffer[2048];
  // A pass may skip entries behind those that it removes.
  for (bool isEmpty = false; !isEmpty && depth < kMaxDepth;) {
    isEmpty = true;
    bool isRemoved = true;
    lseek(directory, 0, SEEK_SET);
    long count;
    while ((count = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) >
           0)
      for (long at = 0; at < count;) {
        auto *entry = reinterpret_cast<DirectoryEntry *>(buffer + at);
        at += entry->size;
        if (!std::strcmp(entry->name, ".") || !std::strcmp(entry->name, ".."))
          continue;
        isEmpty = false;
        isRemoved &= removeAt(directory, entry->name, depth + 1);
      }
    if (!isRemoved)
      break;
  }
  close(directory);
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

bool dlavm::removeTree(const char *path) { return removeAt(AT_FDCWD, path, 0); }

//===----------------------------------------------------------------------===//
// Signals
//===----------------------------------------------------------------------===//

static std::atomic<char *> trees[32];
static std::atomic_flag isEnding = ATOMIC_FLAG_INIT;

/// Whoever comes second waits for the end of the process.
static void cleanUp() {
  // A second signal must not come to the thread that works.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (isEnding.test_and_set())
    pause();
  for (std::atomic<char *> &tree : trees)
    if (const char *path = tree.exchange(nullptr))
      // Other threads and children may still write into it.
      for (int tries = 0; tries < 100 && !removeTree(path); ++tries)
        usleep(1000);
}

static void handleSignal(int signal) {
  cleanUp();
  std::signal(signal, SIG_DFL);
  raise(signal);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

static SmallVector<int> ignored;

void dlavm::prepareForSignals() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, handleSignal) == SIG_IGN)
      ignored.push_back(signal);
}

void dlavm::prepareForCrashes() {
  sys::AddSignalHandler(
      [](void *) {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        cleanUp();
        pthread_sigmask(SIG_SETMASK, &mask, nullptr);
      },
      nullptr);
  // nohup, and jobs in the background.
  for (int signal : ignored)
    std::signal(signal, SIG_IGN);
}

//===----------------------------------------------------------------------===//
// ScopedTree
//===----------------------------------------------------------------------===//

ScopedTree::ScopedTree(StringRef path) : path(path.str()) {
  char *copy = strdup(this->path.c_str());
  for (std::atomic<char *> &tree : trees) {
    char *free = nullptr;
    if (tree.compare_exchange_strong(free, copy))
      return;
  }
  llvm_unreachable("too many trees at a time");
}

ScopedTree::ScopedTree(ScopedTree &&other) : path(std::move(other.path)) {
  other.path.clear();
}

ScopedTree &ScopedTree::operator=(ScopedTree &&other) {
  std::swap(path, other.path);
  return *this;
}

ScopedTree::~ScopedTree() {
  if (path.empty())
    return;
  removeTree(path.c_str());
  release();
}

void ScopedTree::release() {
  for (std::atomic<char *> &tree : trees) {
    char *registered = tree;
    if (!registered || path != registered)
      continue;
    if (!tree.compare_exchange_strong(registered, nullptr))
      break;
    std::free(registered);
    path.clear();
    return;
  }
  // A handler in another thread removes it and ends the process.
  while (true)
    pause();
}
