//===- CardDevice.cpp - A card that --on= names ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Card/CardDevice.h"

#include "host/Device/BoardKinds.h"

#include <map>

using namespace dlavm;
using llvm::ArrayRef;
using llvm::MutableArrayRef;
using llvm::StringRef;

class CardDevice::Impl {
public:
  explicit Impl(std::unique_ptr<runtime::Device> card)
      : card(std::move(card)) {}

  /// Does something with the card, unless it has failed; whoever wrote to it
  /// may have changed what was looked at.
  template <typename Action> void access(Action action) {
    if (failure)
      return;
    try {
      action(*card);
    } catch (const std::exception &error) {
      failure = error.what();
    }
  }

  /// Memory that was looked at since the last event, by DMA address and size.
  std::map<std::pair<uint64_t, uint64_t>, std::vector<uint8_t>> looked;
  std::unique_ptr<runtime::Device> card;
  std::optional<std::string> failure;
};

CardDevice::CardDevice(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
CardDevice::~CardDevice() = default;

llvm::Expected<std::unique_ptr<CardDevice>> CardDevice::open(StringRef on) {
  std::vector<host::DeviceKind> kinds = {host::getXdmaKind(),
                                         host::getV80Kind()};
  kinds.push_back({"simulator", "simulator", "",
                   [&](const std::string &arguments,
                       const host::Plan &) -> std::unique_ptr<runtime::Device> {
                     throw runtime::Error(
                         "--on=simulator takes no arguments, found '" +
                         arguments + "'");
                   }});
  try {
    // Cards do not ask what for.
    return std::unique_ptr<CardDevice>(new CardDevice(std::make_unique<Impl>(
        host::openDevice(kinds, on.str(), host::Plan()))));
  } catch (const std::exception &error) {
    return llvm::createStringError(error.what());
  }
}

bool CardDevice::canReadMemory() const { return impl->card->can_read_memory(); }

llvm::Error CardDevice::takeError() {
  if (!impl->failure)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(*impl->failure);
  impl->failure.reset();
  return error;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

ArrayRef<uint8_t> CardDevice::getMemory(const Memory &memory, int64_t port,
                                        int64_t address, int64_t bytes) const {
  if (port < 0 || port >= memory.ports || address < 0 || bytes < 0 ||
      bytes > memory.capacity || address > memory.capacity - bytes)
    return {};
  // Elements of a KV cache come one by one: their neighbours are next.
  constexpr int64_t page = 1 << 16;
  int64_t begin = address, end = address + bytes;
  if (bytes < page && address / page == (end - 1) / page) {
    begin = address / page * page;
    end = std::min(begin + page, memory.capacity);
  }
  const auto place =
      static_cast<uint64_t>(memory.dmaBase + port * memory.portStride + begin);
  const auto size = static_cast<uint64_t>(end - begin);
  std::vector<uint8_t> &found = impl->looked[{place, size}];
  if (found.empty()) {
    found.resize(size);
    impl->access([&](runtime::Device &card) {
      card.dma_read(place, found.data(), found.size());
    });
  }
  return ArrayRef(found).slice(address - begin, bytes);
}

void CardDevice::dmaWrite(uint64_t address, ArrayRef<uint8_t> bytes) {
  impl->looked.clear();
  impl->access([&](runtime::Device &card) {
    card.dma_write(address, bytes.data(), bytes.size());
  });
}

void CardDevice::dmaRead(uint64_t address, MutableArrayRef<uint8_t> bytes) {
  llvm::fill(bytes, 0);
  impl->access([&](runtime::Device &card) {
    card.dma_read(address, bytes.data(), bytes.size());
  });
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void CardDevice::task(int32_t layer, StringRef name) {
  impl->access(
      [&](runtime::Device &card) { card.task(layer, name.str().c_str()); });
}

void CardDevice::write(uint32_t reg, uint32_t value) {
  impl->looked.clear();
  impl->access([&](runtime::Device &card) { card.write(reg, value); });
}

void CardDevice::poll(uint32_t reg, uint32_t value) {
  impl->access([&](runtime::Device &card) { card.poll(reg, value); });
}

uint32_t CardDevice::read(uint32_t reg) {
  uint32_t value = 0;
  impl->access([&](runtime::Device &card) { value = card.read(reg); });
  return value;
}
