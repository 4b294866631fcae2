//===- PackInstructions.cpp - The words of instruction blocks -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/Instructions.h"
#include "ObjectPacker.h"
#include "PackSupport.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

namespace {

/// Puts tasks into blocks, one after the other.
class Assembler {
public:
  Assembler(int64_t blockTasks, int64_t headerWords, int64_t size)
      : blockTasks(blockTasks), headerWords(headerWords), size(size) {}

  /// The next task begins a block.
  void endBlock() { numTasks = 0; }

  Error add(const json::Object &task, int64_t layer) {
    std::optional<int64_t> code = task.getInteger("code");
    const json::Array *values = task.getArray("words");
    const json::Array *steps = task.getArray("steps");
    if (!code || !isUInt<8>(*code) || !values ||
        (steps && steps->size() != values->size()))
      return createStringError("the plan has a task of an instruction block "
                               "without code, words or as many steps");
    if (numTasks % blockTasks == 0) {
      header = words.size();
      words.resize(words.size() + headerWords);
      numTasks = 0;
    }
    if (words.size() + values->size() > static_cast<size_t>(size))
      return createStringError("the plan gives instruction blocks fewer bytes "
                               "than they have");
    words[header + numTasks / 4] |= static_cast<uint32_t>(*code)
                                    << (numTasks % 4 * 8);
    ++numTasks;
    for (auto [i, value] : enumerate(*values)) {
      std::optional<int64_t> number = value.getAsInteger();
      std::optional<int64_t> step =
          steps ? (*steps)[i].getAsInteger() : std::optional<int64_t>(0);
      if (number && step)
        number = checkedMulAdd(layer, *step, *number);
      if (!number || !step || !isUInt<32>(*number))
        return createStringError("the plan has a word of an instruction block "
                                 "that 32 bits do not hold");
      words.push_back(static_cast<uint32_t>(*number));
    }
    return Error::success();
  }

  std::vector<uint32_t> words;

private:
  const int64_t blockTasks, headerWords, size;
  int64_t numTasks = 0;
  size_t header = 0;
};

} // namespace

Expected<std::vector<uint32_t>>
dlavm::assembleInstructions(const json::Object &content, int64_t size) {
  const int64_t blockTasks = content.getInteger("block_tasks").value_or(0);
  const int64_t headerWords = content.getInteger("header_words").value_or(0);
  const json::Array *runs = content.getArray("runs");
  if (blockTasks < 1 || headerWords < 1 || headerWords > size || !runs ||
      blockTasks > 4 * headerWords)
    return createStringError("the plan does not say how instruction blocks "
                             "begin, or how many tasks they have");
  Assembler assembler(blockTasks, headerWords, size);
  auto add = [&](const json::Object &run, StringRef part,
                 int64_t layer) -> Error {
    const json::Array *tasks = run.getArray(part);
    if (!tasks)
      return createStringError("the plan has a run of instruction blocks "
                               "without '" +
                               part + "'");
    for (const json::Value &task : *tasks) {
      const json::Object *object = task.getAsObject();
      if (!object)
        return createStringError("the plan has a task of an instruction block "
                                 "that is no object");
      if (Error error = assembler.add(*object, layer))
        return error;
    }
    return Error::success();
  };
  for (const json::Value &value : *runs) {
    const json::Object *run = value.getAsObject();
    if (!run)
      return createStringError("the plan has a run of instruction blocks that "
                               "is no object");
    assembler.endBlock();
    if (Error error = add(*run, "first", 0))
      return error;
    const int64_t layers = run->getInteger("layers").value_or(0);
    const json::Array *layer = run->getArray("layer");
    for (int64_t i = 0; layer && !layer->empty() && i < layers; ++i)
      if (Error error = add(*run, "layer", i))
        return error;
    if (Error error = add(*run, "last", 0))
      return error;
  }
  if (static_cast<int64_t>(assembler.words.size()) != size)
    return createStringError("the plan gives instruction blocks " +
                             Twine(size) + " words, but they have " +
                             Twine(assembler.words.size()));
  return std::move(assembler.words);
}

Error ObjectPacker::packInstructions(const PlanObject &object,
                                     PackSink sink) const {
  Expected<std::vector<uint32_t>> words =
      assembleInstructions(object.config, object.bytes / 4);
  if (!words)
    return words.takeError();
  std::vector<uint8_t> bytes(object.bytes);
  for (auto [i, word] : enumerate(*words))
    support::endian::write32le(&bytes[4 * i], word);
  return sendPorts(object, 0, 0, cutPorts(bytes, 1), object.bytes, sink);
}
