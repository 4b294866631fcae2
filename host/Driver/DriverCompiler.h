//===- DriverCompiler.h - Driver source to shared objects ----- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_DRIVERCOMPILER_H
#define DLAVM_HOST_DRIVER_DRIVERCOMPILER_H

#include <string>

namespace dlavm::host {

/// A shared object in memory of the process.
class SharedObject {
public:
  SharedObject() = default;
  explicit SharedObject(void *handle) : handle(handle) {}
  SharedObject(SharedObject &&other) noexcept : handle(other.handle) {
    other.handle = nullptr;
  }
  SharedObject &operator=(SharedObject &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~SharedObject();

  /// Null if it has none of this name.
  void *findSymbol(const char *name) const;

private:
  void *handle = nullptr;
};

/// Compiles C++ source, which includes files of \p directory, as a shared
/// object and loads it. The compiler is $CXX, a program and perhaps arguments
/// separated by spaces; where that is unset or empty, c++, g++ or clang++,
/// whichever is found first. Shared objects are kept, in the directory
/// $DLAVM_DRIVER_CACHE if that is set, and not at all if it is empty; else in
/// dlavm below $XDG_CACHE_HOME or ~/.cache. One is taken from there if its
/// preprocessed source, the compiler and its arguments are the same, and the
/// file is whole and the user's own. Throws dlavm::Error, with the messages of
/// the compiler, where \p what, as "the driver model.h", does not compile.
SharedObject compileAndLoad(const std::string &source,
                            const std::string &directory,
                            const std::string &what);

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_DRIVERCOMPILER_H
