//===- Instructions.cpp - The instruction blocks of a driver --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Plan/Instructions.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

static constexpr size_t wordBytes = sizeof(uint32_t);

namespace {

/// Puts tasks into blocks, one after the other.
class Assembler {
public:
  Assembler(int64_t blockTasks, int64_t headerWords, const PlanObject &object)
      : blockTasks(blockTasks), headerBytes(headerWords * wordBytes),
        object(object) {
    instructions.dmaAddress =
        static_cast<uint64_t>(object.dmaBase) + object.address;
  }

  /// The next task begins a block.
  void endBlock() { numTasks = 0; }

  Error add(const json::Object &task, int64_t layer);

  Instructions instructions;

private:
  Expected<InstructionName> getName(const json::Object &task, int64_t layer);

  const int64_t blockTasks, headerBytes;
  const PlanObject &object;
  int64_t numTasks = 0;
  size_t header = 0;
};

} // namespace

Error Assembler::add(const json::Object &task, int64_t layer) {
  std::optional<int64_t> code = task.getInteger("code");
  const json::Array *values = task.getArray("words");
  const json::Array *steps = task.getArray("steps");
  if (!code || !isUInt<8>(*code) || !values ||
      (steps && steps->size() != values->size()))
    return createStringError("the plan has a task of an instruction block "
                             "without code, words or as many steps");
  Expected<InstructionName> name = getName(task, layer);
  if (!name)
    return name.takeError();
  std::vector<uint8_t> &bytes = instructions.bytes;
  if (numTasks % blockTasks == 0) {
    header = bytes.size();
    bytes.resize(bytes.size() + headerBytes);
    numTasks = 0;
  }
  if (bytes.size() + wordBytes * values->size() >
      static_cast<size_t>(object.bytes))
    return createStringError("the plan gives instruction blocks fewer bytes "
                             "than they have");
  bytes[header + numTasks++] = static_cast<uint8_t>(*code);
  instructions.names[object.address + bytes.size()] = std::move(*name);
  for (auto [i, value] : enumerate(*values)) {
    std::optional<int64_t> number = value.getAsInteger();
    std::optional<int64_t> step =
        steps ? (*steps)[i].getAsInteger() : std::optional<int64_t>(0);
    if (number && step)
      number = checkedMulAdd(layer, *step, *number);
    if (!number || !step || !isUInt<32>(*number))
      return createStringError("the plan has a word of an instruction block "
                               "that 32 bits do not hold");
    bytes.resize(bytes.size() + wordBytes);
    support::endian::write32le(&*bytes.end() - wordBytes,
                               static_cast<uint32_t>(*number));
  }
  return Error::success();
}

Expected<InstructionName> Assembler::getName(const json::Object &task,
                                             int64_t layer) {
  InstructionName op = {-1, task.getString("name").value_or("").str()};
  std::optional<int64_t> number;
  if (const json::Array *layers = task.getArray("layer")) {
    if (layers->size() == 2)
      if (auto first = layers->front().getAsInteger(),
          step = layers->back().getAsInteger();
          first && step)
        number = checkedMulAdd(layer, *step, *first);
    if (!number || *number < 0 || !isInt<32>(*number))
      op.name.clear();
    else
      op.layer = static_cast<int32_t>(*number);
  }
  if (op.name.empty())
    return createStringError("the plan has a task of an instruction block "
                             "without a name, or in no layer");
  return op;
}

Expected<Instructions> dlavm::assembleInstructions(const PlanObject &object) {
  const json::Object &content = object.config;
  const int64_t blockTasks = content.getInteger("block_tasks").value_or(0);
  const int64_t headerWords = content.getInteger("header_words").value_or(0);
  const int64_t copies = content.getInteger("copies").value_or(1);
  const json::Array *runs = content.getArray("runs");
  if (copies < 1 || copies > 2)
    return createStringError("the plan has instruction blocks " +
                             Twine(copies) + " times, not once or twice");
  if (blockTasks < 1 || headerWords < 1 || headerWords > object.bytes / 4 ||
      !runs || blockTasks > 4 * headerWords)
    return createStringError("the plan does not say how instruction blocks "
                             "begin, or how many tasks they have");
  Assembler assembler(blockTasks, headerWords, object);
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
  auto addRun = [&](const json::Value &value) -> Error {
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
    return add(*run, "last", 0);
  };
  // As many as the object has bytes for.
  for (int64_t i = 0; !runs->empty() && i < copies; ++i)
    for (const json::Value &run : *runs)
      if (Error error = addRun(run))
        return error;
  if (const size_t bytes = assembler.instructions.bytes.size();
      static_cast<int64_t>(bytes) != object.bytes)
    return createStringError("the plan gives instruction blocks " +
                             Twine(object.bytes) + " bytes, but they have " +
                             Twine(bytes));
  return std::move(assembler.instructions);
}

Expected<std::optional<Instructions>>
dlavm::assembleInstructions(const DriverPlan &plan) {
  for (const PlanObject &object : plan.objects) {
    if (object.kind != ObjectKind::Instructions)
      continue;
    Expected<Instructions> instructions = assembleInstructions(object);
    if (!instructions)
      return instructions.takeError();
    return std::move(*instructions);
  }
  return std::nullopt;
}
