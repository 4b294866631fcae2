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
#include "DLAVM/Support/OutputDirectory.h"

namespace dlavm {

/// The file with the embedding rows, FP16 [tokens][channels].
inline constexpr llvm::StringLiteral kEmbeddingFile = "embedding.bin";
/// What makes a directory of parameters complete: the line `dlavm-parameters 2
/// FINGERPRINT HASH`, then for each file, in the order of objects, layers and
/// ports, the embedding and the files of the tokenizer, its xxHash64 (16
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

/// Writes all files that the driver of the directory loads, the embedding rows,
/// the report and the checksums, and adds the member "packed" to plan.json. The
/// files depend on plan and tensors only. \p plan is that of the directory,
/// read after it was opened.
///
/// An earlier packing stays as it is until the new one is complete, and after
/// an error. A limit on the size of files is an error only where the process
/// ignores SIGXFSZ.
llvm::Expected<PackedDirectory> packDirectory(OutputDirectory &output,
                                              const DriverPlan &plan,
                                              const DeviceInfo &device,
                                              TensorSource &source,
                                              const PackOptions &options);

/// Adds to a new plan, the text of plan.json, what packing has added to that of
/// \p directory, if the files there have been packed for drivers with the same
/// fingerprint: they are those of the new driver, too. False if they are not.
bool keepPacking(llvm::StringRef directory, std::string &plan);

/// The text of kReportFile.
std::string printReport(const PackReport &report, ScaleChoice choice);

} // namespace dlavm

#endif // DLAVM_PACK_PACKDIRECTORY_H
