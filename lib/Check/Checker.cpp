//===- Checker.cpp - What a recorded run shows ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/BlockExpander.h"
#include "Dataflow.h"
#include "StartCache.h"

#include <map>
#include <set>
#include <tuple>

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

class Checker::Impl final : public EventSink {
public:
  Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
       std::vector<std::string> unmasked);

  void beginRun(int64_t seq, int64_t past);
  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void endRun(bool onlySomeLayers);
  void report(llvm::StringRef reg, const Twine &message) {
    log.report(mark, starts, reg, "", message);
  }

  FindingLog log;
  BlockImage blockImage;
  /// Where the events come in.
  BlockExpander blocks;

private:
  using Operands = llvm::SmallVector<Operand, 6>;

  /// What starts may share an op by, besides tokens: the first output channel,
  /// 0 where there is none, and where the KV heads begin in their cache.
  struct Part {
    uint32_t firstChannel;
    int64_t cache;
    bool operator<(const Part &other) const {
      return std::tie(cache, firstChannel) <
             std::tie(other.cache, other.firstChannel);
    }
  };
  /// The last start that computed a part of the op.
  struct Slice {
    Operands operands;
    int64_t width = 0;
    /// Of this start and those before it.
    int64_t tokens = 0;
  };

  /// What an op has done in groups of starts before this one, with other ops
  /// between: slices of its tokens.
  struct Earlier {
    Operands first;
    /// The last start of the same part as the first.
    Slice last;
    int64_t tokens = 0;
  };

  void report(const DecodedTask &task, const Operand &operand,
              const Twine &message) {
    log.report(mark, starts, task.getName(*operand.reg),
               plan.getName(operand.memory, operand.bytes), message);
  }

  /// Everything about one start, in the order of these functions.
  void start(uint32_t reg, uint32_t value);
  void checkWritten(const DecodedTask &task);
  /// Whether the register has a value of this run: written since the start
  /// before, or anywhere in the run where registers keep their values.
  bool isKnown(const Register &reg) const {
    return writtenAt[reg.number] >= (keepsValues ? firstEpoch : epoch);
  }
  /// A register of a table that has it says a number of tokens.
  void checkCount(const DecodedTask &task, const Register *reg,
                  int64_t expected, const Twine &meaning);
  Operands getOperands(const DecodedTask &task);
  void checkPlacement(const DecodedTask &task, const Operand &operand);
  void addToOp(const DecodedTask &task, Operands operands);
  Part getPart(const DecodedTask &task, const Operands &operands) const;
  void checkReuse(const DecodedTask &task, const Operands &operands);
  void checkAdvance(const DecodedTask &task, const Slice &slice,
                    Operands &operands);
  /// The next slice of an op takes the next rows of each map, or those of a map
  /// that holds a slice.
  void checkContinues(const DecodedTask &task, const Operands &operands);
  /// What the op in the current group has done before; null for none, or where
  /// ops have no names.
  Earlier *findEarlier();
  /// Ends the group of starts of the current op.
  void finishOp();
  /// The parts of an op are those of one whole.
  void checkParts();

  /// A start without a mask has no token that comes before another.
  void checkMask(const DecodedTask &task, int64_t firstToken, int64_t tokens);

  const DeviceInfo &device;
  const std::vector<std::string> unmasked;
  TaskDecoder decoder;
  Plan plan;
  StartCache cache;
  Dataflow dataflow;
  /// For each task the register that says how many tokens a start writes, or
  /// null.
  llvm::SmallVector<const Register *, 16> widths;
  /// For each task the register with its first output channel, or null.
  llvm::SmallVector<const Register *, 16> firstChannels;
  const int64_t rowBytes;
  /// For each task the registers that say what call it belongs to, or null.
  llvm::SmallVector<const Register *, 16> pasts, keys, masks;

  /// The registers of the device, and for each the number of the last start
  /// before it was written, plus 1.
  std::vector<uint32_t> file;
  std::vector<uint64_t> writtenAt;
  uint64_t epoch = 1;
  /// Of the run.
  uint64_t firstEpoch = 1;
  const bool keepsValues;
  bool hasPendingWrites = false;
  /// Whether this run writes a register, known or not.
  bool hasWrites = false;
  /// The task that nobody has polled yet, or null.
  const DecodedTask *running = nullptr;

  int64_t seq = 0, past = 0;
  unsigned starts = 0;
  Mark mark;
  std::optional<Op> op;
  std::map<Part, Slice> lastSlices;
  /// The first start of the op.
  Part firstPart = {0, 0};
  Operands firstOperands;
  /// Of this run, by layer, name and task.
  std::map<std::tuple<int32_t, unsigned, const DecodedTask *>, Earlier> earlier;
  /// Of the last start of the op.
  llvm::SmallVector<uint32_t, 36> lastValues;
  Operands lastOperands;
};

Checker::Impl::Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
                    std::vector<std::string> unmasked)
    : blocks(device, blockImage, *this,
             [this](llvm::StringRef reg, const Twine &message) {
               report(reg, message);
             }),
      device(device), unmasked(std::move(unmasked)), decoder(device),
      plan(device, std::move(regions)), cache(device),
      dataflow(device, plan, log), rowBytes(device.getTraits().rowBytes),
      file(decoder.getRegisterEnd()), writtenAt(decoder.getRegisterEnd()),
      keepsValues(device.getTraits().registersKeepValues) {
  for (const DecodedTask &task : decoder.getTasks()) {
    widths.push_back(task.getTable().lookup(RegisterRole::Tokens));
    firstChannels.push_back(task.getTable().lookup(RegisterRole::FirstChannel));
    pasts.push_back(task.getTable().lookup(RegisterRole::Past));
    keys.push_back(task.getTable().lookup(RegisterRole::Keys));
    masks.push_back(task.getTable().lookup(RegisterRole::Mask));
  }
}

//===----------------------------------------------------------------------===//
// Protocol
//===----------------------------------------------------------------------===//

void Checker::Impl::beginRun(int64_t newSeq, int64_t newPast) {
  seq = newSeq;
  past = newPast;
  log.beginRun(seq, past);
  blocks.beginRun();
  dataflow.beginRun(seq, past);
  plan.beginRun();
  firstEpoch = ++epoch;
  hasPendingWrites = hasWrites = false;
  running = nullptr;
  starts = 0;
  mark = Mark();
  earlier.clear();
}

void Checker::Impl::endRun(bool onlySomeLayers) {
  blocks.endRun();
  finishOp();
  plan.endRun(log, onlySomeLayers);
  // Whoever finds no fault in nothing has checked nothing. Writes without a
  // start have findings of their own.
  if (starts == 0 && !hasWrites)
    report("", "the run starts no task, so it computes nothing");
  if (running)
    report(running->getName(*running->status),
           "the run ends before the last task is polled");
  if (hasPendingWrites)
    report("", "the writes after the last start start no task");
  running = nullptr;
}

void Checker::Impl::task(int32_t layer, llvm::StringRef name) {
  if (mark.layer == layer && log.getName(mark.name) == name)
    return;
  finishOp();
  mark = {layer, log.intern(name)};
}

void Checker::Impl::write(uint32_t reg, uint32_t value) {
  hasWrites = true;
  if (!decoder.isWritten(reg)) {
    report("", "no task has a register " + Twine(reg) + " that is written");
    return;
  }
  file[reg] = value;
  writtenAt[reg] = epoch;
  hasPendingWrites = true;
  if (decoder.isOpcode(reg))
    start(reg, value);
}

void Checker::Impl::poll(uint32_t reg, uint32_t value) {
  if (!running) {
    report("", "register " + Twine(reg) + " is polled, but no task is running");
    return;
  }
  const Register &status = *running->status;
  if (reg != status.number || value != status.value)
    report(running->getName(status),
           "register " + Twine(reg) + " is polled until it is " + Twine(value) +
               ", but the task is done when register " + Twine(status.number) +
               " is " + Twine(status.value));
  running = nullptr;
}

uint32_t Checker::Impl::read(uint32_t reg) {
  if (!decoder.isReadable(reg))
    report("", "no task has a result in register " + Twine(reg));
  else if (running)
    report(running->getName(*running->status),
           "register " + Twine(reg) + " is read before the task is polled");
  return 0;
}

//===----------------------------------------------------------------------===//
// Starts
//===----------------------------------------------------------------------===//

void Checker::Impl::start(uint32_t reg, uint32_t value) {
  const DecodedTask *task = decoder.lookup(reg, value, file);
  if (running)
    report(running->getName(*running->status),
           "the next task starts before this one is polled");
  if (!task) {
    running = decoder.lookup(reg);
    report(running->getName(*running->opcode),
           "the value " + Twine(value) + " starts no task");
    finishOp();
  } else {
    running = task;
    checkWritten(*task);
    Operands operands = getOperands(*task);
    checkCount(*task, keys[task - decoder.getTasks().data()], seq + past,
               "the tokens in the KV cache and those of the call");
    addToOp(*task, std::move(operands));
  }
  hasPendingWrites = false;
  ++epoch;
  ++starts;
}

void Checker::Impl::checkWritten(const DecodedTask &task) {
  llvm::SmallVector<const Register *> missing;
  llvm::copy_if(task.written, std::back_inserter(missing),
                [&](const Register *reg) { return !isKnown(*reg); });
  if (missing.empty())
    return;
  if (missing.size() == 1)
    return report(task.getName(*missing.front()),
                  Twine(missing.front()->name) +
                      " is not written before the task starts");
  // A task that starts twice has dozens, and one reason.
  constexpr size_t most = 3;
  std::string names = missing.front()->name;
  for (const Register *reg :
       llvm::ArrayRef(missing).drop_front().take_front(most - 1))
    names += ", " + reg->name;
  report("", Twine(missing.size()) + " of the " + Twine(task.written.size()) +
                 " registers of " + task.getTable().getName() +
                 " are not written before the task starts: " + names +
                 (missing.size() > most ? ", ..." : ""));
}

void Checker::Impl::checkCount(const DecodedTask &task, const Register *reg,
                               int64_t expected, const Twine &meaning) {
  // A register that nobody wrote has been reported.
  if (reg && isKnown(*reg) && file[reg->number] != expected)
    report(task.getName(*reg), Twine(reg->name) + " is " +
                                   Twine(file[reg->number]) + ", not " +
                                   Twine(expected) + ": " + meaning);
}

Checker::Impl::Operands Checker::Impl::getOperands(const DecodedTask &task) {
  const StartFacts &facts = cache.get(task, file);
  for (const auto &[reg, problem] : facts.problems)
    report(task.getName(*reg), Twine(reg->name) + " " + problem);
  Operands operands;
  for (const StartFacts::RelativeExtent &extent : facts.extents) {
    const int64_t address =
        RegisterValues(task.getTable(), file).getAddress(*extent.reg);
    operands.push_back(
        {extent.reg,
         extent.memory,
         {address + extent.bytes.begin, address + extent.bytes.end},
         address,
         extent.isReused});
    checkPlacement(task, operands.back());
  }
  return operands;
}

void Checker::Impl::checkPlacement(const DecodedTask &task,
                                   const Operand &operand) {
  const Memory &memory = device.getMemories()[operand.memory];
  if (operand.bytes.begin % memory.minimumAlignment != 0)
    report(task, operand,
           "the address " + Twine(operand.bytes.begin) +
               " is not a multiple of " + Twine(memory.minimumAlignment));
  if (operand.bytes.begin < 0 || operand.bytes.end > memory.capacity)
    report(task, operand,
           "the operand, " + FindingLog::describe(operand.bytes) +
               ", leaves the memory of " + Twine(memory.capacity) + " bytes");
}

void Checker::Impl::addToOp(const DecodedTask &task, Operands operands) {
  if (op && op->task != &task)
    finishOp();
  llvm::SmallVector<uint32_t, 36> values;
  for (const Register *reg : task.written)
    values.push_back(file[reg->number]);
  const size_t index = &task - decoder.getTasks().data();
  const Register *width = widths[index];
  if (!op) {
    op = Op{&task, mark, starts, operands};
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
    report(task.getName(*task.opcode),
           "the task runs a second time with the same operands");
  } else {
    const Earlier *before = findEarlier();
    const int64_t tokens = slice.tokens + (before ? before->tokens : 0);
    checkCount(task, pasts[index], past + tokens,
               "the tokens in the KV cache before the call" +
                   (tokens == 0 ? ""
                                : ", and the " + std::to_string(tokens) +
                                      " of starts before this one"));
    checkMask(task, past + tokens, width ? file[width->number] : 0);
    checkReuse(task, operands);
    // Without tokens the parts are rows of images, which overlap in the input.
    if (!isFirst && width)
      checkAdvance(task, slice, operands);
    slice.width = width ? file[width->number] : 0;
    slice.tokens += slice.width;
  }
  lastValues = std::move(values);
  lastOperands = operands;
  slice.operands = std::move(operands);
}

void Checker::Impl::checkMask(const DecodedTask &task, int64_t firstToken,
                              int64_t tokens) {
  const Register *mask = masks[&task - decoder.getTasks().data()];
  if (!mask || !isKnown(*mask) || file[mask->number] != 0 ||
      llvm::is_contained(unmasked, log.getName(mark.name)))
    return;
  // The newest token alone has none behind it.
  if (tokens > 1 || firstToken + tokens != seq + past)
    report(task.getName(*mask),
           Twine(mask->name) +
               " is 0, but the rows would see tokens that come after them");
}

Checker::Impl::Part Checker::Impl::getPart(const DecodedTask &task,
                                           const Operands &operands) const {
  const Register *channel = firstChannels[&task - decoder.getTasks().data()];
  const Operand *cache = llvm::find_if(operands, [](const Operand &operand) {
    return operand.reg->role == RegisterRole::CacheIn;
  });
  return {channel ? file[channel->number] : 0,
          cache == operands.end() ? 0 : cache->bytes.begin};
}

void Checker::Impl::checkReuse(const DecodedTask &task,
                               const Operands &operands) {
  for (const Operand &operand : operands) {
    if (!operand.isReused)
      continue;
    const Operand *last = findOperand(lastOperands, operand.reg);
    if (!last)
      report(task, operand,
             "the start reuses what no start of the op before it has read");
    else if (last->address != operand.address)
      report(task, operand,
             "the start reuses what lies at " + Twine(operand.address) +
                 ", but the one before it used what lies at " +
                 Twine(last->address));
    else if (!(last->bytes == operand.bytes))
      report(task, operand,
             "the start reuses " + FindingLog::describe(operand.bytes) +
                 ", but the one before it used " +
                 FindingLog::describe(last->bytes));
  }
}

void Checker::Impl::checkAdvance(const DecodedTask &task, const Slice &slice,
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
    report(task, *output,
           "the output advances by " + Twine(*step) +
               " bytes from slice to slice, but the last one wrote " +
               Twine(width) + " tokens of " + Twine(rowBytes) + " bytes");
  for (const Operand &operand : operands) {
    const std::optional<int64_t> other = advance(operand);
    // Parameters stay, or belong to the tokens as the rotary table does.
    if (!other || *other == *step || (*other == 0 && !isMap(operand.reg->role)))
      continue;
    if (*other == 0)
      report(task, operand,
             Twine(operand.reg->name) +
                 " stays the same from slice to slice, but the output advances "
                 "by " +
                 Twine(*step) +
                 " bytes: later slices get the rows of other "
                 "tokens");
    else
      report(task, operand,
             "the operand advances by " + Twine(*other) +
                 " bytes from slice to slice, but the output by " +
                 Twine(*step));
  }
}

Checker::Impl::Earlier *Checker::Impl::findEarlier() {
  auto it = earlier.find({op->mark.layer, op->mark.name, op->task});
  return it == earlier.end() ? nullptr : &it->second;
}

void Checker::Impl::checkContinues(const DecodedTask &task,
                                   const Operands &operands) {
  const Earlier &before = *findEarlier();
  for (const Operand &operand : operands) {
    const Operand *first = findOperand(before.first, operand.reg);
    const Operand *last = findOperand(before.last.operands, operand.reg);
    if (!first || !last || operand.bytes.begin == first->bytes.begin)
      continue;
    const int64_t step = operand.bytes.begin - last->bytes.begin;
    if (!isMap(operand.reg->role))
      report(task, operand,
             "the op goes on with other tokens, but with what lies at " +
                 Twine(operand.bytes.begin) + " instead of " +
                 Twine(first->bytes.begin));
    else if (step != before.last.width * rowBytes)
      report(task, operand,
             "the op goes on with other tokens, but the operand advances by " +
                 Twine(step) + " bytes, and the start before took " +
                 Twine(before.last.width) + " tokens of " + Twine(rowBytes) +
                 " bytes");
  }
}

void Checker::Impl::checkParts() {
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

void Checker::Impl::finishOp() {
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

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

Checker::Checker(const DeviceInfo &device, std::vector<PlanRegion> plan,
                 std::vector<std::string> unmasked)
    : impl(std::make_unique<Impl>(device, std::move(plan),
                                  std::move(unmasked))) {}
Checker::~Checker() = default;

void Checker::beginRun(int64_t seq, int64_t past) { impl->beginRun(seq, past); }
void Checker::task(int32_t layer, llvm::StringRef name) {
  impl->blocks.task(layer, name);
}
void Checker::write(uint32_t reg, uint32_t value) {
  impl->blocks.write(reg, value);
}
void Checker::poll(uint32_t reg, uint32_t value) {
  impl->blocks.poll(reg, value);
}
void Checker::read(uint32_t reg) { impl->blocks.read(reg); }
void Checker::dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
  impl->blocks.dmaWrite(address, bytes);
}
void Checker::load(const Instructions &instructions) {
  impl->blocks.load(instructions);
}
void Checker::endRun(bool onlySomeLayers) { impl->endRun(onlySomeLayers); }
void Checker::report(const Twine &message) { impl->report("", message); }
llvm::ArrayRef<Finding> Checker::getFindings() const {
  return impl->log.getFindings();
}
