//===- dlavm_v80_write_bin.h - A V80 with DDR_Write_bin ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Include the header of the host library before this one. It declares
//
//     CSB_Write(index, value)              writes a register
//     CSB_Read(index)                      reads one
//     DDR_Write_bin(path, address, bytes)  sends a file
//     DDR_Update(address, value)           writes 32 bits of memory
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_V80_WRITE_BIN_H
#define DLAVM_V80_WRITE_BIN_H

#include "dlavm_v80.h"

namespace dlavm {
inline namespace runtime {

/// What lies in the memory of the host is written word by word.
class V80WriteBinDevice : public V80Device {
public:
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    if (address % 4 != 0 || bytes % 4 != 0)
      throw Error("cannot write " + detail::to_text(uint64_t{bytes}) +
                  " bytes at the address " + detail::to_text(address) +
                  ": the host interface of the V80 writes words of 4 bytes");
    const char *next = static_cast<const char *>(data);
    for (size_t done = 0; done < bytes; done += 4) {
      uint32_t word;
      std::memcpy(&word, next + done, sizeof word);
      DDR_Update(address + done, word);
    }
  }

protected:
  void send_file(char *path, uint64_t address, size_t bytes) override {
    DDR_Write_bin(path, address, bytes);
  }
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_V80_WRITE_BIN_H
