//===- SimulatorInterface.cpp - The simulator without its headers --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Simulator/SimulatorInterface.h"
#include "DLAVM/Check/FindingLog.h"
#include "DLAVM/Device/Devices.h"
#include "DLAVM/Simulator/Simulator.h"

using namespace dlavm;

struct DLAVMSimulator {
  Simulator simulator;
};

/// The devices of the project. A program that uses this interface has no other
/// registry.
static const DeviceRegistry &getDevices() {
  static const DeviceRegistry registry = [] {
    DeviceRegistry result;
    registerAllDevices(result);
    return result;
  }();
  return registry;
}

DLAVMSimulator *dlavmSimulatorCreate(const char *device, int sanitize,
                                     unsigned threads) {
  const DeviceInfo *record = getDevices().lookup(device);
  if (!record)
    return nullptr;
  SimulatorOptions options;
  options.sanitize = sanitize != 0;
  options.threads = threads;
  return new DLAVMSimulator{Simulator(*record, {}, options)};
}

void dlavmSimulatorDestroy(DLAVMSimulator *simulator) { delete simulator; }

const char *dlavmSimulatorGetDevices() {
  static const std::string names = getDevices().getNames();
  return names.c_str();
}

void dlavmSimulatorWrite(DLAVMSimulator *simulator, uint32_t reg,
                         uint32_t value) {
  simulator->simulator.write(reg, value);
}

uint32_t dlavmSimulatorRead(DLAVMSimulator *simulator, uint32_t reg) {
  return simulator->simulator.read(reg);
}

void dlavmSimulatorPoll(DLAVMSimulator *simulator, uint32_t reg,
                        uint32_t value) {
  simulator->simulator.poll(reg, value);
}

void dlavmSimulatorDMAWrite(DLAVMSimulator *simulator, uint64_t address,
                            const void *data, size_t bytes) {
  simulator->simulator.dmaWrite(address,
                                {static_cast<const uint8_t *>(data), bytes});
}

void dlavmSimulatorDMARead(DLAVMSimulator *simulator, uint64_t address,
                           void *data, size_t bytes) {
  simulator->simulator.dmaRead(address, {static_cast<uint8_t *>(data), bytes});
}

void dlavmSimulatorTask(DLAVMSimulator *simulator, int32_t layer,
                        const char *name) {
  simulator->simulator.task(layer, name);
}

void dlavmSimulatorBeginRun(DLAVMSimulator *simulator, int64_t seq,
                            int64_t past) {
  simulator->simulator.beginRun(seq, past);
}

void dlavmSimulatorEndRun(DLAVMSimulator *simulator) {
  simulator->simulator.endRun();
}

size_t dlavmSimulatorGetNumFindings(DLAVMSimulator *simulator) {
  return simulator->simulator.getFindings().size();
}

void dlavmSimulatorVisitFindings(DLAVMSimulator *simulator,
                                 void (*visit)(const char *text, void *data),
                                 void *data) {
  for (const Finding &finding : simulator->simulator.getFindings())
    visit(describe(finding).c_str(), data);
}
