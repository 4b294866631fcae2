//===- TaskWriter.cpp - What an encoder writes with -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Encoding/TaskWriter.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

using namespace dlavm;
using namespace mlir;

void TaskWriter::write(llvm::StringRef identifier, const Word &value) {
  const Register &reg = table.get(identifier);
  assert(isWritten(reg.role) && "the register is not written by tasks");
  Word low = value;
  if (const std::optional<AddressField> &high = reg.high) {
    const int64_t end = int64_t(1) << 32;
    low = remainder(value, end).named("low_address");
    const Word bits = floorDiv(value, end) * (int64_t(1) << high->shift);
    auto [it, isFirst] = values.try_emplace(high->reg, bits);
    if (!isFirst)
      it->second = it->second + bits;
  }
  [[maybe_unused]] bool isNew = values.try_emplace(identifier, low).second;
  assert(isNew && "the register is written twice");
}

void TaskWriter::writeNamed(llvm::StringRef identifier,
                            llvm::StringRef valueName) {
  for (const NamedValue &named : table.get(identifier).values)
    if (named.name == valueName)
      return write(identifier, static_cast<int64_t>(named.value));
  llvm_unreachable("the register has no such value");
}

void TaskWriter::finish(OpBuilder &builder, Location loc) {
  MLIRContext *context = builder.getContext();
  auto getReference = [&](const Register &reg) {
    return SymbolRefAttr::get(context, table.getName(),
                              FlatSymbolRefAttr::get(context, reg.name));
  };
  for (const Register &reg : table.getRegisters()) {
    if (!isWritten(reg.role))
      continue;
    auto it = values.find(reg.name);
    if (it == values.end() && reg.role != RegisterRole::Reserved)
      llvm::report_fatal_error("the encoder of " + table.getName() +
                               " does not write " + reg.name);
    Word value = it == values.end() ? Word(reg.value) : it->second;
    if (reg.role == RegisterRole::HighAddress)
      value = value.named("high_addresses");
    csb::WriteOp::create(builder, loc, getReference(reg),
                         value.materialize(builder, loc));
  }
  const Word &opcode = values.find(table.getOpcode().name)->second;
  const Register &status =
      opcode.isConstant()
          ? table.getStatus(static_cast<uint32_t>(opcode.getConstant()))
          : table.getStatus();
  csb::PollOp::create(builder, loc, getReference(status),
                      builder.getI64IntegerAttr(status.value));
}
