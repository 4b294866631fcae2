//===- SimulatorKind.h - Drivers on the simulator ------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DEVICE_SIMULATORKIND_H
#define DLAVM_HOST_DEVICE_SIMULATORKIND_H

#include "host/Driver/DeviceKind.h"
#include "include/DLAVM/Simulator/SimulatorInterface.h"

namespace dlavm::host {

/// The functions of the simulator that a device of it needs.
struct SimulatorFunctions {
  decltype(&dlavmSimulatorCreate) create;
  decltype(&dlavmSimulatorDestroy) destroy;
  decltype(&dlavmSimulatorGetDevices) getDevices;
  decltype(&dlavmSimulatorWrite) write;
  decltype(&dlavmSimulatorRead) read;
  decltype(&dlavmSimulatorPoll) poll;
  decltype(&dlavmSimulatorDMAWrite) dmaWrite;
  decltype(&dlavmSimulatorDMARead) dmaRead;
  decltype(&dlavmSimulatorTask) task;
  decltype(&dlavmSimulatorGetNumFindings) getNumFindings;
  decltype(&dlavmSimulatorVisitFindings) visitFindings;
};

/// "simulator", for programs that link DLAVMSimulatorInterface. What a driver
/// does that cannot be right is an error at the next poll: all that follows
/// would mean nothing.
DeviceKind getSimulatorKind(const SimulatorFunctions &functions);

/// "simulator:LIBRARY", for programs without: it loads the library, which is
/// libdlavm-simulator.so of DLAVM's build. Without an argument, that is looked
/// for beside the program or libdlavm.so, and then where libraries are.
DeviceKind getSimulatorLibraryKind();

/// The kinds of programs without the simulator.
std::vector<DeviceKind> getHostDeviceKinds();

} // namespace dlavm::host

#endif // DLAVM_HOST_DEVICE_SIMULATORKIND_H
