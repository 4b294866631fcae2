//===- DeviceRegistry.cpp - The known devices -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace dlavm;

// Passes look devices up from several threads.
struct DeviceRegistry::Variants {
  std::mutex mutex;
  std::map<std::string, DeviceInfo> devices;
};

DeviceRegistry::DeviceRegistry() : variants(std::make_unique<Variants>()) {}
DeviceRegistry::DeviceRegistry(DeviceRegistry &&) = default;
DeviceRegistry::~DeviceRegistry() = default;

DeviceRegistry &DeviceRegistry::instance() {
  static DeviceRegistry registry;
  return registry;
}

llvm::Error DeviceRegistry::add(DeviceInfo device) {
  if (device.getBoards().empty())
    return validate(device);
  for (const Board &board : llvm::reverse(device.getBoards())) {
    const std::string name = board.name;
    llvm::cantFail(device.setBoard(name));
    if (llvm::Error error = validate(device))
      return error;
  }
  variants->devices.clear();
  std::string name = device.getName();
  devices.insert_or_assign(std::move(name), std::move(device));
  return llvm::Error::success();
}

/// "a@b, c@d"; "none".
static std::string
getOpenBoards(const std::map<std::string, DeviceInfo> &devices) {
  std::string names;
  llvm::raw_string_ostream os(names);
  llvm::ListSeparator separator;
  for (const auto &[name, device] : devices)
    for (const Board &board : device.getBoards())
      if (board.hasOpenMemory())
        os << separator << name << "@" << board.name;
  return names.empty() ? "none" : names;
}

llvm::Expected<DeviceInfo> DeviceRegistry::resolve(llvm::StringRef name) const {
  const llvm::StringRef whole =
      name.take_until([](char c) { return c == ','; });
  const auto [version, board] = whole.split('@');
  auto it = devices.find(version.str());
  if (it == devices.end()) {
    std::string text = "there is no device '" + version.str() + "'";
    if (auto reason = missing.find(version.str()); reason != missing.end())
      text += ": " + reason->second;
    return llvm::createStringError(text + "; known devices: " + getNames());
  }
  DeviceInfo device = it->second;
  if (version.size() != whole.size())
    if (llvm::Error error = device.setBoard(board))
      return error;
  llvm::SmallVector<llvm::StringRef> changes;
  name.split(changes, ',');
  for (llvm::StringRef change : llvm::drop_begin(changes)) {
    const auto [what, text] = change.split('=');
    int64_t value;
    const bool isNumber = !text.getAsInteger(0, value);
    if (isNumber && device.getConvention(what)) {
      if (llvm::Error error = device.changeConvention(what, value))
        return error;
      continue;
    }
    if (!device.getBoard().hasOpenMemory())
      return llvm::createStringError(
          change + " cannot be, because the board " + device.getBoard().name +
          " of " + version + " has its memories where it has them; boards " +
          "that leave it open: " + getOpenBoards(devices));
    if (!isNumber)
      return llvm::createStringError(
          "'" + change + "' in the name of the device " + device.getName() +
          " must be port-stride=BYTES or dma-base=BYTES");
    if (llvm::Error error = device.changeMemory(what, value))
      return error;
  }
  return device;
}

const DeviceInfo *DeviceRegistry::lookup(llvm::StringRef name) const {
  if (auto it = devices.find(name.str()); it != devices.end())
    return &it->second;
  const std::lock_guard<std::mutex> lock(variants->mutex);
  if (auto it = variants->devices.find(name.str());
      it != variants->devices.end())
    return &it->second;
  llvm::Expected<DeviceInfo> device = resolve(name);
  if (!device) {
    llvm::consumeError(device.takeError());
    return nullptr;
  }
  std::string full = device->getName();
  if (auto it = devices.find(full); it != devices.end())
    return &it->second;
  return &variants->devices.try_emplace(std::move(full), std::move(*device))
              .first->second;
}

std::string DeviceRegistry::getNames() const {
  return llvm::join(llvm::make_first_range(devices), ", ");
}

std::string DeviceRegistry::explainMissing(llvm::StringRef name) const {
  return llvm::toString(resolve(name).takeError());
}
