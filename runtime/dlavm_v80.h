//===- dlavm_v80.h - Drivers on a V80 ---------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the two known host interfaces of the V80 have in common. Their C
// functions come from the board's host library: include its header first, then
// dlavm_v80_write_bin.h or dlavm_v80_host2fpga.h, which say what they use of
// it. Types of the functions are not known; numbers convert.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_V80_H
#define DLAVM_V80_H

#include "dlavm_board.h"

namespace dlavm {
inline namespace runtime {

/// A device whose registers have numbers, and to which files are sent. Nothing
/// can be read from its memory.
class V80Device : public BoardDevice {
public:
  void dma_write_file(uint64_t address, const String &path,
                      const void * /*data*/, size_t bytes) override {
    send(path, address, bytes);
  }
  void dma_read(uint64_t address, void * /*data*/, size_t bytes) override {
    throw Error("cannot read " + detail::to_text(uint64_t{bytes}) +
                " bytes at the address " + detail::to_text(address) +
                ": the host interface of the V80 has no function that reads "
                "memory; read_token needs none where a register has the token");
  }
  bool can_read_memory() const override { return false; }

protected:
  uint32_t do_read(uint32_t reg) override {
    return static_cast<uint32_t>(CSB_Read(reg));
  }
  void do_write(uint32_t reg, uint32_t value) override {
    CSB_Write(reg, value);
  }

  /// Sends a file by the function of the interface, whose path may not be
  /// const.
  void send(const String &path, uint64_t address, size_t bytes) {
    std::vector<char> text(path.c_str(), path.c_str() + path.size() + 1);
    send_file(text.data(), address, bytes);
  }
  virtual void send_file(char *path, uint64_t address, size_t bytes) = 0;
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_V80_H
