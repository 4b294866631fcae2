//===- EdgeLLM.h - The edgellm family ---------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_EDGELLM_EDGELLM_H
#define DLAVM_DEVICE_EDGELLM_EDGELLM_H

#include "DLAVM/Device/Device.h"

namespace dlavm::edgellm {

/// Version 20241128: VCU128 with DDR and 32 ports of HBM.
Device createDevice20241128();

/// Registers all versions of the family.
void registerDevices(DeviceRegistry &registry);

/// How the MVM engine walks the output channels of a matrix (registers 7, 8
/// and 14; register document, section 5.2).
struct OutputPartition {
  int64_t sliceChannels;
  int64_t lastSliceChannels;
  int64_t slices;
};
OutputPartition partitionOutputChannels(const Device &device,
                                        int64_t inputChannels,
                                        int64_t outputChannels,
                                        bool hasScaleBias);

/// 128-channel blocks of a weight matrix's inputs, `nblk`.
int64_t inputBlocks(const Device &device, int64_t inputChannels);
/// Scale groups of a weight matrix, `ng`.
int64_t scaleGroups(const Device &device, int64_t inputChannels);
/// Input channels of the last scale group (register 24).
int64_t lastGroupChannels(const Device &device, int64_t inputChannels);
/// Bytes of one output channel's weights and scales in its port, `PKG`.
int64_t packageBytes(const Device &device, int64_t inputChannels);
/// Output channels whose weights fit the weight buffer, `cap` (section 5.2).
int64_t weightBufferChannels(const Device &device, int64_t inputChannels);
/// Tokens per start of the MVM engine (section 5.1); 0 if not even one fits.
int64_t linearTokens(const Device &device, int64_t inputChannels);
/// The functions that the records of the family refer to.
void encodeLinear(mlir::Operation *task, TaskWriter &writer);
void encodeNorm(mlir::Operation *task, TaskWriter &writer);
void encodeActivation(mlir::Operation *task, TaskWriter &writer);
void encodeSoftmax(mlir::Operation *task, TaskWriter &writer);
void encodeRope(mlir::Operation *task, TaskWriter &writer);
void encodeScores(mlir::Operation *task, TaskWriter &writer);
void encodeValues(mlir::Operation *task, TaskWriter &writer);
void encodeKVAppend(mlir::Operation *task, TaskWriter &writer);
void encodeElementwise(mlir::Operation *task, TaskWriter &writer);
void encodeWeightCopy(const WeightCopy &copy, TaskWriter &writer);

Word maxTokensLinear(mlir::Operation *task, const Device &device,
                     const Word &total);
Word maxTokensScores(mlir::Operation *task, const Device &device,
                     const Word &total);
Word maxTokensValues(mlir::Operation *task, const Device &device,
                     const Word &total);

llvm::LogicalResult verifyLinear(mlir::Operation *task, const Device &device);
llvm::LogicalResult verifyNorm(mlir::Operation *task, const Device &device);
/// Rotary embedding, KV caches and attention: heads of one size only.
llvm::LogicalResult verifyHeads(mlir::Operation *task, const Device &device);

/// Sets the `extents` and `check` of every task of \p device.
void addChecks(Device &device);
/// Sets what a simulator needs: the `execute` of every task, and the place of
/// KV cache elements.
void addExecution(Device &device);

// Contents of objects (register document, sections 3.2 to 3.6). The functions
// that read share nothing with those that write.
void packWeights(const WeightRows &rows, const Device &device, PortBytes ports);
void packPairs(const ChannelPairs &pairs, const Device &device,
               PortBytes ports);
void packRotations(const Rotations &rotations, const Device &device,
                   PortBytes ports);
void packSegments(const Segments &segments, const Device &device,
                  PortBytes ports);
void readWeights(ConstPortBytes ports, int64_t outputChannel,
                 const Device &device, llvm::MutableArrayRef<int8_t> values,
                 llvm::MutableArrayRef<uint16_t> scales);
void readPairs(ConstPortBytes ports, const Device &device,
               llvm::MutableArrayRef<uint16_t> scales,
               llvm::MutableArrayRef<uint16_t> biases);

} // namespace dlavm::edgellm

#endif // DLAVM_DEVICE_EDGELLM_EDGELLM_H
