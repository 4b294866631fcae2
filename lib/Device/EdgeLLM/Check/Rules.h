//===- Rules.h - Rules for register values of edgellm -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_CHECK_RULES_H
#define DLAVM_LIB_DEVICE_EDGELLM_CHECK_RULES_H

#include "DLAVM/Device/RegisterRules.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/Support/MathExtras.h"

namespace dlavm::edgellm {

using Report = RegisterRules::Report;

/// What the opcode register of the MVM engine says about the form (4.1).
/// \p v are values, or formulas of them.
template <typename Values> auto hasScaleBias(const Values &v) {
  return v["Mode"] >> 9 & 1;
}
template <typename Values> auto hasResidual(const Values &v) {
  return v["Mode"] >> 10 & 1;
}
template <typename Values> auto hasArgmax(const Values &v) {
  return v["Mode"] >> 11 & 1;
}

/// Channel groups of a head.
inline int64_t headGroups(const DeviceInfo &device) {
  return llvm::divideCeil(device["MAX_CH_per_HEAD"], device["Tout"]);
}

/// Register 207 of the attention products (4.6).
template <typename Number> struct HeadConfiguration {
  explicit HeadConfiguration(Number value)
      : group((value >> 16) + 1), queryHeads(value >> 8 & 0xff),
        kvHeads(value & 0xff) {}
  Number group;
  Number queryHeads;
  Number kvHeads;
};

/// The rules that the tables of several tasks share. Each reports the register
/// that breaks it.
class Rules : public RegisterRules {
public:
  Rules(const RegisterValues &values, const DeviceInfo &device, Report report)
      : RegisterRules(values, report), device(device) {}

  /// A distance that leaves room for what it steps over.
  void stride(llvm::StringRef reg, int64_t count, int64_t bytes,
              const llvm::Twine &what) {
    const int64_t pixel = device["Pixel_Data_Bytes"];
    require(values[reg] % pixel == 0, reg,
            "not a multiple of a pixel's " + llvm::Twine(pixel) + " bytes");
    require(values[reg] >= saturatingProduct(count, bytes), reg,
            "less than the " + llvm::Twine(saturatingProduct(count, bytes)) +
                " bytes of " + what);
  }
  /// The strides of a map without heads; in one row, both are the same.
  void map(llvm::StringRef prefix, int64_t width) {
    const std::string surface = (prefix + "Surface").str();
    stride(surface, width, device["Pixel_Data_Bytes"],
           llvm::Twine(width) + " tokens");
    equals((prefix + "Line").str(), values[surface],
           "a map of one row has lines as long as its " + surface);
  }
  /// The strides of a map with heads of \p groups channel or column groups.
  void heads(llvm::StringRef prefix, int64_t groups, int64_t width) {
    const std::string line = (prefix + "Line").str();
    stride(line, width, device["Pixel_Data_Bytes"],
           llvm::Twine(width) + " tokens");
    // A head is a whole map; nothing lies between two of them.
    equals((prefix + "Head").str(), saturatingProduct(groups, values[line]),
           llvm::Twine(groups) + " groups of " + llvm::Twine(values[line]) +
               " bytes");
  }
  /// The strides of a map without heads, or with several each of which is a
  /// row.
  void rows(llvm::StringRef prefix, int64_t groups) {
    const std::string surface = (prefix + "Surface").str();
    if (values["Rows"] <= 1)
      return map(prefix, values["Width"]);
    stride(surface, values["Width"], device["Pixel_Data_Bytes"],
           llvm::Twine(values["Width"]) + " tokens");
    equals((prefix + "Line").str(), saturatingProduct(groups, values[surface]),
           llvm::Twine(groups) + " groups of " + llvm::Twine(values[surface]) +
               " bytes, which a head has");
  }
  /// Rows, Width and Pixels of the tasks on maps.
  void pixels() {
    equals("Rows", 1, "language models have one row");
    width("Width");
    equals("Pixels", values["Width"], "the pixels of one row are its Width");
  }
  /// Tokens of one start, at least one.
  void width(llvm::StringRef reg) {
    counts(reg);
    atMost(reg, device["MAX_TOKEN"], "the device has no longer maps");
  }
  /// Width tokens after Past others, in a cache or a table.
  void positions() {
    width("Width");
    atMost("Past", device["MAX_TOKEN"] - values["Width"],
           "with Width = " + llvm::Twine(values["Width"]) +
               " the last position is " + "beyond the " +
               llvm::Twine(device["MAX_TOKEN"]) + " of the device");
  }
  void headCount(llvm::StringRef reg) {
    counts(reg);
    atMost(reg, device["MAX_HEADS"], "a task has no more heads");
  }
  void bankStep(llvm::StringRef reg) {
    equals(reg, device["log2_Bank_Step"], "the bank step of the device");
  }
  /// Register 18, 141 or 208 where maps can lie on the chip (section 6 of the
  /// document of the versions): 1 for what is read and 2 for what is written,
  /// of which the task has those in \p possible, in starts of one token.
  void onChip(int64_t possible, llvm::StringRef width) {
    if (values.getTable().get("OnChip").role == RegisterRole::Reserved)
      return;
    require((values["OnChip"] & ~possible) == 0, "OnChip",
            "but has flags of maps that the task cannot have on the chip");
    require(values["OnChip"] == 0 || values[width] == 1, width,
            "but maps on the chip have one token (OnChip)");
  }
  /// The strides of the whole cache, all ports together (3.7).
  void cache() {
    const int64_t line = device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
    equals("CacheLine", line, "MAX_TOKEN pixels");
    equals("CacheHead", line * headGroups(device),
           "the lines of a head of the cache");
  }

private:
  const DeviceInfo &device;
};

/// Sets the `extents` of every task that has a place in the plan of a model.
void addExtents(DeviceInfo &device);

/// Sets the `work` of every task.
void addWork(DeviceInfo &device);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_CHECK_RULES_H
