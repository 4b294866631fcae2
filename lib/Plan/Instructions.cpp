//===- Instructions.cpp - The instruction blocks of a driver --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Plan/Instructions.h"
#include "InstructionFields.h"
#include "PlanReader.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

static constexpr size_t wordBytes = sizeof(uint32_t);

Expected<InstructionContent> dlavm::readInstructions(const json::Object &config,
                                                     StringRef place,
                                                     StringRef file) {
  InstructionContent content;
  PlanReader::Problem problem;
  PlanReader reader(config, place.str(), problem);
  if (!mapFields(reader, content) || !reader.finish())
    return make_error<PlanError>(problem.expected, problem.place, problem.found,
                                 file.str());
  return content;
}

namespace {

/// Puts tasks into blocks, one after the other.
class Assembler {
public:
  Assembler(const InstructionContent &content, const PlanObject &object)
      : blockTasks(content.blockTasks),
        headerBytes(content.headerWords * wordBytes), object(object) {
    instructions.dmaAddress =
        static_cast<uint64_t>(object.dmaBase) + object.address;
  }

  Error addRun(const InstructionRun &run);

  Instructions instructions;

private:
  Error add(ArrayRef<InstructionTask> tasks, int64_t layer);
  Error add(const InstructionTask &task, int64_t layer);
  Expected<InstructionName> getName(const InstructionTask &task, int64_t layer);

  const int64_t blockTasks, headerBytes;
  const PlanObject &object;
  int64_t numTasks = 0;
  size_t header = 0;
};

} // namespace

Error Assembler::addRun(const InstructionRun &run) {
  // It begins a block.
  numTasks = 0;
  if (Error error = add(run.first, 0))
    return error;
  for (int64_t i = 0; !run.layer.empty() && i < run.layers; ++i)
    if (Error error = add(run.layer, i))
      return error;
  return add(run.last, 0);
}

Error Assembler::add(ArrayRef<InstructionTask> tasks, int64_t layer) {
  for (const InstructionTask &task : tasks)
    if (Error error = add(task, layer))
      return error;
  return Error::success();
}

Error Assembler::add(const InstructionTask &task, int64_t layer) {
  if (!task.steps.empty() && task.steps.size() != task.words.size())
    return createStringError("the plan has a task of an instruction block "
                             "without as many steps as words");
  Expected<InstructionName> name = getName(task, layer);
  if (!name)
    return name.takeError();
  std::vector<uint8_t> &bytes = instructions.bytes;
  if (numTasks % blockTasks == 0) {
    header = bytes.size();
    bytes.resize(bytes.size() + headerBytes);
    numTasks = 0;
  }
  if (bytes.size() + wordBytes * task.words.size() >
      static_cast<size_t>(object.bytes))
    return createStringError("the plan gives instruction blocks fewer bytes "
                             "than they have");
  bytes[header + numTasks++] = static_cast<uint8_t>(task.code);
  instructions.names[object.address + bytes.size()] = std::move(*name);
  for (auto [i, first] : enumerate(task.words)) {
    const std::optional<int64_t> word =
        checkedMulAdd(layer, task.steps.empty() ? 0 : task.steps[i], first);
    if (!word || !isUInt<32>(*word))
      return createStringError("the plan has a word of an instruction block "
                               "that 32 bits do not hold");
    bytes.resize(bytes.size() + wordBytes);
    support::endian::write32le(&*bytes.end() - wordBytes,
                               static_cast<uint32_t>(*word));
  }
  return Error::success();
}

Expected<InstructionName> Assembler::getName(const InstructionTask &task,
                                             int64_t layer) {
  InstructionName op = {-1, task.name};
  if (!task.layer.empty()) {
    const std::optional<int64_t> number =
        task.layer.size() == 2
            ? checkedMulAdd(layer, task.layer.back(), task.layer.front())
            : std::nullopt;
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
  Expected<InstructionContent> content =
      readInstructions(object.config, object.name + ".with", "plan.json");
  if (!content)
    return content.takeError();
  if (content->headerWords > object.bytes / 4 ||
      content->blockTasks > 4 * content->headerWords)
    return createStringError("the plan gives headers of instruction blocks "
                             "more bytes than there are, or fewer than tasks");
  Assembler assembler(*content, object);
  for (int64_t i = 0; i < content->copies.value_or(1); ++i)
    for (const InstructionRun &run : content->runs)
      if (Error error = assembler.addRun(run))
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
