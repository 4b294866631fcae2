//===- InputFile.cpp - Files that are read --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/InputFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace dlavm;
using namespace llvm;
namespace fs = sys::fs;

static StringRef describe(fs::file_type type) {
  switch (type) {
  case fs::file_type::directory_file:
    return "a directory";
  case fs::file_type::fifo_file:
    return "a pipe";
  case fs::file_type::socket_file:
    return "a socket";
  case fs::file_type::character_file:
  case fs::file_type::block_file:
    return "a device";
  default:
    return "of an unknown kind";
  }
}

static Error failLarge(const Twine &bytes) {
  return createStringError("it has " + bytes + " bytes, but at most " +
                           Twine(kMaxTextBytes) + " are read");
}

static Expected<std::unique_ptr<MemoryBuffer>> openFile(const Twine &path,
                                                        bool isText) {
  fs::file_status status;
  if (std::error_code error = fs::status(path, status))
    return createStringError(error, error.message());
  if (!fs::is_regular_file(status))
    return createStringError("it is " + describe(status.type()) +
                             " and no file");
  if (isText && status.getSize() > kMaxTextBytes)
    return failLarge(Twine(status.getSize()));
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/isText);
  if (!buffer)
    return createStringError(buffer.getError(), buffer.getError().message());
  return std::move(*buffer);
}

Error dlavm::checkModuleText(StringRef text) {
  if (text.starts_with("ML\xefR"))
    return createStringError("it is a module in MLIR's binary form; give it as "
                             "text");
  constexpr uint64_t mostResults = 65536;
  for (size_t i = text.find('#'); i != StringRef::npos;
       i = text.find('#', i + 1)) {
    StringRef digits = text.drop_front(i + 1).take_while(isDigit);
    uint64_t number = 0;
    if (digits.empty() ||
        (!digits.getAsInteger(10, number) && number < mostResults))
      continue;
    return createStringError(
        "line " + Twine(text.take_front(i).count('\n') + 1) + " uses result #" +
        digits + " of an op, but an op has at most " + Twine(mostResults) +
        " results here");
  }
  return Error::success();
}

static Expected<std::unique_ptr<MemoryBuffer>>
checkModule(Expected<std::unique_ptr<MemoryBuffer>> buffer) {
  if (buffer)
    if (Error error = checkModuleText((*buffer)->getBuffer()))
      return error;
  return buffer;
}

Expected<std::unique_ptr<MemoryBuffer>> dlavm::readTextFile(const Twine &path) {
  return openFile(path, /*isText=*/true);
}

Expected<std::unique_ptr<MemoryBuffer>>
dlavm::readModuleFile(const Twine &path) {
  return checkModule(readTextFile(path));
}

Expected<std::unique_ptr<MemoryBuffer>>
dlavm::openBinaryFile(const Twine &path) {
  return openFile(path, /*isText=*/false);
}

Expected<std::unique_ptr<MemoryBuffer>>
dlavm::readModuleFileOrStdin(const Twine &path) {
  SmallString<128> storage;
  if (path.toStringRef(storage) != "-")
    return readModuleFile(path);
  SmallString<0> text;
  constexpr size_t kPiece = 65536;
  while (true) {
    const size_t size = text.size();
    text.resize_for_overwrite(size + kPiece);
    Expected<size_t> count = fs::readNativeFile(
        fs::getStdinHandle(), MutableArrayRef<char>(text).drop_front(size));
    if (!count)
      return count.takeError();
    text.truncate(size + *count);
    if (*count == 0)
      return checkModule(MemoryBuffer::getMemBufferCopy(text, "<stdin>"));
    if (text.size() > kMaxTextBytes)
      return failLarge("more than " + Twine(kMaxTextBytes));
  }
}

StringRef dlavm::describeForeignFile(StringRef content) {
  StringRef text = content.ltrim();
  if (content.starts_with("version https://git-lfs"))
    return "is a pointer of Git LFS and not the file itself; get that with "
           "'git "
           "lfs pull'";
  if (text.starts_with_insensitive("<!doctype html") ||
      text.starts_with_insensitive("<html"))
    return "is an HTML page and not the file itself: a page about it, or an "
           "error, has been downloaded in its place";
  if (content.starts_with("GGUF"))
    return "is a GGUF file; give it itself in place of the directory, called "
           "NAME.gguf";
  if (content.starts_with("PK\x03\x04"))
    return "is a file in PyTorch's own format; convert it to safetensors, as "
           "save_pretrained(DIR, safe_serialization=True) of Transformers does";
  // The length of a header, and the header.
  if (content.size() > 9 && content.substr(6, 3) == StringRef("\0\0{", 3))
    return "is a safetensors file; give the directory that has it, and the "
           "model's config.json";
  return {};
}
