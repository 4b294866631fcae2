//===- FunctionReader.h - What registers know of a map ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_ACCELTOCSB_FUNCTIONREADER_H
#define DLAVM_CONVERSION_ACCELTOCSB_FUNCTIONREADER_H

#include "ProgramSymbols.h"

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/TaskWriter.h"

namespace dlavm {

/// The words of one function of the csb program: what `index` values, objects
/// and maps of the accel program have become. Words are created where they are
/// needed; CSE and loop-invariant code motion tidy up after.
class FunctionReader : public OperandReader {
public:
  FunctionReader(mlir::OpBuilder &builder, const Word &seq, const Word &past,
                 int64_t maxTokens, ProgramSymbols &symbols)
      : builder(builder), seq(seq), past(past), maxTokens(maxTokens),
        symbols(symbols) {}

  MapOperand getMap(mlir::Value map) override;
  Word getObject(mlir::Value object) override;
  Word getWord(mlir::Value index) override;
  /// The same where loops and calls take it, which are of i32.
  Word getNumber(mlir::Value index);

  /// True after something could not be read; the error has been emitted.
  bool hasFailed() const { return failed; }

  /// Binds an argument or the variable of a loop.
  void bind(mlir::Value index, const Word &word) {
    words.insert({index, word});
  }

private:
  /// A map as address of the whole, offset, sizes and strides; bytes.
  struct View {
    Word base = 0;
    Word offset = 0;
    Word firstToken = 0;
    Word mapTokens = 1;
    llvm::SmallVector<Word> sizes;
    llvm::SmallVector<Word> strides;
  };
  View getView(mlir::Value map);
  /// All of a map of that type, at that address.
  View getView(mlir::MemRefType type, const Word &base,
               llvm::SmallVector<Word> sizes);
  /// An expression of seq and past with its bounds. Emits an error at \p user
  /// where it may be negative, or needs more than 64 bits.
  Word getTokens(mlir::AffineExpr expr, mlir::Value user);
  Word compute(mlir::AffineExpr expr, mlir::Value user);
  Word computeWord(mlir::Value index);
  Word getSymbol(mlir::FlatSymbolRefAttr symbol, int64_t value);
  Word getWord(mlir::OpFoldResult value);
  /// Emits an error at the value, unless there was one, and remembers it.
  void fail(mlir::Value value, const llvm::Twine &why);

  mlir::OpBuilder &builder;
  Word seq, past;
  int64_t maxTokens;
  ProgramSymbols &symbols;
  bool failed = false;
  /// Steps of the word that is being computed.
  unsigned numSteps = 0;
  llvm::DenseMap<mlir::Value, Word> words;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_ACCELTOCSB_FUNCTIONREADER_H
