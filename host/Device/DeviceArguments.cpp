//===- DeviceArguments.cpp - The arguments of --on ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Device/DeviceArguments.h"

#include "dlavm_runtime.h"

#include <cstdlib>

using namespace dlavm::host;
using dlavm::Error;

void DeviceArguments::refuse(const std::string &message) const {
  throw Error(on + ": " + message);
}

DeviceArguments::DeviceArguments(std::string name, const std::string &text)
    : on(std::move(name)) {
  size_t comma = text.find(',');
  path = text.substr(0, comma);
  while (comma != std::string::npos) {
    const size_t next = text.find(',', comma + 1);
    const std::string part = text.substr(comma + 1, next - comma - 1);
    comma = next;
    const size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size())
      refuse("expected key=value, found '" + part + "'");
    const std::string key = part.substr(0, equals);
    if (!values.emplace(key, part.substr(equals + 1)).second)
      refuse(key + " is given twice; give it once");
  }
}

std::string DeviceArguments::takeText(const std::string &key,
                                      const std::string &otherwise) {
  const auto found = values.find(key);
  if (found == values.end())
    return otherwise;
  const std::string value = found->second;
  values.erase(found);
  return value;
}

uint64_t DeviceArguments::takeNumber(const std::string &key, uint64_t least,
                                     uint64_t most, uint64_t otherwise) {
  if (!has(key))
    return otherwise;
  const std::string text = takeText(key, "");
  const bool isHex = text.compare(0, 2, "0x") == 0;
  const std::string digits = isHex ? text.substr(2) : text;
  uint64_t number = 0;
  if (digits.size() > (isHex ? 16 : 19) ||
      !dlavm::detail::parse_number(digits.data(), digits.size(),
                                   isHex ? 16 : 10, number) ||
      number < least || number > most)
    refuse(key + "=" + text + " must be a number from " +
           std::to_string(least) + " to " + std::to_string(most));
  return number;
}

double DeviceArguments::takeSeconds(const std::string &key, double otherwise) {
  if (!has(key))
    return otherwise;
  const std::string text = takeText(key, "");
  constexpr double most = 86400;
  char *end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.find_first_not_of("0123456789.") != std::string::npos ||
      *end != '\0' || !(seconds > 0 && seconds <= most))
    refuse(key + "=" + text +
           " must be seconds, more than 0 and at most 86400");
  return seconds;
}

std::string DeviceArguments::takeWord(const std::string &key,
                                      std::initializer_list<const char *> words,
                                      const std::string &otherwise) {
  if (!has(key))
    return otherwise;
  const std::string value = takeText(key, "");
  std::string list;
  for (const char *word : words) {
    if (value == word)
      return value;
    list += (list.empty() ? "" : " or ") + std::string(word);
  }
  refuse(key + "=" + value + " must be " + list);
}

void DeviceArguments::finish(const std::string &known) const {
  if (!values.empty())
    refuse("there is no key '" + values.begin()->first + "'; there are " +
           known);
}
