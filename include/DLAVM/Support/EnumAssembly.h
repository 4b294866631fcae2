//===- EnumAssembly.h - Enumerations in the assembly of ops -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_ENUMASSEMBLY_H
#define DLAVM_SUPPORT_ENUMASSEMBLY_H

#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"

namespace dlavm {

/// `custom<Enum>($kind)` prints the bare keyword of an enumeration. (The format
/// of the attribute itself would put a second space before it.)
template <typename AttrT>
mlir::ParseResult parseEnum(mlir::OpAsmParser &parser, AttrT &attr) {
  using Enum = decltype(attr.getValue());
  mlir::FailureOr<Enum> value = mlir::FieldParser<Enum>::parse(parser);
  if (mlir::failed(value))
    return mlir::failure();
  attr = AttrT::get(parser.getContext(), *value);
  return mlir::success();
}

template <typename AttrT>
void printEnum(mlir::OpAsmPrinter &printer, mlir::Operation *, AttrT attr) {
  printer << stringifyEnum(attr.getValue());
}

} // namespace dlavm

#endif // DLAVM_SUPPORT_ENUMASSEMBLY_H
