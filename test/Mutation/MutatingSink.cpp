//===- MutatingSink.cpp - Does to events what a fault does --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MutatingSink.h"

using namespace dlavm;
using namespace llvm;

void MutatingSink::begin(const DriverPlan *loads, EventSink &newSink,
                         const Fault *active) {
  sink = &newSink;
  fault = active;
  executed = 0;
  current.reset();
  held.reset();
  isLoading = loads;
  files.clear();
  nextFile = 0;
  if (!loads)
    return;
  // The order of the table in the driver, which is that of the plan.
  for (const PlanObject &object : loads->objects)
    for (int64_t i = 0, e = getNumFiles(object); i < e; ++i)
      files.push_back({&object, i / object.ports, i % object.ports});
}

uint32_t MutatingSink::read(uint32_t reg) {
  if (reg < firstSiteRegister)
    return sink->read(reg);
  const uint32_t site = (reg - firstSiteRegister) / 4;
  const auto part = static_cast<SitePart>((reg - firstSiteRegister) % 4);
  (isLoading ? profiles[site].isInLoad : profiles[site].isInCall) = true;
  const bool stops = onSite && onSite(reg);
  if (part != SitePart::Statement)
    return fault && fault->site == site && fault->part == part
               ? static_cast<uint32_t>(fault->amount)
               : 0;
  current = site;
  ++executed;
  return stops || isEndless();
}

void MutatingSink::task(int32_t layer, StringRef name) {
  sink->task(layer, name);
}

void MutatingSink::flush() {
  if (held)
    sink->write(held->first, held->second);
  held.reset();
}

void MutatingSink::write(uint32_t reg, uint32_t value) {
  if (!fault)
    profiles[*current].values.insert(value);
  if (held && fault->action == Action::SwapValues)
    std::swap(held->second, value);
  if (held && fault->action == Action::SwapOrder) {
    sink->write(reg, value);
    return flush();
  }
  flush();
  if (!isActive())
    return sink->write(reg, value);
  if (fault->action == Action::SwapOrder || fault->action == Action::SwapValues)
    held = {reg, value};
  else if (fault->action != Action::Drop)
    sink->write(reg, model.getValue(*fault, value).value_or(value));
}

void MutatingSink::poll(uint32_t reg, uint32_t value) {
  if (!isActive() || fault->action != Action::Drop)
    sink->poll(reg, value);
  flush();
}

bool MutatingSink::transfer(uint64_t &address, size_t &bytes) {
  if (isLoading) {
    // A driver with more DMA than files is caught by what it writes.
    if (nextFile >= files.size())
      return true;
    const File &file = files[nextFile++];
    const int64_t number = file.layer * file.object->ports + file.port;
    if (!fault || fault->object != file.object ||
        fault->action == Action::AddToWord ||
        (fault->file && *fault->file != number))
      return true;
    if (fault->action == Action::AddToLayerStride)
      address += fault->amount * file.layer;
    if (fault->action == Action::AddToPortStride)
      address += fault->amount * file.port;
  } else if (!isActive()) {
    return true;
  }
  if (fault->action == Action::Drop)
    return false;
  if (fault->action == Action::Shift)
    address += fault->amount;
  if (fault->action == Action::Shorten)
    bytes -= std::min<size_t>(bytes, fault->amount);
  return bytes > 0;
}

void MutatingSink::dmaWrite(uint64_t address, ArrayRef<uint8_t> bytes) {
  size_t size = bytes.size();
  SmallVector<uint8_t, 0> changed;
  if (isLoading && fault && fault->action == Action::AddToWord &&
      nextFile < files.size() && files[nextFile].object == fault->object) {
    changed.assign(bytes.begin(), bytes.end());
    FaultModel::apply(*fault, changed);
    bytes = changed;
  }
  if (transfer(address, size))
    sink->dmaWrite(address, bytes.take_front(size));
}

void MutatingSink::dmaRead(uint64_t address, MutableArrayRef<uint8_t> bytes) {
  size_t size = bytes.size();
  fill(bytes, 0);
  if (transfer(address, size))
    sink->dmaRead(address, bytes.take_front(size));
}
