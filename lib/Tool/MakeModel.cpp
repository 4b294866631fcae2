//===- MakeModel.cpp - dlavm make-model -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/RandomTensor.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "ModelFiles.h"
#include "host/Tokenizer/TokenizerFiles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

static Expected<const ModelArchitecture &> findArchitecture(StringRef name) {
  for (const ModelArchitecture &architecture : kModelArchitectures)
    if (architecture.name == name)
      return architecture;
  auto names =
      map_range(kModelArchitectures,
                [](const ModelArchitecture &known) { return known.name; });
  return createStringError("--architecture must be one of " +
                           join(names, ", ") + ", found '" + name + "'");
}

static Expected<ElementType> readElementType(StringRef name) {
  const std::optional<ElementType> type = parseElementType(name);
  if (type && *type != ElementType::F64)
    return *type;
  return createStringError("--dtype must be F32, F16 or BF16, found '" + name +
                           "'");
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static Error checkRange(StringRef name, int64_t value, int64_t limit) {
  if (value >= 1 && value <= limit)
    return Error::success();
  return createStringError(
      formatv("--{0} must be from 1 to {1}, found {2}", name, limit, value));
}

/// Checks how the heads divide the channels.
static Error checkHeads(const ModelSizes &sizes, bool isHeadDimGiven,
                        bool isChatGLM) {
  if (sizes.heads % sizes.kvHeads != 0)
    return createStringError(
        formatv("--heads={0} must be a multiple of --kv-heads={1}, as each key "
                "and value head serves as many heads",
                sizes.heads, sizes.kvHeads));
  if (!isHeadDimGiven && sizes.hidden % sizes.heads != 0)
    return createStringError(
        formatv("--hidden={0} must be a multiple of --heads={1}; otherwise "
                "give --head-dim",
                sizes.hidden, sizes.heads));
  const int64_t unit = isChatGLM ? 4 : 2;
  if (sizes.headDim % unit != 0)
    return createStringError(
        formatv("the channels of a head must be a multiple of {0}, as the "
                "rotary embedding pairs those of {1}, found {2}; choose "
                "another --head-dim",
                unit, isChatGLM ? "half a head" : "a head", sizes.headDim));
  return Error::success();
}

/// The sizes of the command with its defaults.
static Expected<ModelSizes> getSizes(const MakeModelCommand &command,
                                     bool isChatGLM) {
  // config.json of larger models could not be imported, and no model has more
  // layers.
  constexpr int64_t kMaxSize = 2147483647, kMaxLayers = 1000;
  const std::tuple<StringLiteral, int64_t, int64_t> ranges[] = {
      {"hidden", command.hidden, kMaxSize},
      {"layers", command.layers, kMaxLayers},
      {"heads", command.heads, kMaxSize},
      {"intermediate", command.intermediate, kMaxSize},
      {"vocabulary", command.vocabulary, kMaxSize},
      {"context", command.context, kMaxSize}};
  for (auto [name, value, limit] : ranges)
    if (Error error = checkRange(name, value, limit))
      return error;

  ModelSizes sizes;
  sizes.hidden = command.hidden;
  sizes.layers = command.layers;
  sizes.heads = command.heads;
  sizes.kvHeads = command.kvHeads.value_or(
      sizes.heads % 2 == 0 ? sizes.heads / 2 : sizes.heads);
  sizes.headDim = command.headDim.value_or(sizes.hidden / sizes.heads);
  sizes.intermediate = command.intermediate;
  sizes.vocabulary = command.vocabulary;
  sizes.context = command.context;
  sizes.isTied = command.isTied;
  if (Error error = checkRange("kv-heads", sizes.kvHeads, kMaxSize))
    return error;
  if (command.headDim)
    if (Error error =
            checkRange("head-dim", sizes.headDim, kMaxSize / sizes.heads))
      return error;
  if (Error error = checkHeads(sizes, command.headDim.has_value(), isChatGLM))
    return error;
  return sizes;
}

/// What is free in the file system of a directory, which need not exist yet;
/// nothing if that is not known.
static std::optional<uint64_t> getFreeBytes(StringRef directory) {
  while (!directory.empty() && !sys::fs::exists(directory))
    directory = sys::path::parent_path(directory);
  ErrorOr<sys::fs::space_info> space =
      sys::fs::disk_space(directory.empty() ? "." : directory);
  return space ? std::optional<uint64_t>(space->available) : std::nullopt;
}

/// Checks that somebody may want as many bytes, and that there is room.
static Error checkBytes(ArrayRef<TensorDeclaration> tensors, ElementType type,
                        StringRef directory) {
  // Some 130 billion weights of 16 bits.
  constexpr uint64_t kMaxBytes = 1ull << 38;
  uint64_t total = 0;
  for (const TensorDeclaration &tensor : tensors) {
    uint64_t bytes = getByteSize(type);
    for (int64_t dim : tensor.shape)
      bytes = SaturatingMultiply<uint64_t>(bytes, dim);
    total = SaturatingAdd(total, bytes);
  }
  auto fail = [&](StringRef limit) -> Error {
    const StringRef more =
        total == std::numeric_limits<uint64_t>::max() ? "at least " : "";
    return createStringError(
        formatv("the weights would have {0}{1} bytes, more than the {2}; "
                "choose smaller sizes",
                more, total, limit));
  };
  if (total > kMaxBytes)
    return fail(formatv("{0} that make-model writes", kMaxBytes).str());
  if (std::optional<uint64_t> room = getFreeBytes(directory))
    if (total > *room)
      return fail(formatv("{0} that are free at {1}", *room, directory).str());
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static std::string printJSON(json::Object object) {
  return formatv("{0:2}\n", json::Value(std::move(object)));
}

static StringRef getTorchName(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return "float64";
  case ElementType::F32:
    return "float32";
  case ElementType::F16:
    return "float16";
  case ElementType::BF16:
    return "bfloat16";
  }
  llvm_unreachable("all element types are handled");
}

static void printTensors(raw_fd_ostream &os,
                         ArrayRef<TensorDeclaration> tensors, ElementType type,
                         const MakeModelCommand &command) {
  writeSafetensors(
      os, tensors, type,
      [&](size_t number, int64_t first, MutableArrayRef<float> out) {
        const TensorDeclaration &tensor = tensors[number];
        fillRandomTensor(tensor.name, tensor.shape, command.seed, first, out);
        // A hidden state is close to its token's embedding. Where that is the
        // output layer, too, the token would be followed by itself, were it not
        // small beside what the layers add.
        if (command.isTied && number == 0)
          for (float &value : out)
            value /= 4;
        // A full disk ends what may take long.
        return !os.has_error();
      });
}

/// Adds a tokenizer of bytes where the vocabulary has room for one. The end
/// token has the id that config.json says.
static void addTokenizer(int64_t vocabulary, OutputFiles &files) {
  const std::vector<std::string> special = {"<|pad|>", "<|begin|>", "<|end|>"};
  if (vocabulary < 256 + static_cast<int64_t>(special.size()))
    return;
  files.add("tokenizer.json", host::makeByteTokenizer(special, vocabulary));
  files.add(
      "tokenizer_config.json",
      printJSON(json::Object{{"bos_token", special[1]},
                             {"eos_token", special[2]},
                             {"pad_token", special[0]},
                             {"tokenizer_class", "PreTrainedTokenizerFast"}}));
}

static Error makeModel(const MakeModelCommand &command) {
  Expected<const ModelArchitecture &> architecture =
      findArchitecture(command.architecture);
  if (!architecture)
    return architecture.takeError();
  Expected<ElementType> type = readElementType(command.elementType);
  if (!type)
    return type.takeError();
  Expected<ModelSizes> sizes = getSizes(command, architecture->isChatGLM);
  if (!sizes)
    return sizes.takeError();
  const std::vector<TensorDeclaration> tensors =
      getTensors(*architecture, *sizes);
  if (Error error = checkBytes(tensors, *type, command.outputDirectory))
    return error;

  const int64_t endToken = std::min<int64_t>(2, sizes->vocabulary - 1);
  json::Object config = getConfig(*architecture, *sizes);
  config["eos_token_id"] = endToken;
  config["torch_dtype"] = getTorchName(*type);
  OutputFiles files(command.outputDirectory);
  files.add("config.json", printJSON(std::move(config)));
  files.add("generation_config.json",
            printJSON(json::Object{{"eos_token_id", endToken}}));
  files.add("model.safetensors", [&](raw_fd_ostream &os) {
    printTensors(os, tensors, *type, command);
  });
  addTokenizer(sizes->vocabulary, files);
  return files.write();
}

int dlavm::runMakeModel(const MakeModelCommand &command) {
  if (Error error = makeModel(command))
    return reportError(std::move(error));
  return 0;
}
