//===- DeviceArguments.h - The arguments of --on ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DEVICE_DEVICEARGUMENTS_H
#define DLAVM_HOST_DEVICE_DEVICEARGUMENTS_H

#include <cstdint>
#include <map>
#include <string>

namespace dlavm::host {

/// "PATH,key=value,key=value", as it stands behind the kind of a device and a
/// colon. Whoever reads it takes each value, and then refuses the rest.
/// Failures are exceptions of type dlavm::Error.
class DeviceArguments {
public:
  /// \p on is how messages call all of it: "--on=xdma:/dev/xdma0,channels=4".
  DeviceArguments(std::string on, const std::string &text);

  /// May be empty.
  const std::string &getPath() const { return path; }
  bool has(const std::string &key) const { return values.count(key) != 0; }

  std::string takeText(const std::string &key, const std::string &otherwise);
  /// A number in decimal digits, or in hexadecimal ones behind 0x.
  uint64_t takeNumber(const std::string &key, uint64_t least, uint64_t most,
                      uint64_t otherwise);
  /// More than 0, with digits behind a point.
  double takeSeconds(const std::string &key, double otherwise);
  /// One of several words.
  std::string takeWord(const std::string &key,
                       std::initializer_list<const char *> words,
                       const std::string &otherwise);
  /// Refuses what nobody took; \p known lists all keys.
  void finish(const std::string &known) const;

  /// Throws with the place in front.
  [[noreturn]] void refuse(const std::string &message) const;

private:
  std::string on, path;
  std::map<std::string, std::string> values;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DEVICE_DEVICEARGUMENTS_H
