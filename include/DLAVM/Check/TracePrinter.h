//===- TracePrinter.h - Traces with register names --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_TRACEPRINTER_H
#define DLAVM_CHECK_TRACEPRINTER_H

#include "DLAVM/Check/BlockExpander.h"

#include "llvm/Support/raw_ostream.h"

namespace dlavm {

/// What a block does is printed as comments that begin so.
inline constexpr llvm::StringLiteral kBlockIndent("#   ");

/// Prints the events of a run in the format of traces, with the names of the
/// registers as comments:
///
///     # task 0 query
///     W 3 128 # mvm::InputWidth
///     W 22 5769216 # mvm::ScaleGroup = Log2Channels 11, Channels 2048
///     W 33 799 # mvm::Mode = ScaleBias
///     P 1 1 # mvm::Status
///
/// The tasks of a block of instructions are comments behind its start:
///
///     W 73 1 # block::Opcode = Start
///     #   layer 0, norm
///     #   W 194 0 # norm::WeightAddress
///     P 64 1 # block::Status
///
/// What a register is called depends on the task, so a task is printed when its
/// opcode is written. Writes that start no task have no names.
class TracePrinter {
public:
  /// Device and stream must outlive the printer. With \p isHex, values have
  /// eight hexadecimal digits.
  TracePrinter(const DeviceInfo &device, llvm::raw_ostream &os,
               bool isHex = false)
      : decoder(device), os(os), isHex(isHex),
        blocks(device, memory, names,
               [this](llvm::StringRef reg, const llvm::Twine &message) {
                 report(reg, message);
               }) {}

  void task(int32_t layer, llvm::StringRef name);
  void write(uint32_t reg, uint32_t value);
  void poll(uint32_t reg, uint32_t value);
  void read(uint32_t reg);
  /// What the host writes, among it blocks.
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
    blocks.dmaWrite(address, bytes);
  }
  /// Blocks that the host has loaded.
  void load(const Instructions &instructions) { blocks.load(instructions); }
  /// Prints the writes after the last start, if there are any.
  void endRun() { flush(); }

private:
  /// The events of the host and of the tasks of blocks.
  class Names final : public EventSink {
  public:
    explicit Names(TracePrinter &printer) : printer(printer) {}
    void task(int32_t layer, llvm::StringRef name) override {
      printer.printTask(layer, name);
    }
    void write(uint32_t reg, uint32_t value) override {
      printer.printWrite(reg, value);
    }
    void poll(uint32_t reg, uint32_t value) override {
      printer.printPoll(reg, value);
    }
    uint32_t read(uint32_t reg) override { return 0; }

  private:
    TracePrinter &printer;
  };

  void printTask(int32_t layer, llvm::StringRef name);
  void printWrite(uint32_t reg, uint32_t value);
  void printPoll(uint32_t reg, uint32_t value);
  void report(llvm::StringRef reg, const llvm::Twine &message);
  llvm::StringRef getIndent() const { return isInBlock ? kBlockIndent : ""; }
  void flush();
  std::string getText(uint32_t value) const;
  void print(const char *kind, uint32_t reg, uint32_t value,
             const RegisterTable *table);

  StartDecoder decoder;
  llvm::raw_ostream &os;
  const bool isHex;
  /// The task of the last start, or null.
  const DecodedTask *current = nullptr;
  std::vector<std::pair<uint32_t, uint32_t>> pending;
  bool isInBlock = false;
  BlockImage memory;
  Names names{*this};
  BlockExpander blocks;
};

} // namespace dlavm

#endif // DLAVM_CHECK_TRACEPRINTER_H
