//===- Registers.cpp - Register tables of a device ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Registers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"

using namespace dlavm;

llvm::StringRef dlavm::stringify(RegisterRole role) {
  switch (role) {
  case RegisterRole::Count:
    return "count";
  case RegisterRole::Tokens:
    return "tokens of the start";
  case RegisterRole::FirstChannel:
    return "first channel of the start";
  case RegisterRole::Past:
    return "tokens before the call";
  case RegisterRole::Keys:
    return "tokens after the call";
  case RegisterRole::Mask:
    return "mask";
  case RegisterRole::Stride:
    return "stride";
  case RegisterRole::Code:
    return "code";
  case RegisterRole::OnChip:
    return "maps on the chip";
  case RegisterRole::Reserved:
    return "reserved";
  case RegisterRole::Selector:
    return "selector of the task";
  case RegisterRole::HighAddress:
    return "high bits of addresses";
  case RegisterRole::MapIn:
    return "input map";
  case RegisterRole::MapOut:
    return "output map";
  case RegisterRole::Weight:
    return "weights";
  case RegisterRole::ScaleBias:
    return "scales and biases";
  case RegisterRole::NormWeight:
    return "norm weights";
  case RegisterRole::RopeTable:
    return "rotary table";
  case RegisterRole::ActivationTable:
    return "activation table";
  case RegisterRole::CacheIn:
    return "cache read";
  case RegisterRole::CacheOut:
    return "cache written";
  case RegisterRole::TransferIn:
    return "source";
  case RegisterRole::TransferOut:
    return "destination";
  case RegisterRole::Opcode:
    return "opcode, starts";
  case RegisterRole::Status:
    return "status, polled";
  case RegisterRole::Result:
    return "result, read";
  case RegisterRole::BlockAddress:
    return "block";
  case RegisterRole::BlockBeats:
    return "beats of the block";
  case RegisterRole::BlockTasks:
    return "tasks of the block";
  }
  llvm_unreachable("unknown register role");
}

bool dlavm::isAddress(RegisterRole role) {
  return role >= RegisterRole::MapIn && role <= RegisterRole::CacheOut;
}

bool dlavm::isParameter(RegisterRole role) {
  return role >= RegisterRole::Weight && role <= RegisterRole::ActivationTable;
}

bool dlavm::isOutput(RegisterRole role) {
  return role == RegisterRole::MapOut || role == RegisterRole::CacheOut;
}

bool dlavm::isWritten(RegisterRole role) {
  return role != RegisterRole::Status && role != RegisterRole::Result;
}

bool dlavm::keepsValue(RegisterRole role) {
  return isWritten(role) && role != RegisterRole::Opcode;
}

void RegisterTable::renumber(llvm::StringRef identifier, uint32_t number) {
  const Register &reg = get(identifier);
  registers[&reg - registers.data()].number = number;
}

void RegisterTable::replace(llvm::StringRef identifier, Register reg) {
  const Register &old = get(identifier);
  registers[&old - registers.data()] = std::move(reg);
}

const Register *RegisterTable::lookup(llvm::StringRef identifier) const {
  auto *it = llvm::find_if(
      getRegisters(), [&](const Register &r) { return r.name == identifier; });
  return it == getRegisters().end() ? nullptr : it;
}

const Register *RegisterTable::lookup(uint32_t number) const {
  auto *it = llvm::find_if(
      getRegisters(), [&](const Register &r) { return r.number == number; });
  return it == getRegisters().end() ? nullptr : it;
}

const Register &RegisterTable::get(llvm::StringRef identifier) const {
  if (const Register *reg = lookup(identifier))
    return *reg;
  llvm::report_fatal_error("register table " + llvm::Twine(name) +
                           " has no register " + identifier);
}

const Register *RegisterTable::lookup(RegisterRole role) const {
  auto *it = llvm::find_if(getRegisters(),
                           [&](const Register &r) { return r.role == role; });
  return it == getRegisters().end() ? nullptr : it;
}

uint32_t RegisterTable::getAddressBits(const Register &high) const {
  uint64_t bits = 0;
  for (const Register &reg : registers)
    if (reg.high && reg.high->reg == high.name)
      bits |= ((uint64_t(1) << reg.high->bits) - 1) << reg.high->shift;
  return static_cast<uint32_t>(bits);
}

const Register &RegisterTable::getOpcode() const {
  return *lookup(RegisterRole::Opcode);
}

const Register &RegisterTable::getStatus() const {
  return *lookup(RegisterRole::Status);
}

const Register &RegisterTable::getStatus(uint32_t opcode) const {
  for (const NamedValue &value : getOpcode().values)
    if (value.value == opcode && !value.status.empty())
      return get(value.status);
  return getStatus();
}
