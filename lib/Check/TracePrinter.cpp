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

void TracePrinter::task(int32_t layer, llvm::StringRef name) {
  flush();
  os << "# task " << layer << " " << name << "\n";
}

void TracePrinter::write(uint32_t reg, uint32_t value) {
  pending.push_back({reg, value});
  const DecodedTask *started = decoder.write(reg, value);
  if (!decoder.isOpcode(reg))
    return;
  current = started;
  for (auto [pendingReg, pendingValue] : pending)
    print("W", pendingReg, pendingValue);
  pending.clear();
}

void TracePrinter::poll(uint32_t reg, uint32_t value) {
  flush();
  print("P", reg, value);
}

void TracePrinter::read(uint32_t reg) {
  flush();
  os << "# R " << reg;
  if (const Register *found =
          current ? current->getTable().lookup(reg) : nullptr)
    os << " " << current->getName(*found);
  os << "\n";
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
    os << "W " << reg << " " << getText(value) << "\n";
  pending.clear();
}

void TracePrinter::print(const char *kind, uint32_t reg, uint32_t value) {
  os << kind << " " << reg << " " << getText(value);
  const Register *found = current ? current->getTable().lookup(reg) : nullptr;
  if (found) {
    os << " # " << current->getName(*found);
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
