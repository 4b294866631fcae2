//===- RegisterTables.cpp - Register tables of a record in csb ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Registers.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlavm;

csb::RegisterTableOp csb::createRegisterTable(OpBuilder &builder,
                                              const RegisterTable &table,
                                              bool keepsValues) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = builder.getUnknownLoc();
  auto tableOp =
      RegisterTableOp::create(builder, loc, table.getName(), table.getTitle());
  builder.setInsertionPointToStart(&tableOp.getBody().front());
  for (const Register &reg : table.getRegisters()) {
    SmallVector<NamedAttribute> values, fields;
    for (const NamedValue &value : reg.values)
      values.push_back(builder.getNamedAttr(
          value.name, builder.getI64IntegerAttr(value.value)));
    for (const BitField &field : reg.fields)
      fields.push_back(builder.getNamedAttr(
          field.name, builder.getDenseI64ArrayAttr({field.low, field.bits})));
    auto toDictionary = [&](ArrayRef<NamedAttribute> entries) {
      return entries.empty() ? DictionaryAttr()
                             : builder.getDictionaryAttr(entries);
    };
    RegisterOp::create(builder, loc, reg.name, reg.number, toDictionary(values),
                       toDictionary(fields),
                       keepsValues && keepsValue(reg.role));
  }
  return tableOp;
}
