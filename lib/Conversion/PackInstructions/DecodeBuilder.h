//===- DecodeBuilder.h - The function that starts blocks ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_DECODEBUILDER_H
#define DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_DECODEBUILDER_H

#include "InstructionPlan.h"

#include "DLAVM/Encoding/Word.h"

#include "mlir/IR/IRMapping.h"

namespace dlavm::csb {

/// Writes a decode that changes the words that depend on past, sends them, and
/// starts the blocks.
class DecodeBuilder {
public:
  /// The object has the blocks, the constant is the host's address of their
  /// memory, and the table has the registers that start them.
  DecodeBuilder(InstructionPlan &plan, mlir::SymbolTable &symbols,
                ObjectOp object, ConstantOp base, RegisterTableOp table);

  /// In no module yet.
  mlir::func::FuncOp run();

  /// Words of a layer, or outside, that depend on past.
  int64_t numChanges = 0;

private:
  mlir::func::FuncOp createFunction(llvm::StringRef name);
  /// Where there are two copies: a function that sends the words of a call
  /// after its argument, unless its copy has them.
  void createSender();
  /// Of the copies, that of this function's call.
  void chooseBuffer();
  /// Calls that function for the next call, if there is one.
  void sendNext();
  /// Builds the parts of all variants at the insertion point, each where its
  /// histories are told apart.
  void buildVariants(llvm::function_ref<void(InstructionVariant &)> build);

  /// Computes a value of the flat program; what does not depend on the layer,
  /// before the loop.
  mlir::Value copy(mlir::Value value, mlir::OpBuilder &layerBuilder);
  /// The word where task \p number of a run begins, with \p beats before it.
  Word getPlace(const InstructionRun &run, const Word &number,
                const Word &beats);

  /// Changes the words of the variant that depend on past and sends them in one
  /// transfer.
  void send(InstructionVariant &built);
  void change(const PackedTask &task, const Word &place, int64_t lowest,
              int64_t highest, mlir::OpBuilder &to);
  void change(const InstructionRun &run);
  void changeLayers(const InstructionRun &run);

  void start(InstructionVariant &built);
  void start(const InstructionRun &run, bool sendsNext);
  /// Starts a block.
  void start(const InstructionRun &run, const Word &block,
             mlir::FlatSymbolRefAttr prefix, llvm::ArrayRef<int64_t> sums,
             bool sendsNext);
  void start(const TaskStart &direct);
  /// The beats of the tasks before task \p number of a run.
  Word getBeatsBefore(const InstructionRun &run, const Word &number,
                      mlir::FlatSymbolRefAttr prefix,
                      llvm::ArrayRef<int64_t> sums);

  mlir::Value getAddress(llvm::StringRef symbol);
  mlir::SymbolRefAttr getRegister(const Register &reg);

  InstructionPlan &plan;
  mlir::SymbolTable &symbols;
  ObjectOp object;
  ConstantOp base;
  RegisterTableOp table;
  mlir::OpBuilder builder;
  mlir::Location loc;

  mlir::func::FuncOp sender;
  /// The argument of the function that is built, its copy of the blocks, and
  /// where that begins.
  mlir::Value past;
  Word buffer = 0, bufferWords = 0;
  /// The variant that is built, and its values in the new function.
  InstructionVariant *variant = nullptr;
  mlir::IRMapping mapping;
  /// Of those of the variant that change.
  int64_t firstWord = 0, lastWord = -1;
};

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_DECODEBUILDER_H
