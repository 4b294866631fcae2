//===- Faults.h - The single faults of a driver -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_FAULTS_H
#define DLAVM_TEST_MUTATION_FAULTS_H

#include "DLAVM/Plan/DriverPlan.h"
#include "Instrument.h"

#include <map>
#include <optional>
#include <set>

namespace dlavm {

enum class Action {
  /// Adds `amount` to the value of a write, where the sum is not negative.
  AddToValue,
  /// Leaves the write, poll or DMA out.
  Drop,
  /// Lets the write or poll that follows go first.
  SwapOrder,
  /// Exchanges the values of a write and the one that follows it.
  SwapValues,
  /// Exchanges the object that an address lies in for the one that lies
  /// `amount` places further in the same memory.
  MoveToObject,
  /// Exchanges the layer that an address belongs to for a neighbouring one.
  MoveToLayer,
  /// Adds `amount` to the start, bound or step of a loop.
  AddToLoop,
  /// Leaves the last `amount` bytes of a DMA out.
  Shorten,
  /// Adds `amount` to the address of a DMA.
  Shift,
  /// Adds `amount` to the distance between layers, or ports, of a table entry.
  AddToLayerStride,
  AddToPortStride,
  /// Adds `amount` to the word or value of a rewrite, or leaves it out.
  Rewrite,
  /// Adds `amount` to word `file` of the instruction blocks.
  AddToWord,
};

/// One fault: in all executions of a statement, or in the DMA of an object.
struct Fault {
  /// Its row in the table of scores.
  const char *row;
  Action action;
  int64_t amount = 0;
  /// The statement; none for DMA of parameters.
  std::optional<uint32_t> site;
  SitePart part = SitePart::Statement;
  /// The object of plan.json, and one of its files, or all; a word of blocks.
  const PlanObject *object = nullptr;
  std::optional<int64_t> file = std::nullopt;
};

/// What a site did in the original: values of writes, numbers of loops.
struct SiteProfile {
  std::set<uint32_t> values;
  bool isInCall = false;
  bool isInLoad = false;
};

/// Names and moves the addresses of a plan.
class AddressMap {
public:
  AddressMap(const DeviceInfo &device, const DriverPlan &plan);

  /// The memory that an address register of this role refers to; null for all
  /// other registers.
  const Memory *getMemory(RegisterRole role) const;

  /// The same place in another object; nothing if the address lies in none, or
  /// moves nowhere. Of addresses that have high bits in another register, these
  /// are the low ones.
  std::optional<uint32_t> moveToObject(const Memory *memory, uint32_t address,
                                       int64_t places) const;
  std::optional<uint32_t> moveToLayer(const Memory *memory,
                                      uint32_t address) const;
  size_t getNumObjects(const Memory *memory) const {
    return regions.at(memory).size();
  }

private:
  struct Place {
    size_t region;
    int64_t layer;
    int64_t offset;
  };
  std::optional<Place> find(const Memory *memory, int64_t address) const;

  const DeviceInfo &device;
  /// In the order of their addresses, one for each address.
  std::map<const Memory *, std::vector<PlanRegion>> regions;
};

/// Knows all faults of a driver and what they do to a value.
class FaultModel {
public:
  FaultModel(const DeviceInfo &device, const DriverPlan &plan,
             llvm::ArrayRef<Site> sites)
      : device(device), plan(plan), sites(sites), addresses(device, plan),
        pixel(device.getTraits().rowBytes) {}

  /// All faults that change a value that the original has.
  std::vector<Fault> enumerate(llvm::ArrayRef<SiteProfile> profiles) const;

  /// What a faulty write writes; nothing if the value stays.
  std::optional<uint32_t> getValue(const Fault &fault, uint32_t value) const;

  /// Changes a word of the blocks, if the fault is one of them.
  static void apply(const Fault &fault, llvm::MutableArrayRef<uint8_t> bytes);

  /// "line 351, device.write(norm::InputLine, line_stride): value + 1"
  std::string describe(const Fault &fault) const;

  llvm::ArrayRef<Site> getSites() const { return sites; }

private:
  void addWrite(uint32_t site, const SiteProfile &profile,
                std::vector<Fault> &faults) const;
  void addLoop(uint32_t site, std::vector<Fault> &faults) const;
  void addRewrite(uint32_t site, std::vector<Fault> &faults) const;
  void addWords(const PlanObject &object, std::vector<Fault> &faults) const;
  void addObject(const PlanObject &object, bool isCopied,
                 std::vector<Fault> &faults) const;
  const Register *getRegister(const Site &site) const;

  const DeviceInfo &device;
  const DriverPlan &plan;
  llvm::ArrayRef<Site> sites;
  AddressMap addresses;
  /// Bytes of a pixel in each port, in which addresses advance.
  const int64_t pixel;
};

/// The files of an object.
inline int64_t getNumFiles(const PlanObject &object) {
  return object.file.empty()
             ? 0
             : std::max<int64_t>(object.layers, 1) * object.ports;
}

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_FAULTS_H
