//===- HostFunctions.h - What the host calls besides run ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_ACCELTOCSB_HOSTFUNCTIONS_H
#define DLAVM_CONVERSION_ACCELTOCSB_HOSTFUNCTIONS_H

#include "ProgramSymbols.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlavm {

/// Creates `load_parameters`, `write_input`, `read_token`, `read_logits` and
/// their like from the buffers that the host writes and reads, and
/// `read_embeddings` where the model names an embedding.
class HostFunctions {
public:
  HostFunctions(const DeviceInfo &device, ProgramSymbols &symbols,
                int64_t maxTokens)
      : device(device), symbols(symbols), maxTokens(maxTokens) {}

  /// Notes the buffers of the host and the embedding before they are gone, and
  /// takes the latter's name from the module. With \p copyWeights
  /// places a scratch buffer behind all others; fails if it does not fit, or a
  /// buffer has other tokens than the host can give or take.
  llvm::LogicalResult collect(mlir::ModuleOp module, bool copyWeights);

  /// Creates the functions at the end of the module.
  void create(mlir::ModuleOp module);

private:
  struct HostBuffer {
    std::string name;
    accel::HostRole role;
    mlir::FlatSymbolRefAttr symbol;
    int64_t channels;
    /// As many rows, whatever the call; nothing where they are its tokens.
    std::optional<int64_t> rows;
    /// Of an image whose patches are the rows; null for others.
    llm::WindowAttr patches;
  };

  llvm::LogicalResult collect(accel::BufferOp buffer);
  llvm::LogicalResult placeScratch(mlir::ModuleOp module);
  void createLoadParameters(mlir::OpBuilder &builder, mlir::ModuleOp module);
  void createCopyWeights(mlir::OpBuilder &builder);
  template <typename Op> void setPorts(Op transfer);
  void createWrite(mlir::OpBuilder &builder, const HostBuffer &buffer);
  void createRead(mlir::OpBuilder &builder, const HostBuffer &buffer);
  void createReadToken(mlir::OpBuilder &builder, const HostBuffer &buffer);
  void createReadEmbeddings(mlir::OpBuilder &builder);
  mlir::FlatSymbolRefAttr getMapBase();
  mlir::Value getDMAAddress(mlir::OpBuilder &builder,
                            mlir::FlatSymbolRefAttr symbol);
  void createCheck(mlir::OpBuilder &builder, mlir::Value seq);
  /// Starts a function; its arguments carry these names.
  mlir::Block *createFunction(mlir::OpBuilder &builder, llvm::StringRef name,
                              llvm::ArrayRef<mlir::Type> arguments,
                              llvm::ArrayRef<llvm::StringRef> names,
                              mlir::TypeRange results);

  const DeviceInfo &device;
  ProgramSymbols &symbols;
  int64_t maxTokens;
  std::vector<HostBuffer> buffers;
  /// Null without an embedding.
  mlir::SymbolRefAttr embedding;
  csb::BufferOp scratch;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_ACCELTOCSB_HOSTFUNCTIONS_H
