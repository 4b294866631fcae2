//===- Checkpoints.h - Quantized and GGUF models to start from --*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_CHECKPOINTS_H
#define DLAVM_TEST_FUZZ_CHECKPOINTS_H

#include "Corpus.h"

namespace dlavm {

/// A configuration with its tensors as one text: config.json, a NUL, and
/// model.safetensors.
std::string joinCheckpoint(llvm::StringRef config, llvm::StringRef tensors);
std::pair<llvm::StringRef, llvm::StringRef>
splitCheckpoint(llvm::StringRef text);

/// Writes the model "llama" of \p work in each quantized format, as directories
/// beside it, and a GGUF file of each architecture that has some. Prints what
/// fails.
bool makeCheckpoints(const WorkDirectory &work);

/// What makeCheckpoints has written.
std::vector<std::string> getQuantizedModels();
std::vector<std::string> getGGUFModels();

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_CHECKPOINTS_H
