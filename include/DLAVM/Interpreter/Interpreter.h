//===- Interpreter.h - The reference interpreter --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_INTERPRETER_INTERPRETER_H
#define DLAVM_INTERPRETER_INTERPRETER_H

#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Pack/Quantize.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <optional>
#include <vector>

namespace dlavm {

/// What the interpreter computes with.
enum class Arithmetic {
  /// FP64 on the weights of the checkpoint: the truth.
  FP64,
  /// FP64 on weights rounded to INT4.
  FP64INT4,
  /// What the device computes: weights rounded to INT4, parameters and tables
  /// in FP16, every op's result rounded to FP16.
  Device,
};

/// A value of an `llm` program: hidden states [1, tokens, channels] or heads
/// [heads, tokens, channels], row-major.
struct MapValue {
  int64_t maps = 0, tokens = 0, channels = 0;
  std::vector<double> values;

  double &at(int64_t map, int64_t token, int64_t channel) {
    return values[(map * tokens + token) * channels + channel];
  }
  double at(int64_t map, int64_t token, int64_t channel) const {
    return values[(map * tokens + token) * channels + channel];
  }
};

struct InterpreterOptions {
  Arithmetic arithmetic = Arithmetic::FP64;
  /// Whose arithmetic Arithmetic::Device is; may be null for the others.
  const DeviceInfo *device = nullptr;
  ScaleChoice scaleChoice = ScaleChoice::AbsMax;
  /// The tensors hold what rounding to INT4 gave, scale * value: packed
  /// parameters. They are taken as they are.
  bool isRounded = false;
  /// llm.last_token keeps all tokens, so the logits of each come out; the
  /// result of llm.argmax is then that of the first.
  bool keepsAllTokens = false;
  /// What llm.argmax takes has -65504, the least finite number of FP16, for the
  /// ids from this one on: they never win.
  std::optional<int64_t> usableIds = std::nullopt;
};

/// Runs a module of the llm dialect on the host, one op after the other, in
/// plain code that says what the ops mean. It keeps the KV caches from call to
/// call.
class Interpreter {
public:
  /// The module has one public function that takes embedded tokens
  /// [1, seq, channels], or an image [1, pixels, channels]. Module and tensors
  /// must outlive the interpreter. Emits an error at an op that it does not
  /// know.
  static mlir::FailureOr<std::unique_ptr<Interpreter>>
  create(mlir::ModuleOp module, TensorSource &tensors,
         const InterpreterOptions &options);
  ~Interpreter();

  struct Result {
    /// What the function returns, but the token.
    std::vector<MapValue> maps;
    /// The result of llm.argmax, if the function returns one.
    std::optional<int32_t> token;
  };

  /// Sees the result of every op that has a task name, the attribute
  /// `llm.task`; the layer is -1 outside the layers. An op that appends to a KV
  /// cache shows what it appends.
  using Observer = llvm::function_ref<void(int64_t layer, llvm::StringRef name,
                                           const MapValue &value)>;

  /// Runs a call with \p past tokens in the KV caches, which are those of
  /// earlier calls: past may be less than what they hold, which forgets the
  /// rest, but not more. Fails if a parameter cannot be read.
  llvm::Expected<Result> run(
      const MapValue &input, int64_t past,
      Observer observer = [](int64_t, llvm::StringRef, const MapValue &) {});

  /// The rows of the input where they do not depend on the call, the pixels of
  /// an image. A call is then one token without history.
  std::optional<int64_t> getInputRows() const;

  /// The embedding rows of the tokens, [1, ids, channels]; rounded to FP16 in
  /// Arithmetic::Device. Fails if an id is not in the vocabulary.
  llvm::Expected<MapValue> embed(llvm::ArrayRef<int32_t> ids);

  /// The content of a KV cache, [heads, tokens, channels]; empty if the module
  /// has no such cache or layer.
  MapValue getCache(llvm::StringRef symbol, int64_t layer) const;

private:
  class Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_INTERPRETER_INTERPRETER_H
