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
#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// What a register holds, and whom it serves.
enum class RegisterRole {
  /// A number of channels, rows, slices, ...
  Count,
  /// The tokens that a start writes; at most one register of a table.
  Tokens,
  /// The first output channel that a start computes, where starts share them;
  /// at most one register of a table.
  FirstChannel,
  /// The tokens before the first one of the start: those in the KV cache before
  /// the call, and those of earlier starts.
  Past,
  /// The tokens in the KV cache and those of the call.
  Keys,
  /// 0 where each token of a start sees all columns. A start of several tokens
  /// is wrong then unless the model says that its tokens see each other; at
  /// most
  /// one register of a table.
  Mask,
  /// A distance in bytes.
  Stride,
  /// A mode, a flag or an encoded constant.
  Code,
  /// Bits that say which maps of the start lie on the chip
  /// (TaskSupport::onChip); at most one register of a table.
  OnChip,
  /// Always the value of the table, which the task writer adds by itself.
  Reserved,
  /// Tells the tasks that one opcode starts apart, by the named values of the
  /// register.
  Selector,
  /// The high parts of addresses, each in an AddressField of its own; the task
  /// writer writes it.
  HighAddress,
  /// Address of a feature map that the task reads.
  MapIn,
  /// Address of a feature map, or of an argmax word, that the task writes.
  MapOut,
  /// Address of an object of this kind, which tasks never write.
  Weight,
  ScaleBias,
  NormWeight,
  RopeTable,
  ActivationTable,
  /// Address of a KV cache that the task reads.
  CacheIn,
  /// Address of a KV cache that the task writes.
  CacheOut,
  /// An address outside the plan of a model: where weights are copied from,
  /// in the memory of maps.
  TransferIn,
  /// Where weights are copied to, over all ports of their memory.
  TransferOut,
  /// The last register that is written; it starts the task.
  Opcode,
  /// Polled, never written; the table gives the value that means done.
  Status,
  /// Read by the host after the task; never written.
  Result,
  /// Where a block of instructions lies, how many beats it has and how many
  /// tasks (DLAVM/Device/InstructionBlocks.h).
  BlockAddress,
  BlockBeats,
  BlockTasks,
};

/// "count", "stride", ...
llvm::StringRef stringify(RegisterRole role);

/// True for the roles whose value is an address of the model's plan.
bool isAddress(RegisterRole role);

/// True for the addresses of parameters, which no task writes.
bool isParameter(RegisterRole role);

/// True for the addresses of what a task writes.
bool isOutput(RegisterRole role);

/// True for the registers that a task writes, in the order of the table.
bool isWritten(RegisterRole role);

/// True for the registers that a task writes and that start none, so that they
/// hold their value on a device whose registers do.
bool keepsValue(RegisterRole role);

/// One value of a register that has a name in the driver source.
struct NamedValue {
  std::string name;
  uint32_t value;
  /// Of an opcode: the status register that ends what it starts, where that is
  /// not the first one of the table.
  std::string status = {};
};

/// Bits of a register that packs several numbers.
struct BitField {
  std::string name;
  unsigned low;
  unsigned bits;

  uint32_t get(uint32_t value) const {
    return static_cast<uint32_t>(value >> low & ((uint64_t(1) << bits) - 1));
  }
};

/// The bits of an address above those that fit its own register: `bits` bits of
/// another register, from bit `shift` on.
struct AddressField {
  std::string reg;
  unsigned shift;
  unsigned bits;
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
  /// Of an address that one register does not hold.
  std::optional<AddressField> high = std::nullopt;
  /// What a packed register consists of, the highest bits first.
  std::vector<BitField> fields = {};
};

/// The registers of one hardware task, those that are written in the order of
/// the writes. The last one starts the task; the first Status register ends it,
/// unless the opcode names another.
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
  /// Names bits of the register that was added last, below those named before.
  void addField(BitField field) {
    registers.back().fields.push_back(std::move(field));
  }
  /// Says where the high bits of the address lie that was added last.
  void addHigh(AddressField field) { registers.back().high = std::move(field); }
  /// Moves a register to another number; the order of the writes stays.
  void renumber(llvm::StringRef identifier, uint32_t number);
  /// Puts another register, which may have the same name, in the place of one.
  void replace(llvm::StringRef identifier, Register reg);

  /// The register with this identifier; it is our own mistake if there is none.
  const Register &get(llvm::StringRef identifier) const;
  /// The register with this identifier, or null.
  const Register *lookup(llvm::StringRef identifier) const;
  /// The register with this number, or null.
  const Register *lookup(uint32_t number) const;

  /// The first register of a role, or null.
  const Register *lookup(RegisterRole role) const;

  /// The bits of a HighAddress register that are those of addresses.
  uint32_t getAddressBits(const Register &high) const;

  const Register &getOpcode() const;
  const Register &getStatus() const;
  /// The status register that ends what this value of the opcode starts.
  const Register &getStatus(uint32_t opcode) const;

  std::string name;
  std::string title;
  std::vector<Register> registers;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_REGISTERS_H
