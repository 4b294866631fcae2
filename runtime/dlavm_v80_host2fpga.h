//===- dlavm_v80_host2fpga.h - A V80 with start_host2fpga -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Include the header of the host library before this one. It declares
//
//     CSB_Write(register, value)                  writes a register
//     CSB_Read(register)                          reads one
//     start_host2fpga(path, address, bytes, 1)    sends a file
//
// That registers are read as the other interface reads them is an assumption.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_V80_HOST2FPGA_H
#define DLAVM_V80_HOST2FPGA_H

#include "dlavm_v80.h"

namespace dlavm {
inline namespace runtime {

/// What lies in the memory of the host goes through a file, which is
/// overwritten.
class V80Host2FPGADevice : public V80Device {
public:
  explicit V80Host2FPGADevice(String scratch_file)
      : scratch_file(std::move(scratch_file)) {}

  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    std::FILE *file = std::fopen(scratch_file.c_str(), "wb");
    bool is_written = file && std::fwrite(data, 1, bytes, file) == bytes;
    is_written &= file && std::fclose(file) == 0;
    if (!is_written)
      throw Error(scratch_file +
                  " cannot be written: the host interface of the V80 sends "
                  "files, so what lies in memory goes through this one");
    send(scratch_file, address, bytes);
  }

protected:
  void send_file(char *path, uint64_t address, size_t bytes) override {
    start_host2fpga(path, address, bytes, 1);
  }

private:
  String scratch_file;
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_V80_HOST2FPGA_H
