//===- Toy.cpp - A family that nobody built -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into a tool, it adds the devices of the toy family: the proof that a
// family is a folder.
//
//===----------------------------------------------------------------------===//

#include "Check/Check.h"
#include "Encode/Encode.h"
#include "Record/Record.h"
#include "Simulate/Simulate.h"

using namespace dlavm;

namespace {
/// A tool's main() stays as it is.
struct RegisterToy {
  RegisterToy() {
    DeviceInfo device = toy::createRecord1();
    toy::addEncoding(device);
    toy::addChecks(device);
    toy::addExecution(device);
    llvm::cantFail(DeviceRegistry::instance().add(std::move(device)));
  }
} registerToy;
} // namespace
