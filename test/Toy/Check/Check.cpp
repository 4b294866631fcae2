//===- Check.cpp - What registers of the toy family say -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From register values alone, in numbers of its own: a row has 8 bytes in each
// port, and an output channel's weights take 66 bytes for 128 input channels.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace dlavm;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

using Report = llvm::function_ref<void(const Register &, std::string)>;

static constexpr int64_t kRowBytes = 8;
static constexpr int64_t kLanes = 16;

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

namespace {
/// Collects the extents of a start.
class Extents {
public:
  Extents(const RegisterValues &values, llvm::SmallVectorImpl<Extent> &extents)
      : values(values), extents(extents) {}

  /// \p bytes from \p offset behind the address on; nothing where there are
  /// none.
  void add(StringRef identifier, int64_t bytes, int64_t offset = 0,
           bool isReused = false) {
    const Register &reg = values.getTable().get(identifier);
    const int64_t begin = values.getAddress(reg) + offset;
    if (bytes > 0)
      extents.push_back({&reg, begin, begin + bytes, isReused});
  }
  /// The rows of `Tokens` tokens in surfaces \p first to \p last.
  void addMap(StringRef identifier, int64_t line, int64_t first, int64_t last,
              bool isReused = false) {
    if (values["Tokens"] > 0 && first <= last)
      add(identifier,
          saturatingProduct(last - first, line) + kRowBytes * values["Tokens"],
          saturatingProduct(first, line), isReused);
  }

private:
  const RegisterValues &values;
  llvm::SmallVectorImpl<Extent> &extents;
};
} // namespace

static void matrixExtents(const RegisterValues &v, const DeviceInfo &,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, result);
  const int64_t first = v["FirstChannel"], count = v["OutputChannels"];
  // What is on the chip already is not read again.
  const bool reusesInput = v["Flags"] & 2, reusesWeight = v["Flags"] & 1;
  extents.addMap("InputAddress", v["InputLine"], 0,
                 divideCeil(v["InputChannels"], kLanes) - 1, reusesInput);
  const int64_t row = 66 * divideCeil(v["InputChannels"], 128);
  extents.add("WeightAddress", divideCeil(count, 4) * row, first / 4 * row,
              reusesWeight);
  if (v["Flags"] & 4)
    extents.add("ScaleBiasAddress", count, first);
  extents.addMap("OutputAddress", v["OutputLine"], first / kLanes,
                 (first + count - 1) / kLanes);
  if (v["Flags"] & 8)
    extents.add("ArgmaxAddress", 4);
}

static void normExtents(const RegisterValues &v, const DeviceInfo &,
                        llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, result);
  extents.addMap("InputAddress", v["InputLine"], 0, v["Surfaces"] - 1);
  extents.add("WeightAddress", 16 * v["Surfaces"]);
  extents.addMap("OutputAddress", v["OutputLine"], 0, v["Surfaces"] - 1);
}

static void activationExtents(const RegisterValues &v, const DeviceInfo &,
                              llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, result);
  const int64_t last = divideCeil(v["Channels"], kLanes) - 1;
  extents.addMap("InputAddress", v["InputLine"], 0, last);
  extents.add("TableAddress", 24);
  extents.addMap("OutputAddress", v["OutputLine"], 0, last);
}

static void combineExtents(const RegisterValues &v, const DeviceInfo &,
                           llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, result);
  extents.addMap("InputAddress", v["InputLine"], 0, v["Surfaces"] - 1);
  extents.addMap("OtherAddress", v["InputLine"], 0, v["Surfaces"] - 1);
  extents.addMap("OutputAddress", v["OutputLine"], 0, v["Surfaces"] - 1);
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

namespace {
/// The rules that the tables of several tasks share.
class Rules {
public:
  Rules(const RegisterValues &values, const DeviceInfo &device, Report report)
      : values(values), device(device), report(report) {}

  void require(bool holds, StringRef reg, const Twine &message) {
    if (!holds)
      report(values.getTable().get(reg),
             ("is " + Twine(values[reg]) + ", " + message).str());
  }
  /// From 1 to \p limit.
  void count(StringRef reg, int64_t limit, const Twine &why) {
    require(values[reg] >= 1, reg, "but must be at least 1");
    require(values[reg] <= limit, reg,
            "more than " + Twine(limit) + ": " + why);
  }
  /// Tokens of a start with rows of \p channels channels.
  void tokens(int64_t channels) {
    if (channels > 0)
      count("Tokens", device["Input_Values"] / llvm::alignTo(channels, kLanes),
            "the input buffer holds no more tokens of " + Twine(channels) +
                " channels");
    for (StringRef line : {"InputLine", "OutputLine"}) {
      require(values[line] % kRowBytes == 0, line,
              "not a multiple of a row's " + Twine(kRowBytes) + " bytes");
      require(values[line] >= kRowBytes * values["Tokens"], line,
              "less than the " + Twine(kRowBytes * values["Tokens"]) +
                  " bytes of " + Twine(values["Tokens"]) + " tokens");
      require(values[line] <= kRowBytes * device["Context"], line,
              "more than the largest context has");
    }
  }
  void surfaces() {
    count("Surfaces", device["Input_Values"] / kLanes,
          "the input buffer holds no longer rows");
    tokens(values["Surfaces"] * kLanes);
  }
  /// The high parts of what is no address are 0.
  void highBits(unsigned used) {
    require(values["HighAddresses"] >> used == 0, "HighAddresses",
            "but no address has bits above " + Twine(used));
  }

private:
  const RegisterValues &values;
  const DeviceInfo &device;
  Report report;
};
} // namespace

static void checkMatrix(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const int64_t inputs = v["InputChannels"];
  rules.count("InputChannels", device["Weight_Values"] / kLanes,
              "the weight buffer holds no longer rows");
  rules.require(inputs % 16 == 0, "InputChannels", "not a multiple of 16");
  rules.tokens(inputs);
  for (StringRef reg : {"FirstChannel", "OutputChannels"})
    rules.require(v[reg] % kLanes == 0, reg, "not a multiple of 16");
  if (inputs > 0)
    rules.count("OutputChannels", device["Weight_Values"] / inputs,
                "the weight buffer holds no more channels of " + Twine(inputs) +
                    " inputs");
  rules.require(v["Flags"] < 16, "Flags", "but has four bits");
  rules.require((v["Flags"] & 3) != 3, "Flags",
                "so that nothing would be loaded, as if the start came twice");
  const std::pair<int64_t, StringRef> optional[] = {{4, "ScaleBiasAddress"},
                                                    {8, "ArgmaxAddress"}};
  for (auto [flag, reg] : optional)
    if (!(v["Flags"] & flag))
      rules.require(v.getAddress(v.getTable().get(reg)) == 0, reg,
                    "but the Flags say that there is none");
  if (v["Flags"] & 8) {
    rules.require(v["FirstChannel"] == 0, "FirstChannel",
                  "but the argmax is that of all channels");
    rules.require(v["Tokens"] == 1, "Tokens",
                  "but the argmax is that of one token");
  }
  rules.highBits(30);
}

static void checkNorm(const RegisterValues &v, const DeviceInfo &device,
                      Report report) {
  Rules rules(v, device, report);
  rules.surfaces();
  rules.highBits(24);
  if (v["Surfaces"] <= 0)
    return;
  // Six bits of exponent, biased by 31, and 13 of fraction.
  int exponent;
  const float fraction =
      std::frexp(1.0f / static_cast<float>(kLanes * v["Surfaces"]), &exponent);
  const int64_t code =
      8192 * int64_t(exponent + 29) + std::lround(16384 * fraction);
  rules.require(v["Reciprocal"] == code, "Reciprocal",
                "not " + Twine(code) + ": the FP20 code of 1 / " +
                    Twine(kLanes * v["Surfaces"]));
}

static void checkActivation(const RegisterValues &v, const DeviceInfo &device,
                            Report report) {
  Rules rules(v, device, report);
  rules.count("Channels", device["Input_Values"],
              "the input buffer holds no longer rows");
  rules.tokens(v["Channels"]);
  rules.highBits(24);
}

static void checkCombine(const RegisterValues &v, const DeviceInfo &device,
                         Report report) {
  Rules rules(v, device, report);
  rules.require(v["Operation"] == 1 || v["Operation"] == 2, "Operation",
                "which is neither 1 (Add) nor 2 (Multiply)");
  rules.surfaces();
  rules.highBits(24);
}

void toy::addChecks(DeviceInfo &device) {
  auto serve = [&](TaskKind kind, auto extents, auto check) {
    TaskSupport &support = device.addTask(kind);
    support.extents = extents;
    support.check = check;
  };
  serve(TaskKind::Linear, matrixExtents, checkMatrix);
  serve(TaskKind::Norm, normExtents, checkNorm);
  serve(TaskKind::Activation, activationExtents, checkActivation);
  serve(TaskKind::Elementwise, combineExtents, checkCombine);
}
