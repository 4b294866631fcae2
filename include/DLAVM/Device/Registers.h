//===- Registers.h - Register tables of a device ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A register table says what the registers of one hardware task mean. The same
// table serves the encoder that writes them, the names in the driver source,
// the checker that decodes a recorded run, the trace printer and the generated
// register pages. Tables are per task because one register number means
// different things in different tasks.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_REGISTERS_H
#define DLAVM_DEVICE_REGISTERS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dlavm {

/// The memories that a device addresses.
enum class MemorySpace { DDR, HBM };

/// "DDR" or "HBM".
llvm::StringRef stringify(MemorySpace space);

/// What a register holds.
enum class RegisterRole {
  /// A number of tokens, channels, slices, ...
  Count,
  /// A distance in bytes.
  Stride,
  /// A mode, a flag or an encoded constant.
  Code,
  /// Always the value of the table, which the task writer adds by itself.
  Reserved,
  /// Byte address of a feature map that the task reads (DDR).
  MapIn,
  /// Byte address of a feature map that the task writes (DDR).
  MapOut,
  /// Byte address of a parameter or table in DDR; tasks never write it.
  ParameterDDR,
  /// Byte offset of a parameter in every HBM port; tasks never write it.
  ParameterHBM,
  /// Byte offset of a KV cache in every HBM port that the task reads.
  CacheIn,
  /// Byte offset of a KV cache in every HBM port that the task writes.
  CacheOut,
  /// An address outside the plan of a model (weight loading).
  Transfer,
  /// The last register that is written; it starts the task.
  Opcode,
  /// Polled, never written; the table gives the value that means done.
  Status,
  /// Read by the host after the task; never written.
  Result,
};

/// "count", "stride", ...
llvm::StringRef stringify(RegisterRole role);

/// True for the roles whose value is an address of the model's plan.
bool isAddress(RegisterRole role);

/// True for the registers that a task writes, in the order of the table.
bool isWritten(RegisterRole role);

/// One value of a register that has a name in the driver source.
struct NamedValue {
  std::string name;
  uint32_t value;
};

/// One entry of a register table.
struct Register {
  /// Identifier in the driver source, unique in its table.
  std::string name;
  uint32_t number;
  RegisterRole role;
  /// Unit of the value: tokens, channels, bytes, bits, ...
  std::string unit;
  std::string meaning;
  /// What a Reserved register is written with and a Status register polled for.
  uint32_t value = 0;
  std::vector<NamedValue> values;
};

/// The registers of one hardware task, those that are written in the order of
/// the writes. The last one starts the task; one Status register ends it.
class RegisterTable {
public:
  RegisterTable() = default;
  RegisterTable(std::string name, std::string title)
      : name(std::move(name)), title(std::move(title)) {}

  llvm::StringRef getName() const { return name; }
  llvm::StringRef getTitle() const { return title; }
  llvm::ArrayRef<Register> getRegisters() const { return registers; }

  void add(Register reg) { registers.push_back(std::move(reg)); }
  /// Names a value of the register that was added last.
  void addValue(NamedValue value) {
    registers.back().values.push_back(std::move(value));
  }
  /// Moves a register to another number; the order of the writes stays.
  void renumber(llvm::StringRef identifier, uint32_t number);

  /// The register with this identifier; it is our own mistake if there is none.
  const Register &get(llvm::StringRef identifier) const;
  /// The register with this identifier, or null.
  const Register *lookup(llvm::StringRef identifier) const;
  /// The register with this number, or null.
  const Register *lookup(uint32_t number) const;

  const Register &getOpcode() const;
  const Register &getStatus() const;
  const Register &getResult() const;

private:
  const Register &get(RegisterRole role) const;

  std::string name;
  std::string title;
  std::vector<Register> registers;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_REGISTERS_H
