//===- GGUFModel.cpp - A model in GGUF files ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUFModel.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"
#include "GGUFConfig.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
/// The place of a file among those that a model is split into, as its name says
/// it: STEM-00002-of-00003.gguf.
struct Part {
  StringRef stem;
  unsigned number = 1, count = 1;

  std::string getFile(unsigned other) const {
    return formatv("{0}-{1,0+5}-of-{2,0+5}.gguf", stem, other, count);
  }
};
} // namespace

static constexpr StringLiteral kExtension(".gguf");

static std::optional<Part> getPart(StringRef path) {
  Part part;
  StringRef stem = path;
  if (!stem.consume_back(kExtension))
    return std::nullopt;
  const auto [front, count] = stem.rsplit("-of-");
  const auto [name, number] = front.rsplit('-');
  if (number.size() != 5 || count.size() != 5 ||
      number.getAsInteger(10, part.number) ||
      count.getAsInteger(10, part.count) || part.number < 1 ||
      part.number > part.count)
    return std::nullopt;
  part.stem = name;
  return part;
}

bool GGUFModel::isModel(StringRef path) {
  if (!sys::fs::is_regular_file(path))
    return false;
  if (path.ends_with_insensitive(kExtension))
    return true;
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openBinaryFile(path);
  if (buffer)
    return isGGUF((*buffer)->getBuffer());
  consumeError(buffer.takeError());
  return false;
}

std::vector<std::string> GGUFModel::getFiles(StringRef path) {
  const std::optional<Part> part = getPart(path);
  if (!part)
    return {path.str()};
  std::vector<std::string> paths;
  for (unsigned i = 1; i <= part->count; ++i)
    if (std::string file = part->getFile(i); i == 1 || sys::fs::exists(file))
      paths.push_back(std::move(file));
  return paths;
}

std::string GGUFModel::explainDirectory(StringRef directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (sys::fs::directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (StringRef(it->path()).ends_with(kExtension))
      files.push_back(it->path());
  if (files.empty())
    return "";
  return "; a model in GGUF is given by its file, " +
         *std::min_element(files.begin(), files.end());
}

/// Checks that the metadata of the file \p path agree with its name.
static Error checkPart(const GGUFContent &content, StringRef path,
                       const std::optional<Part> &part) {
  const Part expected = part.value_or(Part());
  auto get = [&](StringRef key, int64_t absent) {
    const json::Value *value = content.find(key);
    return value ? value->getAsInteger().value_or(-1) : absent;
  };
  const int64_t count = get("split.count", 1), number = get("split.no", 0);
  // Nobody splits a file into one part, but some name it so.
  if (std::max<int64_t>(count, 1) == expected.count &&
      (count <= 1 || number + 1 == expected.number))
    return Error::success();
  if (!part)
    return createStringError(
        formatv("{0}: is one of {1} files that its model is split into, whose "
                "names must end with -00001-of-{1,0+5}.gguf and so on",
                path, count));
  return createStringError(
      formatv("{0}: its name says that it is file {1} of {2}, but its metadata "
              "say file {3} of {4}",
              path, expected.number, expected.count, number + 1, count));
}

namespace {
/// Opens the files of a model one after the other.
class FileReader {
public:
  FileReader(StringRef path, GGUFModel &model) : path(path), model(model) {}
  /// Returns the metadata of the first file, with the tensors of all.
  Expected<GGUFContent> read();

private:
  Expected<GGUFContent> readFile(StringRef file);
  Error checkTensors(const GGUFContent &first);

  StringRef path;
  GGUFModel &model;
  std::optional<Part> part;
};
} // namespace

Expected<GGUFContent> FileReader::readFile(StringRef file) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openBinaryFile(file);
  if (!buffer)
    return createStringError(
        file + ": cannot be read: " + toString(buffer.takeError()));
  Expected<GGUFContent> content = parseGGUF((*buffer)->getBuffer(), file);
  if (!content)
    return content.takeError();
  if (Error error = checkPart(*content, file, getPart(file)))
    return error;
  model.files.push_back(std::move(*buffer));
  StringRef origin = model.files.back()->getBufferIdentifier();
  for (const GGUFTensorInfo &tensor : content->tensors)
    model.tensors.push_back({tensor.name, tensor, origin});
  return content;
}

/// Names are unique in a file; they must be in all files together.
Error FileReader::checkTensors(const GGUFContent &first) {
  StringMap<StringRef> places;
  for (const GGUFModel::Tensor &tensor : model.tensors) {
    auto [it, isNew] = places.try_emplace(tensor.name, tensor.file);
    if (!isNew)
      return createStringError(tensor.file + ": has the tensor '" +
                               tensor.name + "', but so has " + it->second);
  }
  const json::Value *count = first.find("split.tensors.count");
  if (part && count &&
      count->getAsInteger() != static_cast<int64_t>(model.tensors.size()))
    return createStringError(path + ": its model should have " +
                             printJSON(count) +
                             " tensors, but all files "
                             "together have " +
                             Twine(model.tensors.size()));
  return Error::success();
}

Expected<GGUFContent> FileReader::read() {
  part = getPart(path);
  if (part && part->number != 1)
    return createStringError(path + ": is file " + Twine(part->number) +
                             " of " + Twine(part->count) +
                             "; give the first one, " + part->getFile(1));
  Expected<GGUFContent> first = readFile(path);
  if (!first)
    return first.takeError();
  for (unsigned i = 2; part && i <= part->count; ++i) {
    const std::string file = part->getFile(i);
    if (!sys::fs::exists(file))
      return createStringError(path + ": is the first of " +
                               Twine(part->count) + " files, but " + file +
                               " is missing; is the download complete?");
    Expected<GGUFContent> content = readFile(file);
    if (!content)
      return content.takeError();
    append_range(first->tensors, std::move(content->tensors));
  }
  if (Error error = checkTensors(*first))
    return error;
  return first;
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// Tokens that end a text or what somebody says in a dialog.
static Expected<std::vector<int32_t>> getEndTokens(const GGUFContent &content,
                                                   StringRef path) {
  std::vector<int32_t> tokens;
  for (StringRef key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id"}) {
    const json::Value *value = content.find(key);
    if (!value)
      continue;
    const std::optional<int64_t> token = value->getAsInteger();
    if (!token || *token < 0 || *token > std::numeric_limits<int32_t>::max())
      return createStringError(path + ": '" + key +
                               "' must be a token, found " + printJSON(value));
    if (!is_contained(tokens, *token))
      tokens.push_back(*token);
  }
  return tokens;
}

Expected<GGUFModel> GGUFModel::open(StringRef path) {
  GGUFModel model;
  Expected<GGUFContent> content = FileReader(path, model).read();
  if (!content)
    return content.takeError();
  if (Error error = GGUFTranslation(*content, path, model).run())
    return error;
  if (const json::Value *name = content->find("general.name"))
    model.name = name->getAsString().value_or("").str();
  Expected<std::vector<int32_t>> endTokens = getEndTokens(*content, path);
  if (!endTokens)
    return endTokens.takeError();
  model.endTokens = std::move(*endTokens);
  return model;
}
