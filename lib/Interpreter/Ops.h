//===- Ops.h - What the ops of the llm dialect compute --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_INTERPRETER_OPS_H
#define DLAVM_LIB_INTERPRETER_OPS_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "ModelParameters.h"
#include "Numerics.h"

namespace dlavm::interpreter {

/// Values per channel.
using Vector = llvm::ArrayRef<double>;

/// The keys or values of one layer, [tokens, heads, channels], so that tokens
/// can be appended.
struct KVCache {
  int64_t heads = 0, channels = 0;
  std::vector<double> values;

  int64_t getTokens() const { return values.size() / (heads * channels); }
  /// The channels of one head of a token.
  Vector getRow(int64_t head, int64_t token) const {
    return Vector(values).slice((token * heads + head) * channels, channels);
  }
};

/// A map of zeros.
MapValue createMap(int64_t maps, int64_t tokens, int64_t channels);

// Each function but getRopeAngles is one op of the dialect (llm.linear and
// so on), whose documentation has the formula. Shapes fit: the dialect verifies
// them. Sums are in ascending order and start at +0.0; results are rounded
// once, at the end, by numerics.store().

/// What a linear layer does to the sum of products of each output.
struct LinearEpilogue {
  /// One value for each output channel, or none.
  Vector scale, bias;
  /// May be null.
  const MapValue *residual = nullptr;
  llm::ResidualKind residualKind = llm::ResidualKind::Add;
  bool hasRelu = false;

  /// The result for the element \p index of the map, in channel \p output.
  double apply(const Numerics &numerics, double sum, int64_t index,
               int64_t output) const;
};
/// Applies it to all sums, in place.
void applyEpilogue(const Numerics &numerics, const LinearEpilogue &epilogue,
                   MapValue &sums);

/// \p scale and \p bias are empty where there are none, \p residual is null.
MapValue linear(const Numerics &numerics, const MapValue &input,
                const Weight &weight, const LinearEpilogue &epilogue);
/// The scales of rounded weights are multiplied into \p scale.
MapValue conv2d(const Numerics &numerics, const MapValue &input,
                const Kernels &kernels, Vector scale, Vector bias, bool isRelu,
                llm::WindowAttr window);
MapValue rmsNorm(const Numerics &numerics, const MapValue &input, Vector weight,
                 double epsilon);
MapValue layerNorm(const Numerics &numerics, const MapValue &input,
                   Vector weight, Vector bias, double epsilon);
/// What a rotary embedding does at any position.
struct RopeAngles {
  /// The angle per position of each pair of channels that is rotated.
  std::vector<double> frequencies;
  /// Multiplies cosines and sines.
  double factor = 1;
};
RopeAngles getRopeAngles(llm::RopeOp op);
MapValue rope(const Numerics &numerics, const MapValue &input,
              llm::RopeStyle style, const RopeAngles &angles, int64_t past);
/// Replaces what \p cache holds from token \p past on.
void kvAppend(KVCache &cache, const MapValue &input, int64_t past);
/// Of \p heads query heads; those of a KV head may be followed by empty ones.
MapValue attentionScores(const Numerics &numerics, const MapValue &input,
                         const KVCache &cache, double scale, int64_t heads);
MapValue softmax(const Numerics &numerics, const MapValue &input, int64_t past,
                 bool isMasked = true);
/// In \p heads heads, of which those that no query has are 0.
MapValue attentionValues(const Numerics &numerics, const MapValue &input,
                         const KVCache &cache, int64_t heads);
MapValue activation(const Numerics &numerics, llm::ActivationKind kind,
                    const MapValue &input);
MapValue add(const Numerics &numerics, const MapValue &lhs,
             const MapValue &rhs);
MapValue sub(const Numerics &numerics, const MapValue &lhs,
             const MapValue &rhs);
MapValue mul(const Numerics &numerics, const MapValue &lhs,
             const MapValue &rhs);
/// The index of the largest channel of the only token.
int32_t argmax(const Numerics &numerics, const MapValue &input);

// Views, which round nothing.
MapValue splitHeads(const MapValue &input, int64_t heads);
MapValue mergeHeads(const MapValue &input);
MapValue lastToken(const MapValue &input);
MapValue cutPatches(const MapValue &input, llm::WindowAttr window);

} // namespace dlavm::interpreter

#endif // DLAVM_LIB_INTERPRETER_OPS_H
