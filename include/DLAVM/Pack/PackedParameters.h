//===- PackedParameters.h - Parameters read back from files ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a driver loads, in terms of the model's parameters: for a reference that
// has no checkpoint. Rows, columns and channels are those of the parameter,
// with the padding and the order that the device needs.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_PACKEDPARAMETERS_H
#define DLAVM_PACK_PACKEDPARAMETERS_H

#include "DLAVM/Plan/DriverPlan.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <vector>

namespace dlavm {

/// The files of one layer of a weight matrix, mapped into memory.
class PackedMatrix {
public:
  int64_t getNumRows() const { return rows; }
  int64_t getNumColumns() const { return columns; }
  /// Blocks of 128 columns, which have one scale each; the last one may have
  /// fewer columns.
  int64_t getNumBlocks() const { return (columns + 127) / 128; }
  /// Reads a row: \p values has getNumColumns() elements, -7 .. 7, \p scales
  /// getNumBlocks() FP16 codes. A weight is scale times value, exactly.
  void readRow(int64_t row, llvm::MutableArrayRef<int8_t> values,
               llvm::MutableArrayRef<uint16_t> scales) const;

private:
  friend class PackedParameters;
  const DeviceInfo *device = nullptr;
  /// Of the matrix in the files that it may be a part of.
  int64_t firstRow = 0;
  int64_t rows = 0, columns = 0;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
  std::vector<llvm::ArrayRef<uint8_t>> ports;
};

/// The parameters of a packed directory. Plan and device must outlive it. Safe
/// to use from several threads.
class PackedParameters {
public:
  PackedParameters(llvm::StringRef directory, const DriverPlan &plan,
                   const DeviceInfo &device)
      : directory(directory), plan(plan), device(device) {}

  /// A weight matrix by the name of its parameter. Fails if no object is made
  /// of the parameter, the layer does not exist, or a file is missing or has
  /// the wrong size; checksums are the driver's to verify.
  llvm::Expected<PackedMatrix> openMatrix(llvm::StringRef parameter,
                                          int64_t layer) const;
  /// Whether the parameter is the weight of a convolution.
  bool isKernels(llvm::StringRef parameter) const;
  /// The weights of a convolution, [output channels][kernel rows, kernel
  /// columns, input channels], each -7 .. 7. Their scales are part of the scale
  /// of the convolution.
  llvm::Expected<std::vector<int8_t>> readKernels(llvm::StringRef parameter,
                                                  int64_t layer) const;
  /// A vector as FP16 codes: scales and biases of linear layers and norms.
  llvm::Expected<std::vector<uint16_t>> readVector(llvm::StringRef parameter,
                                                   int64_t layer) const;
  /// The embedding rows, FP16 codes [tokens][channels], little-endian.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> openEmbedding() const;

private:
  llvm::Expected<const PlanObject *>
  findObject(llvm::StringRef parameter, bool isMatrix, int64_t layer) const;
  /// The files of all ports of an object's layer.
  llvm::Expected<std::vector<std::unique_ptr<llvm::MemoryBuffer>>>
  openFiles(const PlanObject &object, int64_t layer) const;
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  openFile(llvm::StringRef file, int64_t bytes) const;

  std::string directory;
  const DriverPlan &plan;
  const DeviceInfo &device;
};

} // namespace dlavm

#endif // DLAVM_PACK_PACKEDPARAMETERS_H
