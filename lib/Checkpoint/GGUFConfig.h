//===- GGUFConfig.h - The configuration of a GGUF file ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_GGUFCONFIG_H
#define DLAVM_LIB_CHECKPOINT_GGUFCONFIG_H

#include "GGUFArchitectures.h"

#include "DLAVM/Checkpoint/GGUFModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

namespace dlavm {

/// Fills in the configuration of a model, and renames its tensors, which come
/// with the names of the content, whose tensors are those of all files. Errors
/// start with the path.
class GGUFTranslation {
public:
  GGUFTranslation(const GGUFContent &content, llvm::StringRef path,
                  GGUFModel &model)
      : content(content), path(path), model(model), config(model.config) {}

  llvm::Error run();

private:
  llvm::Error chooseArchitecture();
  llvm::Error readSizes();
  llvm::Error readHeads();
  llvm::Error readRope();
  llvm::Error readScaling();
  llvm::Error readLlama3Divisors(const GGUFTensorInfo &tensor);
  llvm::Error readLongRope();
  void readBiases();
  llvm::Error checkOthers();
  void renameTensors();

  /// The scalar at \p key of the architecture, which is known from now on.
  const llvm::json::Value *find(llvm::StringRef key) {
    known.insert(key);
    return content.find((architecture->name + "." + key).str());
  }
  /// The integer at \p key; 0 if there is none.
  int64_t getInteger(llvm::StringRef key) {
    const llvm::json::Value *value = find(key);
    return value ? value->getAsInteger().value_or(0) : 0;
  }
  /// The key of the configuration for \p key.
  llvm::StringRef getConfigKey(llvm::StringRef key) const {
    return llvm::find_if(
               architecture->keys,
               [&](const GGUFNames &names) { return names.here == key; })
        ->there;
  }
  bool isGLM() const { return architecture->modelType.starts_with("glm"); }
  bool hasTensor(llvm::StringRef name) const {
    return content.findTensor(name);
  }
  llvm::Expected<std::vector<double>>
  readDivisors(const GGUFTensorInfo &tensor);

  template <typename... Args>
  llvm::Error fail(const char *format, Args &&...args) {
    return llvm::createStringError(
        path + ": " + llvm::formatv(format, std::forward<Args>(args)...));
  }

  const GGUFContent &content;
  llvm::StringRef path;
  GGUFModel &model;
  llvm::json::Object &config;
  const GGUFArchitecture *architecture = nullptr;
  /// The architecture's keys that somebody has asked for.
  llvm::StringSet<> known;
  int64_t headDim = 0, heads = 0, kvHeads = 0;
  /// Tensors that have become part of the configuration.
  llvm::StringSet<> tables;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_GGUFCONFIG_H
