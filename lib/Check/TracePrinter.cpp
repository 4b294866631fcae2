//===- TracePrinter.cpp - Traces with register names ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TracePrinter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace dlavm;

/// "mvm::InputWidth"
static std::string getQualifiedName(const RegisterTable &table,
                                    const Register &reg) {
  return (table.getName() + "::" + reg.name).str();
}

//===----------------------------------------------------------------------===//
// What the host does
//===----------------------------------------------------------------------===//

void TracePrinter::task(int32_t layer, llvm::StringRef name) {
  flush();
  os << "# task " << layer << " " << name << "\n";
  blocks.task(layer, name);
}

void TracePrinter::write(uint32_t reg, uint32_t value) {
  if (!blocks.isOfBlock(reg, value))
    return blocks.write(reg, value);
  flush();
  print("W", reg, value, &blocks.getBlocks()->registers);
  isInBlock = true;
  blocks.write(reg, value);
  isInBlock = false;
}

void TracePrinter::poll(uint32_t reg, uint32_t value) {
  if (blocks.runs()) {
    flush();
    print("P", reg, value, &blocks.getBlocks()->registers);
  }
  blocks.poll(reg, value);
}

void TracePrinter::read(uint32_t reg) {
  flush();
  os << "# R " << reg;
  if (const Register *found =
          current ? current->getTable().lookup(reg) : nullptr)
    os << " " << current->getName(*found);
  os << "\n";
}

//===----------------------------------------------------------------------===//
// What host and blocks do
//===----------------------------------------------------------------------===//

void TracePrinter::printTask(int32_t layer, llvm::StringRef name) {
  if (!isInBlock)
    return;
  os << getIndent();
  if (layer >= 0)
    os << "layer " << layer << ", ";
  os << name << "\n";
}

void TracePrinter::printWrite(uint32_t reg, uint32_t value) {
  pending.push_back({reg, value});
  const DecodedTask *started = decoder.write(reg, value);
  if (!decoder.isOpcode(reg))
    return;
  current = started;
  for (auto [pendingReg, pendingValue] : pending)
    print("W", pendingReg, pendingValue,
          current ? &current->getTable() : nullptr);
  pending.clear();
}

void TracePrinter::printPoll(uint32_t reg, uint32_t value) {
  // A task of a block has no poll.
  if (isInBlock)
    return;
  flush();
  print("P", reg, value, current ? &current->getTable() : nullptr);
}

void TracePrinter::report(llvm::StringRef reg, const llvm::Twine &message) {
  flush();
  os << "# " << reg << ": " << message << "\n";
}

std::string TracePrinter::getText(uint32_t value) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (isHex)
    stream << llvm::format_hex(value, 10);
  else
    stream << value;
  return text;
}

void TracePrinter::flush() {
  for (auto [reg, value] : pending)
    os << getIndent() << "W " << reg << " " << getText(value) << "\n";
  pending.clear();
}

void TracePrinter::print(const char *kind, uint32_t reg, uint32_t value,
                         const RegisterTable *table) {
  os << getIndent() << kind << " " << reg << " " << getText(value);
  const Register *found = table ? table->lookup(reg) : nullptr;
  if (found) {
    os << " # " << getQualifiedName(*table, *found);
    for (const NamedValue &named : found->values)
      if (named.value == value)
        os << " = " << named.name;
    llvm::ListSeparator separator(", ");
    if (!found->fields.empty())
      os << " = ";
    for (const BitField &field : found->fields)
      os << separator << field.name << " " << field.get(value);
  }
  os << "\n";
}
