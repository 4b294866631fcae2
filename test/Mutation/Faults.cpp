//===- Faults.cpp - The single faults of a driver -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

AddressMap::AddressMap(const DeviceInfo &device, const DriverPlan &plan)
    : device(device) {
  for (const Memory &memory : device.getMemories()) {
    std::vector<PlanRegion> &list = regions[&memory];
    copy_if(plan.getRegions(), std::back_inserter(list),
            [&](const PlanRegion &r) { return r.memory == memory.name; });
    stable_sort(list, [](const PlanRegion &a, const PlanRegion &b) {
      return a.begin < b.begin;
    });
    // Buffers share addresses; of those at one address, any will do.
    list.erase(llvm::unique(list,
                            [](const PlanRegion &a, const PlanRegion &b) {
                              return a.begin == b.begin;
                            }),
               list.end());
  }
}

const Memory *AddressMap::getMemory(RegisterRole role) const {
  return isAddress(role) ? &device.getMemory(role) : nullptr;
}

/// The part of an address that one register holds.
static int64_t getLow(int64_t address) {
  return static_cast<uint32_t>(address);
}

std::optional<AddressMap::Place> AddressMap::find(const Memory *memory,
                                                  int64_t address) const {
  // The one that begins last is the one that is meant.
  std::optional<Place> best;
  int64_t begin = -1;
  for (const auto &[index, region] : enumerate(regions.at(memory))) {
    int64_t offset = getLow(address - region.begin);
    int64_t layer = 0;
    if (region.layers > 1 && region.layerStride > 0) {
      layer = std::min(offset / region.layerStride, region.layers - 1);
      offset -= layer * region.layerStride;
    }
    if (offset >= region.end - region.begin)
      continue;
    if (getLow(address - offset) > begin) {
      begin = getLow(address - offset);
      best = Place{index, layer, offset};
    }
  }
  return best;
}

/// The address of a place; nothing where it is \p from.
static std::optional<uint32_t> getAddress(const PlanRegion &region,
                                          int64_t layer, int64_t offset,
                                          uint32_t from) {
  layer = std::min(layer, std::max<int64_t>(region.layers, 1) - 1);
  const auto address =
      static_cast<uint32_t>(region.begin + layer * region.layerStride + offset);
  return address == from ? std::nullopt : std::optional<uint32_t>(address);
}

std::optional<uint32_t> AddressMap::moveToObject(const Memory *memory,
                                                 uint32_t address,
                                                 int64_t places) const {
  const std::optional<Place> place = find(memory, address);
  if (!place)
    return std::nullopt;
  const std::vector<PlanRegion> &list = regions.at(memory);
  const int64_t count = list.size();
  const int64_t index = (place->region + places % count + count) % count;
  return getAddress(list[index], place->layer, place->offset, address);
}

std::optional<uint32_t> AddressMap::moveToLayer(const Memory *memory,
                                                uint32_t address) const {
  const std::optional<Place> place = find(memory, address);
  if (!place)
    return std::nullopt;
  const PlanRegion &region = regions.at(memory)[place->region];
  if (region.layers <= 1)
    return std::nullopt;
  const int64_t layer =
      place->layer + 1 < region.layers ? place->layer + 1 : place->layer - 1;
  return getAddress(region, layer, place->offset, address);
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

const Register *FaultModel::getRegister(const Site &site) const {
  for (const auto &[kind, support] : device.getTasks())
    if (support.registers.getName() == site.table)
      return support.registers.lookup(site.reg);
  return nullptr;
}

std::optional<uint32_t> FaultModel::getValue(const Fault &fault,
                                             uint32_t value) const {
  if (fault.action == Action::AddToValue) {
    const int64_t sum = int64_t(value) + fault.amount;
    return isUInt<32>(sum) ? std::optional<uint32_t>(sum) : std::nullopt;
  }
  if (fault.action != Action::MoveToObject &&
      fault.action != Action::MoveToLayer)
    return std::nullopt;
  const Register *reg = getRegister(sites[*fault.site]);
  const Memory *memory = addresses.getMemory(reg->role);
  return fault.action == Action::MoveToObject
             ? addresses.moveToObject(memory, value, fault.amount)
             : addresses.moveToLayer(memory, value);
}

void FaultModel::addWrite(uint32_t site, const SiteProfile &profile,
                          std::vector<Fault> &faults) const {
  const Register *reg = getRegister(sites[site]);
  std::vector<Fault> candidates = {
      {"register + 1", Action::AddToValue, 1, site},
      {"register - 1", Action::AddToValue, -1, site},
      {"register + a pixel", Action::AddToValue, pixel, site}};
  if (const Memory *memory = reg ? addresses.getMemory(reg->role) : nullptr) {
    const char *row = "address of another object";
    candidates.push_back({row, Action::MoveToObject, 1, site});
    candidates.push_back({row, Action::MoveToObject, -1, site});
    if (const int64_t count = addresses.getNumObjects(memory); count > 3) {
      const uint64_t hash = xxh3_64bits(sites[site].text);
      const int64_t places = 2 + static_cast<int64_t>(hash % (count - 3));
      candidates.push_back({row, Action::MoveToObject, places, site});
    }
    candidates.push_back(
        {"address of another layer", Action::MoveToLayer, 0, site});
  }
  for (const Fault &fault : candidates)
    if (any_of(profile.values,
               [&](uint32_t value) { return getValue(fault, value); }))
      faults.push_back(fault);
  faults.push_back({"write dropped", Action::Drop, 0, site});
  faults.push_back({"write behind the next", Action::SwapOrder, 0, site});
  if (site + 1 < sites.size() && sites[site + 1].kind == SiteKind::Write)
    faults.push_back(
        {"value swapped with the next", Action::SwapValues, 0, site});
}

void FaultModel::addLoop(uint32_t site, std::vector<Fault> &faults) const {
  auto add = [&](const char *row, SitePart part, int64_t amount) {
    faults.push_back({row, Action::AddToLoop, amount, site, part});
  };
  add("loop start + 1", SitePart::LoopStart, 1);
  add("loop bound + 1", SitePart::LoopBound, 1);
  add("loop bound - 1", SitePart::LoopBound, -1);
  add("loop step + 1", SitePart::LoopStep, 1);
  add("loop step - 1", SitePart::LoopStep, -1);
}

void FaultModel::addRewrite(uint32_t site, std::vector<Fault> &faults) const {
  auto add = [&](const char *row, SitePart part, int64_t amount) {
    faults.push_back({row, Action::Rewrite, amount, site, part});
  };
  add("rewrite: value + 1", SitePart::Value, 1);
  add("rewrite: value - 1", SitePart::Value, -1);
  add("rewrite: value + a pixel", SitePart::Value, pixel);
  add("rewrite: word + 1", SitePart::Word, 1);
  add("rewrite: word - 1", SitePart::Word, -1);
  add("rewrite dropped", SitePart::Dropped, 1);
}

void FaultModel::addWords(const PlanObject &object,
                          std::vector<Fault> &faults) const {
  const std::pair<const char *, int64_t> changes[] = {
      {"word of a block + 1", 1},
      {"word of a block - 1", -1},
      {"word of a block + a pixel", pixel}};
  for (int64_t word = 0; word < object.bytes / 4; ++word) {
    const auto &[row, amount] = changes[word % std::size(changes)];
    faults.push_back({row, Action::AddToWord, amount, std::nullopt,
                      SitePart::Statement, &object, word});
  }
}

void FaultModel::apply(const Fault &fault, MutableArrayRef<uint8_t> bytes) {
  if (fault.action != Action::AddToWord)
    return;
  uint8_t *place = &bytes[4 * *fault.file];
  support::endian::write32le(place, support::endian::read32le(place) +
                                        static_cast<uint32_t>(fault.amount));
}

void FaultModel::addObject(const PlanObject &object, bool isCopied,
                           std::vector<Fault> &faults) const {
  const int64_t files = getNumFiles(object);
  if (files == 0)
    return;
  if (object.kind == ObjectKind::Instructions)
    addWords(object, faults);
  std::vector<std::optional<int64_t>> choices = {std::nullopt};
  if (files > 1)
    choices.push_back(static_cast<int64_t>(xxh3_64bits(object.name) % files));
  for (std::optional<int64_t> file : choices) {
    auto add = [&](const char *row, Action action, int64_t amount) {
      faults.push_back({row, action, amount, std::nullopt, SitePart::Statement,
                        &object, file});
    };
    add("DMA dropped", Action::Drop, 0);
    add("DMA shortened", Action::Shorten, 2);
    add("DMA shortened", Action::Shorten, pixel);
    add("DMA shifted", Action::Shift, 2);
    add("DMA shifted", Action::Shift, pixel);
    // A device that copies has one scratch memory for all files.
    if (file || (isCopied && object.ports > 1))
      continue;
    if (object.layers > 1)
      add("table stride + a pixel", Action::AddToLayerStride, pixel);
    if (object.ports > 1)
      add("table stride + a pixel", Action::AddToPortStride, pixel);
  }
}

std::vector<Fault> FaultModel::enumerate(ArrayRef<SiteProfile> profiles) const {
  std::vector<Fault> faults;
  for (uint32_t site = 0; site < sites.size(); ++site) {
    switch (sites[site].kind) {
    case SiteKind::Write:
      addWrite(site, profiles[site], faults);
      break;
    case SiteKind::Poll:
      faults.push_back({"poll dropped", Action::Drop, 0, site});
      break;
    case SiteKind::Loop:
      addLoop(site, faults);
      break;
    case SiteKind::Rewrite:
      addRewrite(site, faults);
      break;
    case SiteKind::Transfer:
      faults.push_back({"DMA dropped", Action::Drop, 0, site});
      for (int64_t bytes : {int64_t(2), pixel}) {
        faults.push_back({"DMA shortened", Action::Shorten, bytes, site});
        faults.push_back({"DMA shifted", Action::Shift, bytes, site});
      }
      break;
    }
  }
  const bool isCopied = any_of(
      profiles, [](const SiteProfile &profile) { return profile.isInLoad; });
  for (const PlanObject &object : plan.objects)
    addObject(object, isCopied, faults);
  return faults;
}

std::string FaultModel::describe(const Fault &fault) const {
  std::string text;
  raw_string_ostream os(text);
  if (fault.site) {
    os << "line " << sites[*fault.site].line << ", " << sites[*fault.site].text;
  } else {
    os << "load_parameters, " << fault.object->name;
    if (fault.action == Action::AddToWord)
      os << ", word " << *fault.file;
    else if (fault.file)
      os << ", file " << *fault.file << " of " << getNumFiles(*fault.object);
  }
  os << ": " << fault.row;
  if (fault.action == Action::MoveToObject)
    os << format(" (%+d places)", static_cast<int>(fault.amount));
  if (fault.action == Action::Shorten || fault.action == Action::Shift)
    os << " by " << fault.amount << " bytes";
  if (fault.action == Action::AddToLayerStride)
    os << ", of layers";
  if (fault.action == Action::AddToPortStride)
    os << ", of ports";
  return text;
}
