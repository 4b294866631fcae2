//===- Rules.h - Rules for register values of ohbm --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_CHECK_RULES_H
#define DLAVM_LIB_DEVICE_OHBM_CHECK_RULES_H

#include "DLAVM/Device/RegisterRules.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/Support/MathExtras.h"

namespace dlavm::ohbm {

/// What the opcode of an INT4 product says about its form (section 1.4).
/// \p v are values, or formulas of them.
template <typename Values> auto hasScaleBias(const Values &v) {
  return v["Opcode"] >> 4 & 1;
}
template <typename Values> auto hasArgmax(const Values &v) {
  return v["Opcode"] >> 5 & 1;
}

/// The derived values of section 2.2, and rows (3.1).
struct Geometry {
  explicit Geometry(const DeviceInfo &device)
      : ports(device["HBM_Port"]), rowBytes(device["HBM_AXI_DATA_WIDTH"] / 8),
        lanes(ports * rowBytes / 2), headChannels(device["MAX_CH_per_HEAD"]),
        headsPerRow(lanes / headChannels) {}

  /// The rows of so many channels.
  int64_t rows(int64_t channels) const {
    return llvm::divideCeil(channels, lanes);
  }
  int64_t headRows(int64_t heads) const {
    return llvm::divideCeil(heads, headsPerRow);
  }
  /// The rows that channels from \p first on touch, where a row has \p
  /// perRow.
  static int64_t rows(int64_t first, int64_t channels, int64_t perRow) {
    return channels > 0 ? (first % perRow + channels - 1) / perRow + 1 : 0;
  }
  int64_t headStride(const DeviceInfo &device) const {
    return 2 * headChannels * device["MAX_TOKEN"] / ports;
  }
  int64_t lineStride(const DeviceInfo &device) const {
    return 2 * 32 * device["MAX_TOKEN"] / ports;
  }

  int64_t ports;
  int64_t rowBytes;
  int64_t lanes;
  int64_t headChannels;
  int64_t headsPerRow;
};

/// The rules that the tables of several tasks share. Each reports the register
/// that breaks it.
class Rules : public RegisterRules {
public:
  Rules(const RegisterValues &values, const DeviceInfo &device, Report report)
      : RegisterRules(values, report), g(device), device(device) {}

  /// A multiple of the channels that are computed together, at least one.
  void channels(llvm::StringRef reg) {
    counts(reg);
    multiple(reg, device["Tout"]);
  }
  void multiple(llvm::StringRef reg, int64_t factor) {
    require(values[reg] % factor == 0, reg,
            "not a multiple of " + llvm::Twine(factor));
  }

  /// The distance of rows that are \p width tokens wide.
  void stride(llvm::StringRef reg, int64_t width) {
    const int64_t least = saturatingProduct(width, g.rowBytes);
    multiple(reg, g.rowBytes);
    require(values[reg] >= least, reg,
            "less than the " + llvm::Twine(least) + " bytes of " +
                llvm::Twine(width) + " tokens");
  }
  /// The strides of a map of one line, or of heads that share rows.
  void map(llvm::StringRef prefix, int64_t width) {
    const std::string surface = (prefix + "Surface").str();
    stride(surface, width);
    equals((prefix + "Line").str(), values[surface],
           "a map of one line has lines as long as its " + surface);
  }
  /// The strides of a map that has rows of its own for each head.
  void columns(llvm::StringRef prefix, int64_t columns, int64_t width) {
    const std::string line = (prefix + "Line").str();
    stride(line, width);
    equals((prefix + "Head").str(),
           saturatingProduct(g.rows(columns), values[line]),
           "the rows of " + llvm::Twine(columns) + " columns");
  }
  void packsHeads(int64_t heads) {
    equals("HeadRows", (g.headRows(heads) << 8) + g.headsPerRow,
           "the rows of " + llvm::Twine(heads) + " heads, and " +
               llvm::Twine(g.headsPerRow) + " heads of a row");
  }

  /// Tokens of a start, at least one.
  void width(llvm::StringRef reg) {
    counts(reg);
    atMost(reg, device["MAX_TOKEN"], "the device has no longer maps");
  }
  /// Width tokens from a position on.
  void positions(llvm::StringRef reg) {
    width("Width");
    atMost(reg, device["MAX_TOKEN"] - values["Width"],
           "with Width = " + llvm::Twine(values["Width"]) +
               " the last position is beyond the " +
               llvm::Twine(device["MAX_TOKEN"]) + " of the device");
  }
  /// The activation memory holds a start's tokens of so many whole rows each.
  void fitsInputs(llvm::StringRef reg, int64_t rows) {
    const int64_t bits =
        saturatingProduct(rows, g.lanes * device["MAX_DAT_DW"]);
    if (bits > 0)
      atMost(reg, device["Activation_Memory_Bits"] / bits,
             "the activation memory holds no more tokens of " +
                 llvm::Twine(rows) + " rows");
  }
  /// Tokens of a task of the misc unit (5.1): a slice fits the activation
  /// memory, unless a burst of its rows does.
  void fitsRows(int64_t rows, int64_t heads = 1) {
    const bool isByCall = device["Cut_By_Call"] != 0;
    const int64_t burst = saturatingProduct(
        device["AXI_BURST_LEN"] * g.lanes * device["MAX_DAT_DW"], rows);
    if (isByCall || burst > device["Activation_Memory_Bits"])
      fitsInputs("Width", saturatingProduct(isByCall ? heads : 1, rows));
  }

  /// A start's part of the output channels, each of which takes so many bits of
  /// the weight memory.
  void part(int64_t channelBits) {
    atMost("OutputChannels", device["Max_Slice_Channels"],
           "a start has no more output channels");
    partOfMemory(channelBits);
  }
  /// The same without the limit of products.
  void partOfMemory(int64_t channelBits) {
    channels("OutputChannels");
    multiple("FirstChannel", device["Tout"]);
    if (channelBits > 0)
      atMost("OutputChannels", device["Weight_Memory_Bits"] / channelBits,
             "the weight memory holds no more output channels of " +
                 llvm::Twine(channelBits) + " bits");
  }
  /// The bits of Flags behind those that say what is on the chip.
  void flags(int64_t form) {
    equals("Flags", (values["Flags"] & 3) + form,
           "the bits behind the lower two say the form");
    require((values["Flags"] & 3) != 3, "Flags",
            "so that nothing would be loaded, as if the start came twice");
  }

  const Geometry g;

private:
  const DeviceInfo &device;
};

/// Sets the `extents` of every task.
void addExtents(DeviceInfo &device);

/// Sets the `work` of every task.
void addWork(DeviceInfo &device);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_CHECK_RULES_H
