//===- BlockEstimator.cpp - Estimates of instruction blocks ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/BlockEstimator.h"

using namespace dlavm;
using llvm::StringRef;

BlockEstimator::BlockEstimator(const DeviceInfo &device,
                               CallEstimator &estimator)
    : estimator(estimator), tasks(estimator),
      expander(device, image, tasks,
               [this](StringRef reg, const llvm::Twine &message) {
                 if (problem.empty())
                   problem = (reg + ": " + message).str();
               }) {
  expander.beginRun();
}

void BlockEstimator::task(int32_t layer, StringRef name) {
  op = {layer, name.str()};
  expander.task(layer, name);
}

void BlockEstimator::write(uint32_t reg, uint32_t value) {
  atHost().countWrite();
  expander.write(reg, value);
}

void BlockEstimator::poll(uint32_t reg, uint32_t value) {
  atHost().poll(reg, value);
  expander.poll(reg, value);
}

uint32_t BlockEstimator::read(uint32_t reg) {
  atHost().read(reg);
  return expander.read(reg);
}

void BlockEstimator::dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
  atHost().dmaWrite(address, bytes);
  expander.dmaWrite(address, bytes);
}

void BlockEstimator::dmaRead(uint64_t address,
                             llvm::MutableArrayRef<uint8_t> bytes) {
  atHost().dmaRead(address, bytes);
  expander.dmaRead(address, bytes);
}
