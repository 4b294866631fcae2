//===- OpChecker.cpp - The starts that make an op -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpChecker.h"

#include <set>

using namespace dlavm;
using llvm::Twine;

static bool isMap(RegisterRole role) {
  return role == RegisterRole::MapIn || role == RegisterRole::MapOut;
}

/// The operand of this register, or null.
template <typename Operands>
static auto findOperand(Operands &operands, const Register *reg)
    -> decltype(operands.data()) {
  for (auto &operand : operands)
    if (operand.reg == reg)
      return &operand;
  return nullptr;
}

OpChecker::OpChecker(CheckedRun &run, const DeviceInfo &device,
                     const TaskDecoder &decoder, Plan &plan, Dataflow &dataflow,
                     FindingLog &log)
    : run(run), decoder(decoder), plan(plan), dataflow(dataflow), log(log),
      rowBytes(device.getTraits().rowBytes) {
  for (const DecodedTask &task : decoder.getTasks()) {
    const RegisterTable &table = task.getTable();
    widths.push_back(table.lookup(RegisterRole::Tokens));
    firstChannels.push_back(table.lookup(RegisterRole::FirstChannel));
    pasts.push_back(table.lookup(RegisterRole::Past));
    keys.push_back(table.lookup(RegisterRole::Keys));
    masks.push_back(table.lookup(RegisterRole::Mask));
  }
}

void OpChecker::add(const DecodedTask &task, Operands operands) {
  const size_t index = &task - decoder.getTasks().data();
  run.checkCount(task, keys[index], run.seq + run.past,
                 "the tokens in the KV cache and those of the call");
  if (op && op->task != &task)
    finish();
  llvm::SmallVector<uint32_t, 36> values;
  for (const Register *reg : task.written)
    values.push_back(run.getValue(*reg));
  const Register *width = widths[index];
  if (!op) {
    op = Op{&task, run.mark, run.starts, operands};
    lastSlices.clear();
    lastValues.clear();
    lastOperands.clear();
    firstPart = getPart(task, operands);
    firstOperands = operands;
    if (findEarlier())
      checkContinues(task, operands);
  } else {
    for (const Operand &operand : operands) {
      if (Operand *whole = findOperand(op->operands, operand.reg))
        whole->bytes = whole->bytes.hull(operand.bytes);
      else
        op->operands.push_back(operand);
    }
  }
  const auto [last, isFirst] = lastSlices.try_emplace(getPart(task, operands));
  Slice &slice = last->second;
  if (values == lastValues) {
    run.report(task.getName(*task.opcode),
               "the task runs a second time with the same operands");
  } else {
    const Earlier *before = findEarlier();
    const int64_t tokens = slice.tokens + (before ? before->tokens : 0);
    run.checkCount(task, pasts[index], run.past + tokens,
                   "the tokens in the KV cache before the call" +
                       (tokens == 0 ? ""
                                    : ", and the " + std::to_string(tokens) +
                                          " of starts before this one"));
    checkMask(task, run.past + tokens, width ? run.getValue(*width) : 0);
    checkReuse(task, operands);
    // Without tokens the parts are rows of images, which overlap in the input.
    if (!isFirst && width)
      checkAdvance(task, slice, operands);
    slice.width = width ? run.getValue(*width) : 0;
    slice.tokens += slice.width;
  }
  lastValues = std::move(values);
  lastOperands = operands;
  slice.operands = std::move(operands);
}

void OpChecker::checkMask(const DecodedTask &task, int64_t firstToken,
                          int64_t tokens) {
  const Register *mask = masks[&task - decoder.getTasks().data()];
  const PlannedTask *planned = plan.getTask(log.getName(run.mark.name));
  if (!mask || !run.isKnown(*mask) || run.getValue(*mask) != 0 ||
      (planned && planned->isUnmasked))
    return;
  // The newest token alone has none behind it.
  if (tokens > 1 || firstToken + tokens != run.seq + run.past)
    run.report(task.getName(*mask),
               Twine(mask->name) +
                   " is 0, but the rows would see tokens that come after them");
}

OpChecker::Part OpChecker::getPart(const DecodedTask &task,
                                   const Operands &operands) const {
  const Register *channel = firstChannels[&task - decoder.getTasks().data()];
  const Operand *cache = llvm::find_if(operands, [](const Operand &operand) {
    return operand.reg->role == RegisterRole::CacheIn;
  });
  return {channel ? run.getValue(*channel) : 0,
          cache == operands.end() ? 0 : cache->bytes.begin};
}

void OpChecker::checkReuse(const DecodedTask &task, const Operands &operands) {
  for (const Operand &operand : operands) {
    if (!operand.isReused)
      continue;
    const Operand *last = findOperand(lastOperands, operand.reg);
    if (!last)
      run.report(task, operand,
                 "the start reuses what no start of the op before it has read");
    else if (last->address != operand.address)
      run.report(task, operand,
                 "the start reuses what lies at " + Twine(operand.address) +
                     ", but the one before it used what lies at " +
                     Twine(last->address));
    else if (!(last->bytes == operand.bytes))
      run.report(task, operand,
                 "the start reuses " + FindingLog::describe(operand.bytes) +
                     ", but the one before it used " +
                     FindingLog::describe(last->bytes));
  }
}

void OpChecker::checkAdvance(const DecodedTask &task, const Slice &slice,
                             Operands &operands) {
  auto advance = [&](const Operand &operand) -> std::optional<int64_t> {
    if (const Operand *last = findOperand(slice.operands, operand.reg))
      return operand.bytes.begin - last->bytes.begin;
    return std::nullopt;
  };
  const Operand *output = llvm::find_if(operands, [](const Operand &operand) {
    return operand.reg->role == RegisterRole::MapOut;
  });
  if (output == operands.end())
    return;
  const std::optional<int64_t> step = advance(*output);
  if (!step)
    return;
  const int64_t width = slice.width;
  if (width * rowBytes != 0 && *step != width * rowBytes)
    run.report(task, *output,
               "the output advances by " + Twine(*step) +
                   " bytes from slice to slice, but the last one wrote " +
                   Twine(width) + " tokens of " + Twine(rowBytes) + " bytes");
  for (const Operand &operand : operands) {
    const std::optional<int64_t> other = advance(operand);
    // Parameters stay, or belong to the tokens as the rotary table does.
    if (!other || *other == *step || (*other == 0 && !isMap(operand.reg->role)))
      continue;
    if (*other == 0)
      run.report(
          task, operand,
          Twine(operand.reg->name) +
              " stays the same from slice to slice, but the output advances "
              "by " +
              Twine(*step) +
              " bytes: later slices get the rows of other "
              "tokens");
    else
      run.report(task, operand,
                 "the operand advances by " + Twine(*other) +
                     " bytes from slice to slice, but the output by " +
                     Twine(*step));
  }
}

OpChecker::Earlier *OpChecker::findEarlier() {
  auto it = earlier.find({op->mark.layer, op->mark.name, op->task});
  return it == earlier.end() ? nullptr : &it->second;
}

void OpChecker::checkContinues(const DecodedTask &task,
                               const Operands &operands) {
  const Earlier &before = *findEarlier();
  for (const Operand &operand : operands) {
    const Operand *first = findOperand(before.first, operand.reg);
    const Operand *last = findOperand(before.last.operands, operand.reg);
    if (!first || !last || operand.bytes.begin == first->bytes.begin)
      continue;
    const int64_t step = operand.bytes.begin - last->bytes.begin;
    if (!isMap(operand.reg->role))
      run.report(task, operand,
                 "the op goes on with other tokens, but with what lies at " +
                     Twine(operand.bytes.begin) + " instead of " +
                     Twine(first->bytes.begin));
    else if (step != before.last.width * rowBytes)
      run.report(
          task, operand,
          "the op goes on with other tokens, but the operand advances by " +
              Twine(step) + " bytes, and the start before took " +
              Twine(before.last.width) + " tokens of " + Twine(rowBytes) +
              " bytes");
  }
}

void OpChecker::checkParts() {
  const auto &[firstPart, first] = *lastSlices.begin();
  auto describe = [](const Part &part) {
    return "output channel " + std::to_string(part.firstChannel) +
           (part.cache == 0
                ? ""
                : " with the KV cache at " + std::to_string(part.cache));
  };
  std::set<uint32_t> channels;
  std::set<int64_t> caches;
  for (const auto &[part, slice] : lastSlices) {
    channels.insert(part.firstChannel);
    caches.insert(part.cache);
    if (slice.tokens != first.tokens)
      log.report(op->mark, op->start, "", "",
                 "some starts are missing or too many: those of " +
                     describe(part) + " write " + Twine(slice.tokens) +
                     " tokens, but those of " + describe(firstPart) +
                     " write " + Twine(first.tokens));
  }
  if (channels.size() * caches.size() != lastSlices.size())
    log.report(op->mark, op->start, "", "",
               "some starts are missing: " + Twine(caches.size()) +
                   " KV heads with " + Twine(channels.size()) +
                   " slices of output channels have only " +
                   Twine(lastSlices.size()) + " together");
  // The slices of the weights follow each other, and so do the KV heads.
  for (const Operand &whole : op->operands) {
    const bool isCache = whole.reg->role == RegisterRole::CacheIn;
    if (!isCache && whole.reg->role != RegisterRole::Weight)
      continue;
    std::vector<ByteRange> pieces;
    for (const auto &[part, slice] : lastSlices)
      if (isCache ? part.firstChannel == firstPart.firstChannel
                  : part.cache == firstPart.cache)
        if (const Operand *operand = findOperand(slice.operands, whole.reg))
          pieces.push_back(operand->bytes);
    llvm::sort(pieces, [](const ByteRange &a, const ByteRange &b) {
      return a.begin < b.begin;
    });
    for (size_t i = 1; i < pieces.size(); ++i) {
      const int64_t begin = pieces[i].begin, end = pieces[i - 1].end;
      if (begin != end)
        log.report(*op, whole, plan.getName(whole.memory, whole.bytes),
                   begin > end
                       ? "no start of the op uses " +
                             FindingLog::describe(ByteRange{end, begin})
                       : "starts for other output channels or KV "
                         "heads use " +
                             FindingLog::describe(ByteRange{begin, end}) +
                             " too");
    }
  }
}

void OpChecker::finish() {
  if (!op)
    return;
  if (lastSlices.size() > 1)
    checkParts();
  dataflow.add(*op);
  plan.check(*op, log);
  // Ops without names are told by their tasks only.
  if (op->mark.name != 0) {
    Earlier &now = earlier[{op->mark.layer, op->mark.name, op->task}];
    now.first = std::move(firstOperands);
    now.last = std::move(lastSlices[firstPart]);
    now.tokens += now.last.tokens;
  }
  op.reset();
}
