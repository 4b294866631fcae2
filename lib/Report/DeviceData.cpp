//===- DeviceData.cpp - Registers and rates for the page ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceData.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

/// The bit of the register of flags that puts the map of \p reg on the chip, or
/// nothing where it always lies in one memory.
static std::optional<unsigned> findOnChipBit(const RegisterTable &table,
                                             const Register &reg,
                                             const DeviceInfo &device) {
  const Register *flags = table.lookup(RegisterRole::OnChip);
  if (!flags)
    return std::nullopt;
  uint32_t end = 0;
  for (const Register &other : table.getRegisters())
    end = std::max(end, other.number + 1);
  std::vector<uint32_t> file(end);
  const RegisterValues values(table, file);
  const Memory *elsewhere = &device.getMemory(values, reg);
  for (unsigned bit = 0; bit != 32; ++bit) {
    file[flags->number] = uint32_t(1) << bit;
    if (&device.getMemory(values, reg) != elsewhere)
      return bit;
  }
  return std::nullopt;
}

/// The work of a start: formulas of registers, see Formula::toJSON.
static json::Value toJSON(const TaskWork &work, const RegisterTable &table,
                          const DeviceInfo &device) {
  json::Array traffic;
  for (const Traffic &moved : work.traffic) {
    json::Object entry{{"memory", device.getMemory(moved.reg->role).name},
                       {"bytes", moved.bytes.toJSON()},
                       {"isWeight", moved.reg->role == RegisterRole::Weight}};
    if (std::optional<unsigned> bit =
            findOnChipBit(table, *moved.reg, device)) {
      const Formula flags(*table.lookup(RegisterRole::OnChip));
      entry["isOnChip"] = (flags >> *bit & 1).toJSON();
      entry["chip"] = device.getOnChipMemory()->name;
    }
    traffic.push_back(std::move(entry));
  }
  return json::Object{{"operations", work.operations.toJSON()},
                      {"cycles", work.cycles.toJSON()},
                      {"traffic", std::move(traffic)}};
}

/// The register tables that the program uses, with what the device says of
/// their registers.
static void addTables(ModuleOp module, const DeviceInfo &device,
                      json::Object &tables) {
  for (auto op : module.getOps<csb::RegisterTableOp>()) {
    if (tables.get(op.getSymName()))
      continue;
    const TaskSupport *task = nullptr;
    for (const auto &[kind, support] : device.getTasks())
      if (support.registers.getName() == op.getSymName())
        task = &support;
    const RegisterTable *table = task ? &task->registers : nullptr;
    json::Object registers;
    for (auto reg : op.getBody().getOps<csb::RegisterOp>()) {
      json::Object entry{{"number", reg.getNumber()}};
      json::Object values;
      if (DictionaryAttr named = reg.getValuesAttr())
        for (NamedAttribute value : named)
          if (auto number = dyn_cast<IntegerAttr>(value.getValue()))
            values[std::to_string(number.getInt())] =
                value.getName().getValue();
      if (!values.empty())
        entry["values"] = std::move(values);
      json::Array fields;
      for (const auto &field : reg.getBitFields())
        fields.push_back(json::Array{field.name, field.low, field.bits});
      if (!fields.empty())
        entry["fields"] = std::move(fields);
      const Register *known = table ? table->lookup(reg.getSymName()) : nullptr;
      if (known) {
        entry["role"] = stringify(known->role);
        entry["unit"] = known->unit;
        entry["meaning"] = known->meaning;
        if (isAddress(known->role)) {
          entry["isAddress"] = true;
          if (device.hasMemory(known->role))
            entry["memory"] = device.getMemory(known->role).name;
        }
        if (keepsValue(known->role))
          entry["keepsValue"] = true;
        if (known->role == RegisterRole::Opcode)
          entry["isOpcode"] = true;
      }
      registers[reg.getSymName()] = std::move(entry);
    }
    json::Object entry{{"title", op.getTitle()},
                       {"registers", std::move(registers)}};
    if (op.getRunsBlocks())
      entry["runsBlocks"] = true;
    if (task && task->work)
      entry["work"] = toJSON(task->work(*table, device), *table, device);
    tables[op.getSymName()] = std::move(entry);
  }
}

json::Value dlavm::makeTableData(const Report &report) {
  json::Object tables;
  addTables(*report.levels.csb, report.device, tables);
  if (report.levels.unpacked)
    addTables(*report.levels.unpacked, report.device, tables);
  // Another program may have tasks that this one has not.
  for (const PassVariant &variant : report.variants)
    if (variant.csb)
      addTables(*variant.csb, report.device, tables);
  return tables;
}

json::Value dlavm::makeTimeData(const Report &report) {
  const std::optional<Rates> rates = report.device.getRates();
  if (!rates)
    return nullptr;
  json::Array memories;
  for (const Rates::MemoryRate &rate : rates->memories)
    memories.push_back(json::Object{{"name", rate.memory},
                                    {"bitsPerCycle", rate.bitsPerCycle}});
  json::Object factors;
  for (const auto &factor : report.times.factors)
    factors[factor.first()] = factor.second;
  return json::Object{{"clock", rates->clock},
                      {"operationsPerCycle", rates->operationsPerCycle},
                      {"weightEfficiency", rates->weightEfficiency},
                      {"source", rates->source},
                      {"memories", std::move(memories)},
                      {"latency", report.times.latency},
                      {"factors", std::move(factors)}};
}
