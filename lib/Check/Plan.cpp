//===- Plan.cpp - Names for addresses -------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Plan.h"

#include "llvm/ADT/StringExtras.h"

using namespace dlavm;

unsigned dlavm::getMemoryIndex(const DeviceInfo &device, const Memory &memory) {
  return static_cast<unsigned>(&memory - device.getMemories().data());
}

Plan::Plan(const DeviceInfo &device, std::vector<PlanRegion> planRegions,
           std::vector<PlannedTask> plannedTasks)
    : cachesAreMaps(device.getTraits().cachesAreMaps) {
  for (PlannedTask &task : plannedTasks)
    tasks[task.name] = std::move(task);
  for (PlanRegion &region : planRegions) {
    const Kind kind = region.kind == "parameter" ? Kind::Parameter
                      : region.kind == "cache"   ? Kind::Cache
                                                 : Kind::Buffer;
    regions.push_back({std::move(region.name),
                       getMemoryIndex(device, *device.getMemory(region.memory)),
                       {region.begin, region.end},
                       region.layerStride,
                       region.layers,
                       kind,
                       region.kind == "input"});
  }
  for (auto [i, region] : llvm::enumerate(regions))
    byBegin[{region.memory, region.bytes.begin}].push_back(i);
}

Plan::Kind Plan::getKind(RegisterRole role) {
  if (isParameter(role))
    return Kind::Parameter;
  return role == RegisterRole::CacheIn || role == RegisterRole::CacheOut
             ? Kind::Cache
             : Kind::Buffer;
}

std::optional<int64_t> Plan::Region::find(ByteRange range) const {
  if (range.begin < bytes.begin)
    return std::nullopt;
  int64_t layer = 0;
  if (layers > 1 && layerStride > 0)
    layer = std::min((range.begin - bytes.begin) / layerStride, layers - 1);
  if (range.end > bytes.end + layer * layerStride)
    return std::nullopt;
  return layer;
}

std::string Plan::Region::getName(int64_t layer) const {
  return layers > 1 ? name + "[" + std::to_string(layer) + "]" : name;
}

std::string Plan::getName(unsigned memory, ByteRange bytes) const {
  // Buffers whose contents are never needed at the same time share addresses.
  // The one that begins where the operand does is the likely one.
  std::string exact;
  std::string all;
  auto append = [](std::string &text, const std::string &name) {
    text += (text.empty() ? "" : " or ") + name;
  };
  for (const Region &region : regions) {
    if (region.memory != memory)
      continue;
    std::optional<int64_t> layer = region.find(bytes);
    if (!layer)
      continue;
    append(all, region.getName(*layer));
    if (region.bytes.begin + *layer * region.layerStride == bytes.begin)
      append(exact, region.getName(*layer));
  }
  return exact.empty() ? all : exact;
}

bool Plan::isInput(unsigned memory, ByteRange bytes) const {
  // Without a plan, what no task wrote came from the caller.
  return regions.empty() || llvm::any_of(regions, [&](const Region &region) {
           return region.isInput && region.memory == memory &&
                  region.bytes.contains(bytes);
         });
}

std::optional<int64_t> Plan::getCacheBegin(unsigned memory,
                                           int64_t address) const {
  for (const Region &region : regions)
    if (region.kind == Kind::Cache && region.memory == memory)
      if (std::optional<int64_t> layer = region.find({address, address + 1}))
        return region.bytes.begin + *layer * region.layerStride;
  return std::nullopt;
}

Plan::Overlap Plan::getParameterOverlap(unsigned memory,
                                        ByteRange bytes) const {
  Overlap result = Overlap::None;
  for (const Region &region : regions) {
    if (region.memory != memory || region.kind != Kind::Parameter)
      continue;
    for (int64_t layer = 0; layer < std::max<int64_t>(region.layers, 1);
         ++layer) {
      const int64_t offset = layer * region.layerStride;
      const ByteRange parameter = {region.bytes.begin + offset,
                                   region.bytes.end + offset};
      if (!parameter.overlaps(bytes))
        continue;
      if (!parameter.contains(bytes) && !bytes.contains(parameter))
        return Overlap::Partial;
      result = Overlap::Whole;
    }
  }
  return result;
}

void Plan::forEach(Kind kind, Visit visit) const {
  for (const Region &region : regions)
    for (int64_t layer = 0; layer < std::max<int64_t>(region.layers, 1);
         ++layer)
      if (region.kind == kind)
        visit(region.getName(layer), region.memory,
              {region.bytes.begin + layer * region.layerStride,
               region.bytes.end + layer * region.layerStride});
}

const PlannedTask *Plan::getTask(llvm::StringRef name) const {
  auto found = tasks.find(name);
  return found == tasks.end() ? nullptr : &found->second;
}

void Plan::checkTask(Mark mark, unsigned start, FindingLog &log) {
  const llvm::StringRef name = log.getName(mark.name);
  seen.insert(name);
  if (knowsTasks() && !getTask(name))
    log.report(mark, start, "", "", "the plan has no task of this name");
}

bool Plan::mayHold(const Region &region, const Operand &operand,
                   const PlannedTask *task) const {
  return mayHold(region.kind, operand.reg->role) &&
         region.memory == operand.memory &&
         (!task || task->results.empty() ||
          llvm::is_contained(task->results, region.name));
}

/// The register of the map that the plan calls the result of its task. Others,
/// as that of the word of an argmax, it does not name.
static const Register *getResultRegister(const Op &op) {
  return op.task->getTable().lookup(RegisterRole::MapOut);
}

void Plan::beginRun() {
  reached.reset();
  seen.clear();
  for (Region &region : regions)
    region.read.reset();
}

static void set(llvm::BitVector &bits, int64_t index) {
  if (index >= static_cast<int64_t>(bits.size()))
    bits.resize(index + 1);
  bits.set(index);
}

static bool has(const llvm::BitVector &bits, int64_t index) {
  return index < static_cast<int64_t>(bits.size()) && bits.test(index);
}

void Plan::endRun(FindingLog &log, bool onlySomeLayers) const {
  for (const Region &region : regions)
    for (int64_t layer = 0; layer < std::max<int64_t>(region.layers, 1);
         ++layer)
      if (region.kind == Kind::Parameter && !has(region.read, layer) &&
          (region.layers == 0 || !onlySomeLayers || has(reached, layer)))
        log.report({}, 0, "", region.getName(layer),
                   "no task reads this parameter");
  if (onlySomeLayers)
    return;
  std::vector<std::string> missing;
  for (const PlannedTask &task : llvm::make_second_range(tasks))
    if (!seen.contains(task.name))
      missing.push_back(task.name);
  llvm::sort(missing);
  for (const std::string &name : missing)
    log.report({-1, log.intern(name)}, 0, "", "",
               "the plan has this task, but the driver does not");
}

/// The region with a property, that which begins where the operand does before
/// others; null if there is none.
Plan::Region *Plan::find(const Operand &operand,
                         llvm::function_ref<bool(const Region &)> holds) {
  auto exact = byBegin.find({operand.memory, operand.bytes.begin});
  if (exact != byBegin.end())
    for (unsigned index : exact->second)
      if (holds(regions[index]))
        return &regions[index];
  auto found = llvm::find_if(regions, holds);
  return found == regions.end() ? nullptr : &*found;
}

void Plan::check(const Op &op, FindingLog &log) {
  if (regions.empty())
    return;
  if (op.mark.layer >= 0)
    set(reached, op.mark.layer);
  if (op.mark.name >= lastRegions.size())
    lastRegions.resize(op.mark.name + 1);
  auto &last = lastRegions[op.mark.name];
  last.resize(op.operands.size());
  const PlannedTask *task = getTask(log.getName(op.mark.name));
  const Register *result = getResultRegister(op);
  for (auto [region, operand] : llvm::zip_equal(last, op.operands)) {
    auto holds = [&](const Region &candidate) {
      if (!mayHold(candidate, operand, operand.reg == result ? task : nullptr))
        return false;
      std::optional<int64_t> layer = candidate.find(operand.bytes);
      return layer && (candidate.layers <= 1 || *layer == op.mark.layer);
    };
    if (!region || !holds(*region)) {
      region = find(operand, holds);
      if (!region) {
        check(op, operand, log);
        continue;
      }
    }
    set(region->read, *region->find(operand.bytes));
  }
}

void Plan::check(const Op &op, const Operand &operand, FindingLog &log) const {
  const std::string bytes = FindingLog::describe(operand.bytes);
  const PlannedTask *task = operand.reg == getResultRegister(op)
                                ? getTask(log.getName(op.mark.name))
                                : nullptr;
  const Region *partial = nullptr;
  int64_t fits = -1;
  for (const Region &region : regions) {
    if (!mayHold(region, operand, task))
      continue;
    if (std::optional<int64_t> layer = region.find(operand.bytes)) {
      log.report(op, operand, region.getName(*layer),
                 "the operand, " + bytes + ", belongs to layer " +
                     llvm::Twine(*layer));
      return;
    }
    // The region that holds most of the operand is the one that was meant.
    std::optional<int64_t> layer =
        region.find({operand.bytes.begin, operand.bytes.begin + 1});
    if (!layer)
      continue;
    const int64_t rest =
        region.bytes.end + *layer * region.layerStride - operand.bytes.begin;
    if (rest > fits) {
      partial = &region;
      fits = rest;
    }
  }
  if (partial)
    log.report(op, operand, partial->name,
               "the operand, " + bytes + ", is " +
                   llvm::Twine(operand.bytes.end - operand.bytes.begin - fits) +
                   " bytes larger than the plan has room for");
  else if (task && !task->results.empty())
    log.report(op, operand, getName(operand.memory, operand.bytes),
               "the operand, " + bytes + ", does not lie in " +
                   llvm::join(task->results, " or ") +
                   ", where the plan has the result of this task");
  else
    log.report(op, operand, getName(operand.memory, operand.bytes),
               "the operand, " + bytes + ", lies in no " +
                   (getKind(operand.reg->role) == Kind::Buffer ? "buffer"
                    : getKind(operand.reg->role) == Kind::Parameter
                        ? "parameter"
                        : "cache") +
                   " of the plan");
}
