//===- DeviceRegistry.cpp - The known devices -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Conventions.h"
#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>
#include <set>

using namespace dlavm;

struct DeviceRegistry::State {
  /// The device of this name on its default board, or null.
  const DeviceInfo *find(const std::string &name) {
    if (auto it = lazy.find(name); it != lazy.end()) {
      const std::function<DeviceInfo()> create = std::move(it->second);
      lazy.erase(it);
      DeviceInfo device = create();
      llvm::ExitOnError exitOnError("dlavm: ");
      if (device.getName() != name)
        exitOnError(llvm::createStringError(
            "the device '" + name + "' is made as " + device.getName()));
      exitOnError(add(std::move(device)));
    }
    auto it = devices.find(name);
    return it == devices.end() ? nullptr : &it->second;
  }

  llvm::Error add(DeviceInfo device);
  const std::map<std::string, DeviceInfo> &createAll() {
    while (!lazy.empty())
      find(std::string(lazy.begin()->first));
    return devices;
  }

  // Recursive, because a device may be made of another one.
  std::recursive_mutex mutex;
  std::map<std::string, DeviceInfo> devices;
  /// What makes those that nobody has asked for.
  std::map<std::string, std::function<DeviceInfo()>> lazy;
  /// Devices that are not on their default board, or were changed, once they
  /// were looked up.
  std::map<std::string, DeviceInfo> variants;
};

DeviceRegistry::DeviceRegistry() : state(std::make_unique<State>()) {}
DeviceRegistry::DeviceRegistry(DeviceRegistry &&) = default;
DeviceRegistry::~DeviceRegistry() = default;

DeviceRegistry &DeviceRegistry::instance() {
  static DeviceRegistry registry;
  return registry;
}

llvm::Error DeviceRegistry::State::add(DeviceInfo device) {
  if (device.getBoards().empty())
    return validate(device);
  for (const Board &board : llvm::reverse(device.getBoards())) {
    const std::string name = board.name;
    llvm::cantFail(device.setBoard(name));
    if (llvm::Error error = validate(device))
      return error;
  }
  std::string name = device.getName();
  devices.insert_or_assign(std::move(name), std::move(device));
  return llvm::Error::success();
}

llvm::Error DeviceRegistry::add(DeviceInfo device) {
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  const std::string name = device.getName();
  if (llvm::Error error = state->add(std::move(device)))
    return error;
  state->lazy.erase(name);
  state->variants.clear();
  return llvm::Error::success();
}

void DeviceRegistry::addLazily(llvm::StringRef name,
                               std::function<DeviceInfo()> create) {
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  state->devices.erase(name.str());
  state->variants.clear();
  state->lazy[name.str()] = std::move(create);
}

const std::map<std::string, DeviceInfo> &DeviceRegistry::getDevices() const {
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  return state->createAll();
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

/// Why \p change in the name of \p device is none: what its name may say, and
/// which other devices have the convention.
static llvm::Error
refuseChange(llvm::StringRef change, const DeviceInfo &device,
             const std::map<std::string, DeviceInfo> &devices) {
  const llvm::StringRef what = change.split('=').first;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (const Parameter *convention = device.getConvention(what)) {
    os << "'" << change << "' does not say which " << what << " "
       << device.getName() << " is to have: " << what << "="
       << getAllowedValues(*convention) << ", " << convention->meaning;
    return llvm::createStringError(text);
  }
  const bool isKnown =
      llvm::any_of(device.getParameters(), [&](const Parameter &parameter) {
        return parameter.name == what;
      });
  os << "'" << change << "' in the name of the device: ";
  if (what.empty())
    os << "expected NAME=VALUE after a comma; ";
  else
    os << what << " of " << device.getName()
       << (isKnown ? " is known and cannot be chosen; "
                   : " is no convention; ");
  llvm::ListSeparator separator;
  os << "those that it has: ";
  for (const Parameter &parameter : device.getParameters())
    if (!parameter.allowed.empty())
      os << separator << parameter.name << "=" << getAllowedValues(parameter);
  if (device.getBoard().hasOpenMemory())
    os << separator << "port-stride=BYTES" << separator << "dma-base=BYTES";
  std::vector<std::string> others;
  for (const auto &[name, other] : devices)
    if (other.getConvention(what))
      others.push_back(name);
  if (!others.empty())
    os << "; devices with " << what << ": " << llvm::join(others, ", ");
  return llvm::createStringError(text);
}

llvm::Expected<DeviceInfo> DeviceRegistry::resolve(llvm::StringRef name) const {
  const llvm::StringRef whole =
      name.take_until([](char c) { return c == ','; });
  const auto [version, board] = whole.split('@');
  const DeviceInfo *known = state->find(version.str());
  if (!known) {
    std::string text = "there is no device '" + version.str() + "'";
    if (auto reason = missing.find(version.str()); reason != missing.end())
      text += ": " + reason->second;
    return llvm::createStringError(text + "; known devices: " + getNames());
  }
  DeviceInfo device = *known;
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
    if (what != "port-stride" && what != "dma-base")
      return refuseChange(change, device, state->createAll());
    if (!device.getBoard().hasOpenMemory())
      return llvm::createStringError(
          change + " cannot be, because the board " + device.getBoard().name +
          " of " + version + " has its memories where it has them; boards " +
          "that leave it open: " + getOpenBoards(state->createAll()));
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
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  if (const DeviceInfo *device = state->find(name.str()))
    return device;
  std::map<std::string, DeviceInfo> &variants = state->variants;
  if (auto it = variants.find(name.str()); it != variants.end())
    return &it->second;
  llvm::Expected<DeviceInfo> device = resolve(name);
  if (!device) {
    llvm::consumeError(device.takeError());
    return nullptr;
  }
  std::string full = device->getName();
  if (const DeviceInfo *known = state->find(full))
    return known;
  return &variants.try_emplace(std::move(full), std::move(*device))
              .first->second;
}

std::string DeviceRegistry::getNames() const {
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  std::set<llvm::StringRef> names;
  for (const auto &[name, device] : state->devices)
    names.insert(name);
  for (const auto &[name, create] : state->lazy)
    names.insert(name);
  return llvm::join(names, ", ");
}

std::string DeviceRegistry::explainMissing(llvm::StringRef name) const {
  const std::lock_guard<std::recursive_mutex> lock(state->mutex);
  return llvm::toString(resolve(name).takeError());
}
