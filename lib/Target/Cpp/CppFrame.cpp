//===- CppFrame.cpp - Constants of the driver source ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CppFrame.h"
#include "CppExpressions.h"
#include "NameScopes.h"

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlavm;

std::string dlavm::getCppName(Operation *op) {
  return getName(op, nullptr).str();
}

static void printRegisterTable(csb::RegisterTableOp table, raw_ostream &os) {
  os << "\n// " << table.getTitle() << "\nnamespace " << getCppName(table)
     << " {\n";
  SmallVector<csb::RegisterOp> named;
  SmallVector<std::string> numbers;
  for (auto reg : table.getBody().getOps<csb::RegisterOp>()) {
    numbers.push_back(
        (reg.getSymName() + " = " + Twine(reg.getNumber())).str());
    SmallVector<csb::RegisterOp::Field> fields = reg.getBitFields();
    if (!fields.empty()) {
      os << "// " << reg.getSymName() << ": ";
      llvm::interleave(
          fields, os,
          [&](const csb::RegisterOp::Field &field) {
            os << field.name;
            if (field.low != 0)
              os << " << " << field.low;
          },
          " | ");
      os << "\n";
    }
    if (DictionaryAttr values = reg.getValuesAttr(); values && !values.empty())
      named.push_back(reg);
  }
  if (!numbers.empty()) {
    os << "enum : uint32_t {\n";
    printList(os, 0, "  ", numbers, "");
    os << "};\n";
  }
  if (!named.empty())
    os << "namespace value {\nenum : int32_t {\n";
  for (csb::RegisterOp reg : named) {
    os << "  // " << reg.getSymName() << "\n";
    SmallVector<std::string> values;
    for (NamedAttribute value : reg.getValuesAttr())
      values.push_back((CppExpressions::getValueName(reg, value) + " = " +
                        Twine(cast<IntegerAttr>(value.getValue()).getInt()))
                           .str());
    // A comma behind the last one of an enum is none too many.
    printList(os, 0, "  ", values, ",");
  }
  if (!named.empty())
    os << "};\n} // namespace value\n";
  os << "} // namespace " << getCppName(table) << "\n";
}

/// An address, or a distance of addresses.
static std::string toHex(int64_t address) {
  return address <= 0 ? std::to_string(address)
                      : "0x" + llvm::utohexstr(address, /*LowerCase=*/true);
}

static void printAddresses(ModuleOp module, raw_ostream &os) {
  auto print = [&](Operation *op, int64_t value, const std::string &comment) {
    os << "inline constexpr int64_t " << getCppName(op) << " = " << toHex(value)
       << ";";
    if (!comment.empty())
      os << " // " << comment;
    os << "\n";
  };
  os << "\n// Weights, tables and KV caches: the address of the first layer";
  for (auto object : module.getOps<csb::ObjectOp>())
    if (object.getPorts() > 1) {
      os << ", in " << object.getSpace() << " that in\n// every port";
      break;
    }
  os << ".\n";
  for (auto object : module.getOps<csb::ObjectOp>())
    print(
        object, object.getAddress(),
        (object.getSpace() + ", " + Twine(object.getBytes()) + " bytes").str());
  auto buffers = module.getOps<csb::BufferOp>();
  const StringRef maps =
      buffers.empty() ? "maps" : (*buffers.begin()).getSpace();
  if (!module.getOps<csb::ConstantOp>().empty())
    os << "\n// Bytes from one layer to the next, and where DMA finds " << maps
       << ".\n";
  for (auto constant : module.getOps<csb::ConstantOp>())
    print(constant, constant.getValue(), "");
  os << "\n// Feature maps" << (buffers.empty() ? "" : " in ")
     << (buffers.empty() ? "" : maps)
     << ". Those that are never live together share their place.\n";
  for (auto buffer : module.getOps<csb::BufferOp>())
    print(buffer, buffer.getAddress(),
          std::to_string(buffer.getBytes()) + " bytes");
}

static void printTables(ModuleOp module, raw_ostream &os) {
  for (auto table : module.getOps<csb::TableOp>()) {
    SmallVector<std::string> values;
    for (int64_t value : table.getValues())
      values.push_back(std::to_string(value));
    os << "\n";
    printList(os, /*indent=*/0,
              "inline constexpr int32_t " + getCppName(table) + "[] = {",
              values, "};");
  }
}

SmallVector<std::string> dlavm::getFields(csb::ObjectOp object) {
  auto quote = [](StringRef text) { return ("\"" + text + "\"").str(); };
  return {quote(object.getSymName()),
          quote(object.getFile().value_or("")),
          quote(object.getSpace()),
          toHex(object.getDmaBase() + object.getAddress()),
          toHex(object.getStride()),
          std::to_string(object.getLayers().value_or(0)),
          std::to_string(object.getPorts()),
          toHex(object.getPortStride()),
          std::to_string(object.getBytes())};
}

static void printParameterFiles(ModuleOp module, raw_ostream &os) {
  os << "\n// What load_parameters loads: object, file, memory, DMA address, "
        "bytes between\n// layers, layers (0: shared), ports, bytes between "
        "ports, bytes.\n"
     << "inline constexpr dlavm::ParameterFile kParameterFiles[] = {\n";
  bool hasFiles = false;
  for (auto object : module.getOps<csb::ObjectOp>()) {
    if (!object.getFile())
      continue;
    hasFiles = true;
    const SmallVector<std::string> fields = getFields(object);
    os << "    {" << llvm::join(ArrayRef(fields).take_front(2), ", ")
       << ",\n     " << llvm::join(ArrayRef(fields).drop_front(2), ", ")
       << "},\n";
  }
  // An array needs an element.
  if (!hasFiles)
    os << "    {\"\", \"\", \"\", 0, 0, 0, 0, 0, 0},\n";
  os << "};\n";
}

void dlavm::printConstants(ModuleOp module, raw_ostream &os) {
  if (std::optional<int64_t> maxTokens = llm::getMaxTokens(module))
    os << "// The largest context: seq + past.\n"
       << "inline constexpr int32_t kMaxTokens = " << *maxTokens << ";\n\n";
  if (auto fingerprint = module->getAttrOfType<StringAttr>(
          csb::CSBDialect::getFingerprintAttrName()))
    os << "// What the parameter files for this driver have in common with "
          "it.\n"
       << "inline constexpr uint64_t kFingerprint = 0x"
       << fingerprint.getValue() << ";\n\n";
  os << "// Registers of the tasks, and names of their values.\n";
  for (auto table : module.getOps<csb::RegisterTableOp>())
    printRegisterTable(table, os);
  printAddresses(module, os);
  printTables(module, os);
  printParameterFiles(module, os);
}

void dlavm::printList(raw_ostream &os, unsigned indent, StringRef head,
                      ArrayRef<std::string> items, StringRef tail) {
  constexpr size_t width = 80;
  size_t longest = 0;
  for (const std::string &item : items)
    longest = std::max(longest, item.size() + tail.size());
  // Behind the parenthesis or, where that leaves too little, below the line.
  const bool isAligned = indent + head.size() + longest <= width;
  const size_t next = isAligned ? head.size() : 4;
  size_t column = indent + head.size();
  os << head;
  for (auto [index, item] : llvm::enumerate(items)) {
    const std::string text =
        item + (index + 1 < items.size() ? "," : tail.str());
    const bool isFirst = index == 0;
    if (column + text.size() + !isFirst > width && !(isFirst && isAligned)) {
      os << "\n" << std::string(next, ' ');
      column = indent + next;
    } else if (!isFirst) {
      os << " ";
      ++column;
    }
    os << text;
    column += text.size();
  }
  if (items.empty())
    os << tail;
  os << "\n";
}
