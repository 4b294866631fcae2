//===- SimulatorInterface.h - The simulator without its headers ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A host program that runs a driver on the simulator needs neither LLVM's
// headers nor the compiler's: these functions of the library
// DLAVMSimulatorInterface are all that it links. Header for C++ and C.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SIMULATOR_SIMULATORINTERFACE_H
#define DLAVM_SIMULATOR_SIMULATORINTERFACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct DLAVMSimulator DLAVMSimulator;

/// A simulator of the device with this name, as `edgellm-20241128`, or null if
/// there is none. With \p sanitize it follows what is written and read; 0 \p
/// threads are all of the machine.
DLAVMSimulator *dlavmSimulatorCreate(const char *device, int sanitize,
                                     unsigned threads);
void dlavmSimulatorDestroy(DLAVMSimulator *simulator);
/// The names of the devices that can be simulated: "a, b". Never freed.
const char *dlavmSimulatorGetDevices(void);

void dlavmSimulatorWrite(DLAVMSimulator *simulator, uint32_t reg,
                         uint32_t value);
uint32_t dlavmSimulatorRead(DLAVMSimulator *simulator, uint32_t reg);
void dlavmSimulatorPoll(DLAVMSimulator *simulator, uint32_t reg,
                        uint32_t value);
void dlavmSimulatorDMAWrite(DLAVMSimulator *simulator, uint64_t address,
                            const void *data, size_t bytes);
void dlavmSimulatorDMARead(DLAVMSimulator *simulator, uint64_t address,
                           void *data, size_t bytes);
void dlavmSimulatorTask(DLAVMSimulator *simulator, int32_t layer,
                        const char *name);

/// A call of the driver begins and ends; the sanitizer's findings about input
/// and KV caches depend on it.
void dlavmSimulatorBeginRun(DLAVMSimulator *simulator, int64_t seq,
                            int64_t past);
void dlavmSimulatorEndRun(DLAVMSimulator *simulator);

size_t dlavmSimulatorGetNumFindings(DLAVMSimulator *simulator);
/// Calls \p visit with each finding, a line of text.
void dlavmSimulatorVisitFindings(DLAVMSimulator *simulator,
                                 void (*visit)(const char *text, void *data),
                                 void *data);

#ifdef __cplusplus
}
#endif

#endif // DLAVM_SIMULATOR_SIMULATORINTERFACE_H
