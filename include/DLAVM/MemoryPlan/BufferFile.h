//===- BufferFile.h - Files of buffers with lifetimes ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_MEMORYPLAN_BUFFERFILE_H
#define DLAVM_MEMORYPLAN_BUFFERFILE_H

#include "DLAVM/MemoryPlan/MemoryPlan.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace dlavm {

/// The buffers of a CSV file with the columns `id,lower,upper,size`, as
/// published instances have them. One lives in the half-open interval from
/// `lower` to `upper`.
struct BufferFile {
  std::vector<std::string> ids;
  std::vector<PlannedBuffer> buffers;
};

/// Parses the text of a file. The error begins with line and column, "3:5: ".
llvm::Expected<BufferFile> parseBufferFile(llvm::StringRef text);

} // namespace dlavm

#endif // DLAVM_MEMORYPLAN_BUFFERFILE_H
