//===- PlanReader.h - Reading the parts of plan.json ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_PLANREADER_H
#define DLAVM_LIB_DRIVER_PLANREADER_H

#include "DLAVM/Driver/DriverPlan.h"

#include <limits>

namespace dlavm {

/// The most that the driver source, whose numbers are of type int, can say.
constexpr int64_t kMostInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMostLong = std::numeric_limits<int64_t>::max();

/// One JSON object of a plan. Everything here reports what is wrong at its
/// place, and returns false then.
class PlanEntry {
public:
  PlanEntry(const llvm::json::Value &value, llvm::json::Path path)
      : object(value.getAsObject()), path(path) {
    if (!object)
      path.report("expected object");
  }
  explicit operator bool() const { return object; }

  bool has(llvm::StringRef key) const { return object->get(key); }
  const llvm::json::Object &get() const { return *object; }
  bool refuse(llvm::StringRef key, llvm::StringLiteral message) const {
    path.field(key).report(message);
    return false;
  }

  bool read(llvm::StringRef key, std::string &text) const {
    return map(key, text);
  }
  bool read(llvm::StringRef key, bool &flag) const { return map(key, flag); }
  bool read(llvm::StringRef key, double &number) const {
    return map(key, number);
  }
  /// A number from 0 to \p most, one of the two above.
  bool readNumber(llvm::StringRef key, int64_t &number,
                  int64_t most = kMostInt) const;
  /// A number from 1 to \p most, one of the two above.
  bool readSize(llvm::StringRef key, int64_t &number,
                int64_t most = kMostInt) const;
  /// Sizes from 1 to 2^31 - 1.
  bool readShape(llvm::StringRef key,
                 llvm::SmallVectorImpl<int64_t> &shape) const;
  /// The name of a file of the directory itself.
  bool readFileName(llvm::StringRef key, std::string &name) const;
  /// An identifier of C++.
  bool readIdentifier(llvm::StringRef key, std::string &name) const;

  /// Calls \p read with each element of an array and its place.
  bool
  forEach(llvm::StringRef key,
          llvm::function_ref<bool(const llvm::json::Value &, llvm::json::Path)>
              read) const;

  /// Calls \p read with the object \p key.
  bool readEntry(llvm::StringRef key,
                 llvm::function_ref<bool(const PlanEntry &)> read) const;

private:
  template <typename T> bool map(llvm::StringRef key, T &value) const {
    const llvm::json::Value *found = object->get(key);
    if (!found)
      return refuse(key, "missing value");
    return fromJSON(*found, value, path.field(key));
  }

  const llvm::json::Object *object;
  llvm::json::Path path;
};

/// Reads an entry of `parameters`.
bool readParameter(const PlanEntry &entry, ParameterInfo &info);

/// Reads an entry of `buffers` or `objects` into the list of its kind and the
/// regions. Tasks and parameters must have been read.
bool readBuffer(const PlanEntry &entry, DriverPlan &plan);
bool readObject(const PlanEntry &entry, DriverPlan &plan);

/// Refuses numbers that do not fit the device, or one another, before anything
/// is allocated for them. What is read from \p file has no overflow.
llvm::Error checkLimits(const DriverPlan &plan, const DeviceInfo &device,
                        llvm::StringRef file);

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_PLANREADER_H
