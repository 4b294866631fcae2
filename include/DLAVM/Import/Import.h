//===- Import.h - Hugging Face configurations into llm ----------*- C++ -*-===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_IMPORT_IMPORT_H
#define DLAVM_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <optional>

namespace dlavm {

class Checkpoint;

struct ImportOptions {
  /// Import only the first layers, 1 to those of the model; all by default.
  std::optional<int64_t> layers;
  /// The largest context of the module, 1 to the model's own context, which is
  /// the default.
  std::optional<int64_t> maxTokens;
  /// At least 1: a longer context of the model is cut to this.
  std::optional<int64_t> contextLimit = std::nullopt;
  /// The tensors of the directory, if they are open already.
  Checkpoint *checkpoint = nullptr;
  /// Glob patterns of tensors that the model may leave out.
  llvm::ArrayRef<std::string> ignoredTensors = {};
};

/// Reads a Hugging Face config.json of a `model_type` that docs/Architectures.md
/// lists and builds the `llm` module of the model; \p path is the file, a
/// directory with a config.json, or a GGUF file, which says the same. Loads the
/// dialects of the module into \p context.
///
/// Where there are tensors, too, they are checked: each that a parameter names
/// is there, with the right shape and a supported element type, and none is
/// left over that the model would ignore.
///
/// The module has a public function `@model`, from the embedded tokens
/// [1, seq, hidden size] to the logits of the last one [1, 1, vocabulary] and
/// the next token's id [1], and private functions `@layer`, and
/// `@layer_without_rope` where the model has such layers. Its name is that
/// of the file without extension, or of the directory if the file is called
/// config.json (in the hub's cache, of the model), or the one that a GGUF file
/// says, as a C++ identifier that a driver can have for its namespace.
///
/// Errors are emitted as diagnostics of \p context, one per call that fails;
/// the result is null then.
mlir::OwningOpRef<mlir::ModuleOp> importModel(llvm::StringRef path,
                                              const ImportOptions &options,
                                              mlir::MLIRContext &context);

} // namespace dlavm

#endif // DLAVM_IMPORT_IMPORT_H
