//===- ConfigReader.h - Checked access to a config.json ---------*- C++ -*-===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_CONFIGREADER_H
#define DLAVM_LIB_IMPORT_CONFIGREADER_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// The object of a config.json. Each function that reads a key emits one error
/// that names the file and the key, and says what it expects and has found.
/// Optional keys may be absent or null and leave their variable as it is.
class ConfigReader {
public:
  /// Sizes and counts must fit the 32-bit registers of the devices.
  static constexpr int64_t kMaxSize = 2147483647;

  /// Reads and parses the file \p path.
  static mlir::FailureOr<ConfigReader> open(llvm::StringRef path,
                                            mlir::MLIRContext &context);
  /// The \p object, which \p path says.
  static ConfigReader create(llvm::json::Object object, llvm::StringRef path,
                             mlir::MLIRContext &context) {
    return ConfigReader(std::move(object), path.str(), "", context);
  }

  /// The object at \p key, or an empty one.
  mlir::FailureOr<ConfigReader> readOptionalObject(llvm::StringRef key) const;

  /// A positive integer up to kMaxSize.
  mlir::LogicalResult readSize(llvm::StringRef key, int64_t &size) const;
  mlir::LogicalResult readOptionalSize(llvm::StringRef key,
                                       int64_t &size) const;
  /// An integer from 0 to kMaxSize.
  mlir::LogicalResult readOptionalCount(llvm::StringRef key,
                                        int64_t &count) const;
  /// A positive number within the range of FP32.
  mlir::LogicalResult readNumber(llvm::StringRef key, double &number) const;
  mlir::LogicalResult readOptionalNumber(llvm::StringRef key,
                                         double &number) const;
  mlir::LogicalResult readString(llvm::StringRef key, std::string &text) const;
  mlir::LogicalResult readOptionalString(llvm::StringRef key,
                                         std::string &text) const;
  mlir::LogicalResult readOptionalFlag(llvm::StringRef key, bool &flag) const;

  /// Refuses a model whose flag \p key, \p isSetByDefault where it is absent,
  /// is not \p expected, for this \p reason.
  mlir::LogicalResult expectFlag(llvm::StringRef key, bool expected,
                                 bool isSetByDefault,
                                 llvm::StringRef reason) const;

  /// The value at \p key; nullptr if it is absent or null.
  const llvm::json::Value *find(llvm::StringRef key) const;

  /// Whether there is a value at \p key, be it null.
  bool contains(llvm::StringRef key) const { return get(key); }

  llvm::StringRef getPath() const { return path; }
  mlir::MLIRContext *getContext() const { return context; }

  /// The keys that nobody has asked for, in alphabetical order.
  std::vector<llvm::StringRef> getUnreadKeys() const;

  /// Starts a warning about the file.
  mlir::InFlightDiagnostic emitWarning() const;
  /// Starts an error about the file, or about one of its keys.
  mlir::InFlightDiagnostic emitError() const;
  mlir::InFlightDiagnostic emitError(llvm::StringRef key) const;

  /// \p value as JSON for a message, cut if it is long.
  static std::string print(const llvm::json::Value &value);

private:
  ConfigReader(llvm::json::Object object, std::string path, std::string prefix,
               mlir::MLIRContext &context)
      : object(std::move(object)), path(std::move(path)),
        prefix(std::move(prefix)), context(&context) {}

  /// The value at \p key, which somebody has asked for from now on.
  const llvm::json::Value *get(llvm::StringRef key) const;

  /// Emits that \p key is missing or has another value than \p expected.
  mlir::LogicalResult refuse(llvm::StringRef key,
                             llvm::StringRef expected) const;

  llvm::json::Object object;
  std::string path;
  /// What precedes the keys of an object inside the file's: "outer.".
  std::string prefix;
  mlir::MLIRContext *context;
  /// Copies share it: they are readers of the same object.
  std::shared_ptr<llvm::StringSet<>> readKeys =
      std::make_shared<llvm::StringSet<>>();
};

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_CONFIGREADER_H
