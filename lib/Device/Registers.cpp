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

llvm::StringRef dlavm::stringify(MemorySpace space) {
  return space == MemorySpace::DDR ? "DDR" : "HBM";
}

llvm::StringRef dlavm::stringify(RegisterRole role) {
  switch (role) {
  case RegisterRole::Count:
    return "count";
  case RegisterRole::Stride:
    return "stride";
  case RegisterRole::Code:
    return "code";
  case RegisterRole::Reserved:
    return "reserved";
  case RegisterRole::MapIn:
    return "input map (DDR)";
  case RegisterRole::MapOut:
    return "output map (DDR)";
  case RegisterRole::ParameterDDR:
    return "parameter (DDR)";
  case RegisterRole::ParameterHBM:
    return "parameter (HBM)";
  case RegisterRole::CacheIn:
    return "cache read (HBM)";
  case RegisterRole::CacheOut:
    return "cache written (HBM)";
  case RegisterRole::Transfer:
    return "transfer";
  case RegisterRole::Opcode:
    return "opcode, starts";
  case RegisterRole::Status:
    return "status, polled";
  case RegisterRole::Result:
    return "result, read";
  }
  llvm_unreachable("unknown register role");
}

bool dlavm::isAddress(RegisterRole role) {
  return role >= RegisterRole::MapIn && role <= RegisterRole::CacheOut;
}

bool dlavm::isWritten(RegisterRole role) {
  return role != RegisterRole::Status && role != RegisterRole::Result;
}

void RegisterTable::renumber(llvm::StringRef identifier, uint32_t number) {
  const Register &reg = get(identifier);
  registers[&reg - registers.data()].number = number;
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

const Register &RegisterTable::get(RegisterRole role) const {
  for (const Register &reg : registers)
    if (reg.role == role)
      return reg;
  llvm_unreachable("the register table has no register of this role");
}

const Register &RegisterTable::getOpcode() const {
  return get(RegisterRole::Opcode);
}

const Register &RegisterTable::getStatus() const {
  return get(RegisterRole::Status);
}

const Register &RegisterTable::getResult() const {
  return get(RegisterRole::Result);
}
