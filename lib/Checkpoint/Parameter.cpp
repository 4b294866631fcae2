//===- Parameter.cpp - Parameters of a model ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Parameter.h"

#include "llvm/ADT/StringRef.h"

using namespace dlavm;

std::string ParameterInfo::getTensorName(int64_t layer) const {
  constexpr llvm::StringLiteral placeholder("{layer}");
  std::string number = std::to_string(layer), result;
  llvm::StringRef rest = tensor;
  for (size_t place; (place = rest.find(placeholder)) != rest.npos;) {
    result += rest.take_front(place).str() + number;
    rest = rest.drop_front(place + placeholder.size());
  }
  return result + rest.str();
}
