//===- SimulatorDevice.h - Drivers on the simulator ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For host programs: a device of dlavm_runtime.h, which must be on the include
// path, as it is beside a driver.
//
//     dlavm::SimulatorDevice device("edgellm-20241128");
//     tiny::load_parameters(device, "directory");
//     tiny::write_input(device, rows, seq);
//     device.begin_run(seq, past);
//     tiny::run(device, seq, past);
//     device.end_run();
//     int32_t token = tiny::read_token(device);
//
// Header only; the program links the library DLAVMSimulatorInterface.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SIMULATOR_SIMULATORDEVICE_H
#define DLAVM_SIMULATOR_SIMULATORDEVICE_H

#include "DLAVM/Simulator/SimulatorInterface.h"
#include "dlavm_runtime.h"

#include <string>
#include <vector>

namespace dlavm {
inline namespace runtime {

/// A device that computes what the accelerator computes.
class SimulatorDevice : public Device {
public:
  /// With \p sanitize it follows what is written and read, between begin_run
  /// and end_run also KV caches and input; 0 \p threads are all of the machine.
  /// Throws if the device is unknown.
  explicit SimulatorDevice(const std::string &name, bool sanitize = false,
                           unsigned threads = 0)
      : simulator(dlavmSimulatorCreate(name.c_str(), sanitize, threads)) {
    if (!simulator)
      throw Error("no simulator of a device " + name + "; there are " +
                  dlavmSimulatorGetDevices());
  }
  ~SimulatorDevice() override { dlavmSimulatorDestroy(simulator); }

  uint32_t read(uint32_t reg) override {
    return dlavmSimulatorRead(simulator, reg);
  }
  void poll(uint32_t reg, uint32_t value) override {
    dlavmSimulatorPoll(simulator, reg, value);
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    dlavmSimulatorDMAWrite(simulator, address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    dlavmSimulatorDMARead(simulator, address, data, bytes);
  }

  /// A call of the driver begins and ends.
  void begin_run(int32_t seq, int32_t past) {
    dlavmSimulatorBeginRun(simulator, seq, past);
  }
  void end_run() { dlavmSimulatorEndRun(simulator); }

  /// What cannot be right, a line each.
  std::vector<std::string> findings() const {
    std::vector<std::string> lines;
    dlavmSimulatorVisitFindings(
        simulator,
        [](const char *text, void *data) {
          static_cast<std::vector<std::string> *>(data)->push_back(text);
        },
        &lines);
    return lines;
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    dlavmSimulatorTask(simulator, layer, name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    dlavmSimulatorWrite(simulator, reg, value);
  }

private:
  DLAVMSimulator *simulator;
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_SIMULATOR_SIMULATORDEVICE_H
