//===- PackDirectory.h - Parameter files beside a driver ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_PACKDIRECTORY_H
#define DLAVM_PACK_PACKDIRECTORY_H

#include "DLAVM/Pack/Packer.h"

namespace dlavm {

/// The file with the embedding rows, FP16 [tokens][channels].
inline constexpr llvm::StringLiteral kEmbeddingFile = "embedding.bin";
/// What makes a directory of parameters complete, and is written last: the line
/// `dlavm-parameters 2 FINGERPRINT HASH`, then for each file, in the order of
/// objects, layers and ports and the embedding at the end, its xxHash64 (16
/// hexadecimal digits), bytes and path. HASH is that of these lines.
inline constexpr llvm::StringLiteral kChecksumFile = "checksums.txt";
/// For people: how much rounding has changed.
inline constexpr llvm::StringLiteral kReportFile = "pack-report.txt";

/// What packDirectory has done.
struct PackedDirectory {
  PackReport report;
  int64_t files = 0;
  int64_t bytes = 0;
};

/// Writes all files that the driver of \p directory loads, the embedding rows,
/// the report and the checksums, and adds the member "packed" to plan.json. The
/// files depend on plan and tensors only.
///
/// An earlier packing loses its checksums at once, so that nothing looks
/// complete until it is; after an error, what was written is removed. A limit
/// on the size of files is an error only where the process ignores SIGXFSZ.
llvm::Expected<PackedDirectory> packDirectory(llvm::StringRef directory,
                                              const DriverPlan &plan,
                                              const DeviceInfo &device,
                                              TensorSource &source,
                                              const PackOptions &options);

/// The text of kReportFile.
std::string printReport(const PackReport &report, ScaleChoice choice);

} // namespace dlavm

#endif // DLAVM_PACK_PACKDIRECTORY_H
