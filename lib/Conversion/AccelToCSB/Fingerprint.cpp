//===- Fingerprint.cpp - Which parameter files fit a driver -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fingerprint.h"

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace dlavm;

/// Everything that decides, as text: attributes are quoted and escaped, so that
/// no two modules have the same.
static void describe(ModuleOp module, const ProgramSymbols &symbols,
                     raw_ostream &os) {
  auto describeParameter = [&](SymbolRefAttr name) {
    os << symbols.getParameterText(name) << "\n";
  };
  os << module->getAttr(accel::AccelDialect::getDeviceAttrName()) << "\n";
  for (auto object : module.getOps<csb::ObjectOp>()) {
    if (!object.getFile())
      continue;
    const Attribute facts[] = {object.getSymNameAttr(), object.getKindAttr(),
                               object.getShapeAttr(),   object.getConfigAttr(),
                               object.getBytesAttr(),   object.getLayersAttr(),
                               object.getPortsAttr(),   object.getFileAttr()};
    for (Attribute fact : facts)
      os << fact << " ";
    os << "\n";
    if (object.getSources())
      for (auto source : object.getSources()->getAsRange<SymbolRefAttr>())
        describeParameter(source);
  }
  module.walk([&](csb::ReadEmbeddingsOp op) {
    os << op.getFileAttr() << "\n";
    describeParameter(op.getParameterAttr());
  });
}

std::string dlavm::getFingerprint(ModuleOp module,
                                  const ProgramSymbols &symbols) {
  std::string text;
  llvm::raw_string_ostream os(text);
  describe(module, symbols, os);
  return llvm::utohexstr(llvm::xxHash64(text), /*LowerCase=*/true, 16);
}
