//===- GGUFValues.h - The types of values in GGUF files ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SUPPORT_GGUFVALUES_H
#define DLAVM_HOST_SUPPORT_GGUFVALUES_H

#include <cstddef>
#include <cstdint>

namespace dlavm::host::gguf {

/// By their numbers in files.
enum ValueType : uint32_t {
  UInt8,
  Int8,
  UInt16,
  Int16,
  UInt32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  UInt64,
  Int64,
  Float64,
};

/// The bytes of a value of fixed size; 0 for others.
inline size_t getSize(uint32_t type) {
  switch (type) {
  case UInt8:
  case Int8:
  case Bool:
    return 1;
  case UInt16:
  case Int16:
    return 2;
  case UInt32:
  case Int32:
  case Float32:
    return 4;
  case UInt64:
  case Int64:
  case Float64:
    return 8;
  default:
    return 0;
  }
}

} // namespace dlavm::host::gguf

#endif // DLAVM_HOST_SUPPORT_GGUFVALUES_H
