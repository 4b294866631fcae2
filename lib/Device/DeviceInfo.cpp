//===- DeviceInfo.cpp - Description of an accelerator ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;

DeviceInfo DeviceInfo::derive(std::string newVersion) const {
  DeviceInfo device = *this;
  device.version = std::move(newVersion);
  return device;
}

/// The parameter of this name.
template <typename Parameters>
static auto &find(Parameters &parameters, llvm::StringRef name,
                  const DeviceInfo &device) {
  for (auto &parameter : parameters)
    if (parameter.name == name)
      return parameter;
  llvm::report_fatal_error("device " + llvm::Twine(device.getName()) +
                           " has no parameter " + name);
}

int64_t DeviceInfo::operator[](llvm::StringRef name) const {
  return find(parameters, name, *this).value;
}

void DeviceInfo::setParameter(llvm::StringRef name, int64_t value) {
  find(parameters, name, *this).value = value;
}

const TaskSupport *DeviceInfo::getTask(TaskKind kind) const {
  auto it = tasks.find(kind);
  return it == tasks.end() ? nullptr : &it->second;
}

const ObjectSupport *DeviceInfo::getObject(ObjectKind kind) const {
  auto it = objects.find(kind);
  return it == objects.end() ? nullptr : &it->second;
}

const Memory *DeviceInfo::getMemory(llvm::StringRef name) const {
  for (const Memory &memory : memories)
    if (memory.name == name)
      return &memory;
  return nullptr;
}

/// The kind of object that an address register of this role refers to.
static std::optional<ObjectKind> getKind(RegisterRole role) {
  switch (role) {
  case RegisterRole::Weight:
  case RegisterRole::TransferOut:
    return ObjectKind::Weight;
  case RegisterRole::ScaleBias:
    return ObjectKind::ScaleBias;
  case RegisterRole::NormWeight:
    return ObjectKind::NormWeight;
  case RegisterRole::RopeTable:
    return ObjectKind::RopeTable;
  case RegisterRole::ActivationTable:
    return ObjectKind::ActivationTable;
  case RegisterRole::CacheIn:
  case RegisterRole::CacheOut:
    return ObjectKind::KVCache;
  default:
    return std::nullopt;
  }
}

const Memory *DeviceInfo::findMemory(RegisterRole role) const {
  const std::optional<ObjectKind> kind = getKind(role);
  if (!kind)
    return getMemory(mapMemory);
  const ObjectSupport *object = getObject(*kind);
  return object ? getMemory(object->memory) : nullptr;
}

DeviceRegistry &DeviceRegistry::instance() {
  static DeviceRegistry registry;
  return registry;
}

llvm::Error DeviceRegistry::add(DeviceInfo device) {
  if (llvm::Error error = validate(device))
    return error;
  std::string name = device.getName();
  devices.insert_or_assign(std::move(name), std::move(device));
  return llvm::Error::success();
}

const DeviceInfo *DeviceRegistry::lookup(llvm::StringRef name) const {
  auto it = devices.find(name.str());
  return it == devices.end() ? nullptr : &it->second;
}

std::string DeviceRegistry::getNames() const {
  return llvm::join(llvm::make_first_range(devices), ", ");
}

std::string DeviceRegistry::explainMissing(llvm::StringRef name) const {
  std::string text = "there is no device '" + name.str() + "'";
  if (auto it = missing.find(name.str()); it != missing.end())
    text += ": " + it->second;
  return text + "; known devices: " + getNames();
}

void dlavm::printDevices(const DeviceRegistry &registry,
                         llvm::raw_ostream &os) {
  llvm::interleave(
      registry.getDevices(), os,
      [&](const auto &entry) {
        const DeviceInfo &device = entry.second;
        os << device.getName() << "\n";
        for (const Parameter &parameter : device.getParameters())
          os << llvm::format("  %-24s %10lld  ", parameter.name.c_str(),
                             static_cast<long long>(parameter.value))
             << parameter.meaning << "\n";
        os << llvm::format("  %-24s %10g  ", "Norm_Epsilon",
                           device.getTraits().normEpsilon)
           << "what norms add to the mean square\n";
        for (const Memory &memory : device.getMemories())
          os << "  " << memory.name << ": " << memory.ports
             << (memory.ports == 1 ? " port of " : " ports of ")
             << memory.capacity << " bytes, buffers at multiples of "
             << memory.alignment << "\n";
      },
      "\n");
}

void dlavm::printRegisterPage(const DeviceInfo &device, llvm::raw_ostream &os) {
  os << "# Registers of " << device.getName() << "\n\n"
     << "Generated from the register tables that encoders and checker use. A "
        "task's\nregisters are written in this order; the opcode starts it.\n";
  for (const auto &[kind, support] : device.getTasks()) {
    const RegisterTable &table = support.registers;
    os << "\n## " << table.getName() << ": " << table.getTitle() << "\n\n"
       << "| register | name | role | unit | meaning |\n"
       << "|---|---|---|---|---|\n";
    for (const Register &reg : table.getRegisters()) {
      os << "| " << reg.number << " | " << reg.name << " | "
         << stringify(reg.role) << " | " << reg.unit << " | " << reg.meaning;
      llvm::ListSeparator separator("; ");
      if (!reg.values.empty() || !reg.fields.empty())
        os << ": ";
      for (const BitField &field : reg.fields)
        os << separator << "bits " << field.low + field.bits - 1 << ".."
           << field.low << " " << field.name;
      for (const NamedValue &value : reg.values)
        os << separator << value.value << " = " << value.name;
      os << " |\n";
    }
  }
}
