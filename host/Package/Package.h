//===- Package.h - A driver with all that runs it ---------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_PACKAGE_PACKAGE_H
#define DLAVM_HOST_PACKAGE_PACKAGE_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace dlavm::host {

struct Package {
  /// Of the model, which is the directory that the archive has.
  std::string name;
  size_t files = 0;
  /// Before they are compressed.
  uint64_t bytes = 0;
};

/// Writes a .tar.zst of
///
///     NAME/dlavm-host    the program
///     NAME/model/        checksums.txt and the files that it lists: driver,
///                        runtime header, plan.json, parameters, tokenizer,
///                        chat template
///     NAME/program.cksum checksums of the program and its source
///     NAME/run.sh        starts the program, or builds it and starts that
///     NAME/source/       what it is built from
///
/// \p directory is one that dlavm compile and dlavm pack wrote, \p program the
/// path of dlavm-host. The same files make the same archive. Throws
/// dlavm::Error if the driver does not compile, if parameter files are missing
/// or have not their checksums; \p output is as before then.
Package writePackage(const std::string &directory, const std::string &program,
                     const std::string &output);

} // namespace dlavm::host

#endif // DLAVM_HOST_PACKAGE_PACKAGE_H
