//===- PromoteOnChip.cpp - Maps that tasks leave on the chip --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/MemoryPlan/MemoryPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/MathExtras.h"

#include <set>

namespace dlavm::accel {
#define GEN_PASS_DEF_PROMOTEONCHIP
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The task that writes all of a buffer before others of its block, and nobody
/// else, use it; null where there is none.
static Operation *getFirstWriter(BufferOp buffer) {
  Operation *writer = nullptr;
  for (OpOperand &use : buffer.getBuffer().getUses()) {
    auto task = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
    if (!task || !task.isDpsInit(&use))
      continue;
    if (writer)
      return nullptr;
    writer = task;
  }
  if (!writer || !isa<TaskOpInterface>(writer) ||
      cast<TaskOpInterface>(writer).isPart())
    return nullptr;
  const bool isFirst =
      llvm::all_of(buffer.getBuffer().getUsers(), [&](Operation *user) {
        return user->getBlock() == buffer->getBlock() &&
               (user == writer || writer->isBeforeInBlock(user));
      });
  return isFirst ? writer : nullptr;
}

/// Whether a task leaves the buffer for others, all of which can have it on the
/// chip.
static bool isLeftForOthers(BufferOp buffer, const DeviceInfo &device) {
  Operation *writer = getFirstWriter(buffer);
  return writer &&
         llvm::any_of(buffer.getBuffer().getUsers(),
                      [&](Operation *user) { return user != writer; }) &&
         llvm::all_of(buffer.getBuffer().getUses(), [&](OpOperand &use) {
           return getOnChipFlag(use, device).has_value();
         });
}

namespace {

/// Finds the buffers whose content is read as that of another buffer: what
/// functions hand around has one address, but each has a buffer for it. Follows
/// a call of the function that the host calls, each loop twice.
class HandedAround {
public:
  explicit HandedAround(ModuleOp module) : module(module) {}

  void walk(Block &block);
  /// The host reads what lies at \p address after the call.
  void readByHost(int64_t address) {
    if (BufferOp writer = writers.lookup(address))
      handed.insert(writer);
  }
  bool contains(BufferOp buffer) const {
    return takesMaps || handed.contains(buffer);
  }

private:
  using Writers = llvm::DenseMap<int64_t, BufferOp>;

  void visit(TaskOpInterface task);
  /// What may have been skipped has left what \p before wrote.
  void keep(const Writers &before) {
    for (auto [address, writer] : before)
      if (writers.lookup(address) != writer)
        handed.insert(writer);
  }

  ModuleOp module;
  /// Of what lies at each address.
  Writers writers;
  llvm::DenseSet<Operation *> handed;
  /// A function has a map as an argument, whose buffer is its caller's.
  bool takesMaps = false;
};

} // namespace

void HandedAround::visit(TaskOpInterface task) {
  auto destination = dyn_cast<DestinationStyleOpInterface>(*task);
  SmallVector<BufferOp> written;
  for (OpOperand &operand : task->getOpOperands()) {
    BufferOp buffer = getRoot(operand.get());
    if (!buffer || !buffer.getAddress())
      continue;
    if (destination && destination.isDpsInit(&operand)) {
      written.push_back(buffer);
      continue;
    }
    BufferOp writer = writers.lookup(*buffer.getAddress());
    if (writer && writer != buffer)
      handed.insert(writer);
  }
  for (BufferOp buffer : written)
    writers[*buffer.getAddress()] = buffer;
}

void HandedAround::walk(Block &block) {
  for (Operation &op : block) {
    if (auto task = dyn_cast<TaskOpInterface>(op)) {
      visit(task);
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      takesMaps |=
          llvm::any_of(call.getOperandTypes(), llvm::IsaPred<MemRefType>);
      if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee()))
        walk(callee.getBody().front());
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      const Writers before = writers;
      for (int i = 0; i < 2; ++i)
        walk(*loop.getBody());
      const std::optional<llvm::APInt> trips = loop.getStaticTripCount();
      if (!trips || trips->isZero())
        keep(before);
    } else if (op.getNumRegions() > 0) {
      // Either branch may have written what comes later.
      op.walk([&](TaskOpInterface task) {
        for (Value operand : task->getOperands())
          if (BufferOp buffer = getRoot(operand))
            handed.insert(buffer);
      });
      const Writers before = writers;
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          walk(inner);
      keep(before);
    }
  }
}

namespace {

/// Buffers that lie on the chip together or not at all.
struct OnChipGroup {
  SmallVector<unsigned, 2> members;
  /// Bytes that tasks would read and write elsewhere.
  int64_t traffic = 0;
  /// A map that cannot be there has a flag in common with one of them.
  bool isBlocked = false;
};

struct PromoteOnChip : dlavm::accel::impl::PromoteOnChipBase<PromoteOnChip> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    device = getDevice(module);
    FailureOr<int64_t> tokens = getMaxTokens(module);
    if (!device || failed(tokens))
      return signalPassFailure();
    maxTokens = *tokens;
    memory = device->getOnChipMemory();
    if (!memory) {
      module.emitError("cannot keep maps on the chip: ")
          << device->getName()
          << " is not known to have a memory there; leave "
             "accel-promote-onchip out";
      return signalPassFailure();
    }
    if (failed(findCandidates()))
      return signalPassFailure();
    std::vector<OnChipGroup> groups = getGroups();
    llvm::stable_sort(groups, [](const OnChipGroup &a, const OnChipGroup &b) {
      return a.traffic > b.traffic;
    });
    MemoryPlan plan;
    for (const OnChipGroup &group : groups)
      if (!group.isBlocked && !addToChip(group, plan))
        numLeft += group.members.size();
    for (auto [chosen, offset] : llvm::zip_equal(onChip, plan.offsets))
      move(buffers[chosen], offset, planned[chosen].size);
    numPromoted += onChip.size();
    chipBytes += plan.arena;
  }

private:
  LogicalResult findCandidates();
  FailureOr<int64_t> getBytes(BufferOp buffer) const;
  std::vector<OnChipGroup> getGroups();
  /// False, and nothing changes, if the chip has no room for it.
  bool addToChip(const OnChipGroup &group, MemoryPlan &plan);
  void move(BufferOp buffer, int64_t address, int64_t bytes) const;

  const DeviceInfo *device = nullptr;
  const Memory *memory = nullptr;
  int64_t maxTokens = 0;
  /// Those that could lie on the chip, and what the planner knows of each.
  SmallVector<BufferOp> buffers;
  std::vector<PlannedBuffer> planned;
  llvm::DenseMap<Value, unsigned> numbers;
  /// Those that do.
  SmallVector<unsigned> onChip;
};

} // namespace

/// In the call that needs most, one of a single token.
FailureOr<int64_t> PromoteOnChip::getBytes(BufferOp buffer) const {
  std::optional<int64_t> elements =
      llm::getMaxProduct(buffer.getDims().getMap().getResults(), maxTokens);
  if (!elements)
    return buffer.emitOpError("has more elements than 64 bits can count");
  constexpr int64_t elementBytes = 2;
  return llvm::alignTo(*elements * elementBytes / memory->ports,
                       memory->minimumAlignment);
}

LogicalResult PromoteOnChip::findCandidates() {
  SmallVector<BufferOp> all;
  HandedAround handed(getOperation());
  SmallVector<int64_t> hostAddresses;
  WalkResult result = getOperation().walk([&](BufferOp buffer) -> WalkResult {
    if (buffer.isInRegister())
      return WalkResult::advance();
    if (!buffer.getAddress())
      return buffer.emitOpError("has no address; run accel-plan-memory before");
    auto function = buffer->getParentOfType<func::FuncOp>();
    if (function && function->hasAttr(AccelDialect::getDecodeAttrName()))
      all.push_back(buffer);
    else if (buffer.getHost())
      hostAddresses.push_back(*buffer.getAddress());
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (!function.isPublic() ||
        !function->hasAttr(AccelDialect::getDecodeAttrName()))
      continue;
    // Functions that call themselves have no end.
    if (failed(llm::orderFunctions(function)))
      return failure();
    handed.walk(function.getBody().front());
  }
  // `run` has the buffers of the host, at the same addresses.
  for (int64_t address : hostAddresses)
    handed.readByHost(address);
  for (BufferOp buffer : all) {
    auto type = cast<MemRefType>(buffer.getBuffer().getType());
    if (type.getRank() != 3 || type.getDimSize(1) != 1 ||
        isOnChip(buffer, *device) || handed.contains(buffer) ||
        !isLeftForOthers(buffer, *device))
      continue;
    FailureOr<int64_t> bytes = getBytes(buffer);
    if (failed(bytes))
      return failure();
    PlannedBuffer place = {*bytes, memory->alignment, {}};
    const ArrayRef<int64_t> live = *buffer.getLive();
    for (size_t i = 0; i + 1 < live.size(); i += 2)
      place.live.push_back({live[i], live[i + 1] + 1});
    numbers[buffer.getBuffer()] = buffers.size();
    buffers.push_back(buffer);
    planned.push_back(std::move(place));
  }
  return success();
}

std::vector<OnChipGroup> PromoteOnChip::getGroups() {
  llvm::EquivalenceClasses<unsigned> classes;
  std::set<unsigned> blocked;
  for (auto [number, buffer] : llvm::enumerate(buffers)) {
    classes.insert(number);
    for (OpOperand &use : buffer.getBuffer().getUses())
      for (OpOperand &other : use.getOwner()->getOpOperands()) {
        if (&other == &use ||
            getOnChipFlag(other, *device) != getOnChipFlag(use, *device))
          continue;
        if (auto it = numbers.find(other.get()); it != numbers.end())
          classes.unionSets(number, it->second);
        else
          blocked.insert(number);
      }
  }
  std::vector<OnChipGroup> groups;
  llvm::DenseMap<unsigned, size_t> groupOf;
  for (auto [number, buffer] : llvm::enumerate(buffers)) {
    auto [it, isNew] =
        groupOf.try_emplace(classes.getLeaderValue(number), groups.size());
    if (isNew)
      groups.emplace_back();
    OnChipGroup &group = groups[it->second];
    group.members.push_back(number);
    group.isBlocked |= blocked.count(number) > 0;
    group.traffic +=
        planned[number].size *
        static_cast<int64_t>(llvm::range_size(buffer.getBuffer().getUses()));
  }
  return groups;
}

bool PromoteOnChip::addToChip(const OnChipGroup &group, MemoryPlan &plan) {
  SmallVector<unsigned> with = onChip;
  with.append(group.members.begin(), group.members.end());
  std::vector<PlannedBuffer> places;
  for (unsigned number : with)
    places.push_back(planned[number]);
  constexpr uint64_t maxNodes = 4096;
  MemoryPlan found = planMemory(places, {memory->capacity, maxNodes});
  if (found.status != MemoryPlan::Status::Found)
    return false;
  onChip = std::move(with);
  plan = std::move(found);
  return true;
}

void PromoteOnChip::move(BufferOp buffer, int64_t address,
                         int64_t bytes) const {
  Value map = buffer.getBuffer();
  map.setType(
      MemRefType::Builder(cast<MemRefType>(map.getType()))
          .setMemorySpace(SpaceAttr::get(buffer.getContext(), memory->name)));
  buffer.setAddress(address);
  buffer.setBytes(bytes);
}
