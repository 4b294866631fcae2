//===- XdmaFiles.cpp - The nodes of a card as files -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define FUSE_USE_VERSION 35

#include "XdmaFiles.h"
#include "DLAVM/Check/FindingLog.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fuse.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

namespace {

enum class Kind { Registers, ToCard, FromCard };

struct File {
  const char *name;
  Kind kind;
};
constexpr File files[] = {
    {"xdma0_user", Kind::Registers}, {"xdma0_h2c_0", Kind::ToCard},
    {"xdma0_h2c_1", Kind::ToCard},   {"xdma0_h2c_2", Kind::ToCard},
    {"xdma0_h2c_3", Kind::ToCard},   {"xdma0_c2h_0", Kind::FromCard},
    {"xdma0_c2h_1", Kind::FromCard}, {"xdma0_c2h_2", Kind::FromCard},
    {"xdma0_c2h_3", Kind::FromCard},
};

/// Where registers lie in the user BAR.
constexpr off_t kWindow = 0x20000, kWindowBytes = 0x1000;

/// What the file system consists of; it serves one request at a time.
struct State {
  SimulatedCard &card;
  size_t findings = 0;
};

} // namespace

static State &getState() {
  return *static_cast<State *>(fuse_get_context()->private_data);
}

static const File &getFile(const fuse_file_info *info) {
  return files[info->fh];
}

/// The register at \p offset of the BAR, or nothing if the access is none of
/// those that a card answers.
static std::optional<uint32_t> getRegister(size_t size, off_t offset) {
  if (size != 4 || offset % 4 != 0 || offset < kWindow ||
      offset >= kWindow + kWindowBytes)
    return std::nullopt;
  return static_cast<uint32_t>((offset - kWindow) / 4);
}

/// Prints what is new, and has the result of the request.
static int finish(int64_t result) {
  State &state = getState();
  const ArrayRef<Finding> findings = state.card.getFindings();
  for (; state.findings < findings.size(); ++state.findings)
    errs() << describe(findings[state.findings]) << "\n";
  return static_cast<int>(result);
}

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static const File *findFile(StringRef path) {
  return path.consume_front("/")
             ? find_if(files,
                       [&](const File &file) { return path == file.name; })
             : std::end(files);
}

static int getAttributes(const char *path, struct stat *status,
                         fuse_file_info *) {
  std::memset(status, 0, sizeof *status);
  status->st_uid = getuid();
  status->st_gid = getgid();
  if (StringRef(path) == "/") {
    status->st_mode = S_IFDIR | 0700;
    status->st_nlink = 2;
    return 0;
  }
  if (findFile(path) == std::end(files))
    return -ENOENT;
  status->st_mode = S_IFREG | 0600;
  status->st_nlink = 1;
  return 0;
}

static int readDirectory(const char *path, void *buffer, fuse_fill_dir_t fill,
                         off_t, fuse_file_info *, fuse_readdir_flags) {
  if (StringRef(path) != "/")
    return -ENOENT;
  for (const char *name : {".", ".."})
    fill(buffer, name, nullptr, 0, fuse_fill_dir_flags());
  for (const File &file : files)
    fill(buffer, file.name, nullptr, 0, fuse_fill_dir_flags());
  return 0;
}

static int openFile(const char *path, fuse_file_info *info) {
  const File *file = findFile(path);
  if (file == std::end(files))
    return -ENOENT;
  info->fh = file - std::begin(files);
  // Every access reaches the card, as it is.
  info->direct_io = true;
  return 0;
}

static int readFile(const char *, char *data, size_t size, off_t offset,
                    fuse_file_info *info) {
  SimulatedCard &card = getState().card;
  if (getFile(info).kind == Kind::FromCard)
    return finish(
        card.dmaRead(offset, {reinterpret_cast<uint8_t *>(data), size}));
  const std::optional<uint32_t> reg = getRegister(size, offset);
  if (getFile(info).kind != Kind::Registers || !reg)
    return -EINVAL;
  const uint32_t value = card.read(*reg);
  std::memcpy(data, &value, sizeof value);
  return finish(sizeof value);
}

static int writeFile(const char *, const char *data, size_t size, off_t offset,
                     fuse_file_info *info) {
  SimulatedCard &card = getState().card;
  if (getFile(info).kind == Kind::ToCard)
    return finish(
        card.dmaWrite(offset, {reinterpret_cast<const uint8_t *>(data), size}));
  const std::optional<uint32_t> reg = getRegister(size, offset);
  if (getFile(info).kind != Kind::Registers || !reg)
    return -EINVAL;
  uint32_t value;
  std::memcpy(&value, data, sizeof value);
  card.write(*reg, value);
  return finish(sizeof value);
}

/// The kernel serves requests from here on.
static void *initialize(fuse_conn_info *, fuse_config *) {
  outs() << "ready\n";
  outs().flush();
  return fuse_get_context()->private_data;
}

//===----------------------------------------------------------------------===//
// Mounting
//===----------------------------------------------------------------------===//

/// A process that was killed leaves its mount, which answers nobody.
static void removeStaleMount(const std::string &mountPoint) {
  struct stat status;
  if (stat(mountPoint.c_str(), &status) == 0 || errno != ENOTCONN)
    return;
  if (ErrorOr<std::string> program = sys::findProgramByName("fusermount3"))
    sys::ExecuteAndWait(*program, {"fusermount3", "-u", "-z", mountPoint});
}

int dlavm::serveXdmaFiles(SimulatedCard &card, const std::string &mountPoint) {
  removeStaleMount(mountPoint);
  if (!sys::fs::is_directory(mountPoint)) {
    WithColor::error(errs()) << mountPoint << " is no directory; make one\n";
    return 1;
  }
  std::error_code error;
  if (sys::fs::directory_iterator(mountPoint, error) !=
      sys::fs::directory_iterator()) {
    WithColor::error(errs())
        << mountPoint
        << " has files, which the card would hide; is it the card of another "
           "dlavm-board? Give an empty directory\n";
    return 1;
  }
  fuse_operations operations = {};
  operations.getattr = getAttributes;
  operations.readdir = readDirectory;
  operations.open = openFile;
  operations.read = readFile;
  operations.write = writeFile;
  operations.init = initialize;

  // FUSE takes only those that nobody else handles.
  for (int signal : {SIGHUP, SIGINT, SIGTERM})
    std::signal(signal, SIG_DFL);
  std::string name = "dlavm-board", options = "-ofsname=dlavm-board";
  char *arguments[] = {name.data(), options.data()};
  fuse_args args = FUSE_ARGS_INIT(2, arguments);
  State state{card};
  fuse *const fuse = fuse_new(&args, &operations, sizeof operations, &state);
  fuse_opt_free_args(&args);
  if (!fuse)
    return 1;
  int code = 1;
  if (fuse_mount(fuse, mountPoint.c_str()) == 0) {
    fuse_session *const session = fuse_get_session(fuse);
    if (fuse_set_signal_handlers(session) == 0) {
      // A signal that ends it is a number above 0.
      code = fuse_loop(fuse) < 0;
      fuse_remove_signal_handlers(session);
    }
    fuse_unmount(fuse);
  }
  fuse_destroy(fuse);
  return code;
}
