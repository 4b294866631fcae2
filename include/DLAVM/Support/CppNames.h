//===- CppNames.h - Names in driver source ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_CPPNAMES_H
#define DLAVM_SUPPORT_CPPNAMES_H

#include "llvm/ADT/StringRef.h"

namespace dlavm {

/// True for letters, digits and underscores that make an identifier of C++ and
/// are not reserved for its implementation; it may still be a reserved word.
bool isIdentifier(llvm::StringRef text);

/// True for identifiers that C++ or the frame of a driver use for something
/// else. A driver may be included in C++20, too.
bool isReservedWord(llvm::StringRef name);

/// True for what the C library calls something, so that no namespace can have
/// the name, and for its headers. Names inside of a namespace may be the same.
bool isCLibraryName(llvm::StringRef name);

} // namespace dlavm

#endif // DLAVM_SUPPORT_CPPNAMES_H
