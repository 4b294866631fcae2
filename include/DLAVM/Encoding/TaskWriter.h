//===- TaskWriter.h - What an encoder writes with ---------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_ENCODING_TASKWRITER_H
#define DLAVM_ENCODING_TASKWRITER_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Encoding/Word.h"

#include "llvm/ADT/StringMap.h"

namespace dlavm {

/// A feature map as registers describe it. Distances are bytes.
struct MapOperand {
  Word address;
  /// Between surfaces.
  Word line;
  /// Of the view, which may be a slice of the map.
  Word tokens;
  Word surfaces;
  /// The first token of the view in the whole map, and the tokens of that.
  Word firstToken = 0;
  Word mapTokens = 1;
  /// The address is one on the chip.
  bool isOnChip = false;
};

/// A copy of packed weights: `bytes` bytes of the memory of maps at `source` to
/// `destination`, an address over all ports of the weights' memory, which lies
/// in `port`.
struct WeightCopy {
  Word source;
  Word destination;
  Word bytes;
  Word port;
};

/// How an encoder sees the operands of its task.
class OperandReader {
public:
  virtual ~OperandReader() = default;
  virtual MapOperand getMap(mlir::Value map) = 0;
  /// The address of one layer's object.
  virtual Word getObject(mlir::Value object) = 0;
  /// A count.
  virtual Word getWord(mlir::Value index) = 0;
};

/// Collects the register values of one start. finish() writes them in the order
/// of the register table, with the reserved registers that encoders leave out.
class TaskWriter {
public:
  TaskWriter(const DeviceInfo &device, const RegisterTable &table,
             OperandReader &reader)
      : device(device), table(table), reader(reader) {}

  const DeviceInfo &getDevice() const { return device; }
  MapOperand getMap(mlir::Value map) { return reader.getMap(map); }
  Word getObject(mlir::Value object) { return reader.getObject(object); }
  Word getWord(mlir::Value index) { return reader.getWord(index); }

  /// True if encoders write the register: versions that share an encoder need
  /// not have the same registers.
  bool has(llvm::StringRef identifier) const {
    const Register *reg = table.lookup(identifier);
    return reg && reg->role != RegisterRole::Reserved;
  }
  /// Writes a register; of an address that has its high bits in another
  /// register, both.
  void write(llvm::StringRef identifier, const Word &value);
  /// Writes the value of the register that the table calls \p valueName.
  void writeNamed(llvm::StringRef identifier, llvm::StringRef valueName);

  /// Creates the `csb.write` ops and the `csb.poll` of the start. The encoder
  /// must have written every register of the table that is not reserved.
  void finish(mlir::OpBuilder &builder, mlir::Location loc);

private:
  const DeviceInfo &device;
  const RegisterTable &table;
  OperandReader &reader;
  llvm::StringMap<Word> values;
};

} // namespace dlavm

#endif // DLAVM_ENCODING_TASKWRITER_H
