//===- DeviceInfo.cpp - Description of an accelerator ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Device/Conventions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;

DeviceInfo DeviceInfo::derive(std::string newFamily,
                              std::string newVersion) const {
  DeviceInfo device = *this;
  device.origin = getName();
  device.family = std::move(newFamily);
  device.version = std::move(newVersion);
  return device;
}

std::string DeviceInfo::getName() const {
  std::string name = family + "-" + version;
  if (board != 0)
    name += "@" + getBoard().name;
  for (const auto &[what, value] : changes)
    name += "," + what + "=" + value;
  return name;
}

llvm::Error DeviceInfo::setBoard(llvm::StringRef name) {
  assert(changes.empty() && "changes are those of a board");
  auto found = llvm::find_if(
      boards, [&](const Board &other) { return other.name == name; });
  if (found != boards.end()) {
    board = found - boards.begin();
    return llvm::Error::success();
  }
  const std::string names = llvm::join(
      llvm::map_range(boards, [](const Board &b) { return b.name; }), ", ");
  return llvm::createStringError("there is no board '" + name + "' with " +
                                 getName() + "; its boards: " + names);
}

static bool isOpen(const Memory &memory) { return memory.isOpen; }

bool Board::hasOpenMemory() const { return llvm::any_of(memories, isOpen); }

llvm::Error DeviceInfo::changeMemory(llvm::StringRef what, int64_t bytes) {
  auto fail = [&](const llvm::Twine &why) {
    return llvm::createStringError(what + "=" + llvm::Twine(bytes) + " " + why);
  };
  std::vector<Memory> &memories = boards[board].memories;
  auto memory = llvm::find_if(memories, isOpen);
  assert(memory != memories.end() && "the board leaves nothing open");
  const bool isStride = what == "port-stride";
  assert((isStride || what == "dma-base") && "nothing that boards leave open");
  if (changes.count(what.str()))
    return fail("says again what the name of the device says");
  if (bytes < (isStride ? 1 : 0) || bytes % memory->alignment != 0)
    return fail("is no " + llvm::Twine(isStride ? "positive " : "") +
                "multiple of the " + llvm::Twine(memory->alignment) +
                " bytes that buffers of " + memory->name + " are aligned to");
  int64_t &value = isStride ? memory->portStride : memory->dmaBase;
  if (value == bytes)
    return llvm::Error::success();
  value = bytes;
  memory->capacity = std::min(memory->capacity, memory->portStride);
  int64_t end;
  if (llvm::MulOverflow(memory->ports - 1, memory->portStride, end) ||
      llvm::AddOverflow(end, memory->dmaBase, end) ||
      llvm::AddOverflow(end, memory->capacity, end))
    return fail("gives " + memory->name +
                " addresses of the host that have more than 63 bits");
  changes[what.str()] = "0x" + llvm::utohexstr(bytes, /*LowerCase=*/true);
  return llvm::Error::success();
}

const Parameter *DeviceInfo::getConvention(llvm::StringRef name) const {
  for (const Parameter &parameter : parameters)
    if (parameter.name == name && !parameter.allowed.empty())
      return &parameter;
  return nullptr;
}

llvm::Error DeviceInfo::changeConvention(llvm::StringRef name, int64_t value) {
  const Parameter &convention = *getConvention(name);
  auto fail = [&](const llvm::Twine &why) {
    return llvm::createStringError(name + "=" + llvm::Twine(value) + " " + why);
  };
  if (changes.count(name.str()))
    return fail("says again what the name of the device says");
  if (!llvm::is_contained(convention.allowed, value))
    return fail("is no convention of " + getName() + ", which has " +
                getAllowedValues(convention) + ": " + convention.meaning);
  if (convention.value == value)
    return llvm::Error::success();
  setParameter(name, value);
  changes[name.str()] = std::to_string(value);
  return llvm::Error::success();
}

/// The parameter of this name.
template <typename Parameters>
static auto &find(Parameters &parameters, llvm::StringRef name,
                  const DeviceInfo &device) {
  for (auto &parameter : parameters)
    if (parameter.name == name)
      return parameter;
  llvm::report_fatal_error("device " + llvm::Twine(device.getName()) +
                           " has no parameter " + name);
}

int64_t DeviceInfo::operator[](llvm::StringRef name) const {
  return find(parameters, name, *this).value;
}

void DeviceInfo::setParameter(llvm::StringRef name, int64_t value) {
  find(parameters, name, *this).value = value;
}

void DeviceInfo::removeParameter(llvm::StringRef name) {
  llvm::erase_if(parameters, [&](const Parameter &parameter) {
    return parameter.name == name;
  });
}

const TaskSupport *DeviceInfo::getTask(TaskKind kind) const {
  auto it = tasks.find(kind);
  return it == tasks.end() ? nullptr : &it->second;
}

const ObjectSupport *DeviceInfo::getObject(ObjectKind kind) const {
  auto it = objects.find(kind);
  return it == objects.end() ? nullptr : &it->second;
}

const Memory *DeviceInfo::getMemory(llvm::StringRef name) const {
  for (const Memory &memory : getMemories())
    if (memory.name == name)
      return &memory;
  return nullptr;
}

/// The kind of object that an address register of this role refers to.
static std::optional<ObjectKind> getKind(RegisterRole role) {
  switch (role) {
  case RegisterRole::Weight:
  case RegisterRole::TransferOut:
    return ObjectKind::Weight;
  case RegisterRole::ScaleBias:
    return ObjectKind::ScaleBias;
  case RegisterRole::NormWeight:
    return ObjectKind::NormWeight;
  case RegisterRole::RopeTable:
    return ObjectKind::RopeTable;
  case RegisterRole::ActivationTable:
    return ObjectKind::ActivationTable;
  case RegisterRole::CacheIn:
  case RegisterRole::CacheOut:
    return ObjectKind::KVCache;
  default:
    return std::nullopt;
  }
}

const Memory *DeviceInfo::findMemory(RegisterRole role) const {
  const std::optional<ObjectKind> kind = getKind(role);
  if (!kind)
    return getMemory(mapMemory);
  const ObjectSupport *object = getObject(*kind);
  return object ? getMemory(object->memory) : nullptr;
}

const Memory *DeviceInfo::getOnChipMemory() const {
  auto memory = llvm::find_if(
      getMemories(), [](const Memory &other) { return other.isOnChip; });
  return memory == getMemories().end() ? nullptr : memory;
}

const Memory &DeviceInfo::getMemory(const RegisterValues &values,
                                    const Register &reg) const {
  const Memory &memory = getMemory(reg.role);
  const RegisterTable &table = values.getTable();
  const Register *flags = table.lookup(RegisterRole::OnChip);
  if (!flags)
    return memory;
  const TaskSupport *task = nullptr;
  for (const auto &[kind, support] : tasks)
    if (support.registers.getName() == table.getName())
      task = &support;
  if (!task || !task->onChip)
    return memory;
  const OnChipFlags bits = task->onChip(*this);
  std::optional<unsigned> bit;
  if (reg.role == RegisterRole::MapIn)
    bit = &reg == table.lookup(RegisterRole::MapIn) ? bits.input
                                                    : bits.secondInput;
  else if (&reg == table.lookup(RegisterRole::MapOut))
    bit = bits.output;
  return bit && values[flags->name] >> *bit & 1 ? *getOnChipMemory() : memory;
}
