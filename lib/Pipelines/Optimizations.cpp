//===- Optimizations.cpp - The passes that may be left out --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pipelines/Optimizations.h"

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Plan/DriverPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kMakesDecode = "accel-specialize-decode";

ArrayRef<Optimization> dlavm::getOptimizations() {
  static constexpr Optimization optimizations[] = {
      {"accel-group-appends", 2, PassNeed::KeptRegisters},
      {"accel-stream-attention", 2, PassNeed::SoftmaxSlices},
      {"accel-stream-ffn", 2},
      {"accel-merge-linears", 2},
      {"accel-order-loops", 2, PassNeed::ChannelParts},
      {kMakesDecode, 2},
      // No board is known to have run it.
      {"accel-promote-onchip", kMaxOptLevel + 1, PassNeed::Decode},
      {"csb-eliminate-redundant-writes", 2, PassNeed::KeptRegisters},
  };
  return optimizations;
}

static auto getNames() {
  return map_range(getOptimizations(),
                   [](const Optimization &known) { return known.pass; });
}

bool dlavm::isOptimization(StringRef pass) {
  return is_contained(getNames(), pass);
}

Error dlavm::checkOptimizations(StringRef option, ArrayRef<std::string> names) {
  for (StringRef name : names)
    if (!isOptimization(name))
      return createStringError(option + "=" + name +
                               " names no optimizing pass; there are " +
                               join(getNames(), ", "));
  return Error::success();
}

Expected<std::vector<std::string>>
dlavm::chooseOptimizations(unsigned level, ArrayRef<std::string> enabled,
                           ArrayRef<std::string> disabled, StringRef mode) {
  if (level != 0 && level != kMaxOptLevel)
    return createStringError("-O" + Twine(level) +
                             " is no level; there are 0 and " +
                             Twine(kMaxOptLevel));
  if (Error error = checkOptimizations("--enable-passes", enabled))
    return error;
  if (Error error = checkOptimizations("--disable-passes", disabled))
    return error;
  for (StringRef pass : enabled)
    if (is_contained(disabled, pass))
      return createStringError(pass + " is both enabled and disabled");
  auto isChosen = [&](const Optimization &optimization) {
    return is_contained(enabled, optimization.pass) ||
           (optimization.level <= level &&
            !is_contained(disabled, optimization.pass));
  };
  StringRef needsDecode = mode == "aux" ? "--mode=aux" : "";
  for (const Optimization &optimization : getOptimizations())
    if (optimization.need == PassNeed::Decode && isChosen(optimization))
      needsDecode = optimization.pass;
  if (!needsDecode.empty() && is_contained(disabled, kMakesDecode))
    return createStringError(kMakesDecode + " is disabled, but " + needsDecode +
                             " needs the function that it makes; compile with "
                             "it, or without " +
                             needsDecode);
  std::vector<std::string> chosen;
  for (const Optimization &optimization : getOptimizations())
    if (isChosen(optimization) ||
        (optimization.pass == kMakesDecode && !needsDecode.empty()))
      chosen.push_back(optimization.pass.str());
  return chosen;
}

Error dlavm::checkPlannedPasses(const DriverPlan &plan, StringRef file) {
  if (!plan.optimizations)
    return Error::success();
  const std::vector<std::string> &passes = plan.optimizations->passes;
  auto fail = [&](const Twine &place, const Twine &expected, StringRef found) {
    return make_error<PlanError>(("expected " + expected).str(),
                                 ("optimizations." + place).str(), found.str(),
                                 file.str());
  };
  const Optimization *next = getOptimizations().begin();
  for (auto [i, pass] : enumerate(passes)) {
    const auto *known = find_if(getOptimizations(),
                                [&, &pass = pass](const Optimization &each) {
                                  return each.pass == pass;
                                });
    if (known >= next && known != getOptimizations().end()) {
      next = known + 1;
      continue;
    }
    return fail("passes[" + Twine(i) + "]",
                known == getOptimizations().end()
                    ? "an optimizing pass: " + join(getNames(), ", ")
                    : "passes in the order in which they run: " +
                          join(getNames(), ", "),
                pass);
  }
  auto runs = [&](StringRef pass) { return is_contained(passes, pass); };
  // What there is, and the passes of which one makes it.
  struct Need {
    bool isNeeded;
    StringRef what;
    SmallVector<StringRef, 2> passes;
  };
  auto hasTask = [&](auto holds) { return any_of(plan.tasks, holds); };
  const SmallVector<StringRef, 2> streams = {"accel-stream-attention",
                                             "accel-stream-ffn"};
  const Need needs[] = {
      {any_of(plan.functions,
              [](const HostFunction &each) { return each.kind == "decode"; }),
       "a function for one token",
       {kMakesDecode}},
      {runs("accel-promote-onchip"), "accel-promote-onchip", {kMakesDecode}},
      {hasTask([](const PlanTask &task) { return !task.decodeResult.empty(); }),
       "results on the chip",
       {"accel-promote-onchip"}},
      {hasTask([](const PlanTask &task) { return task.slice.has_value(); }),
       "tasks of slices", streams},
      {hasTask([](const PlanTask &task) { return !task.merges.empty(); }),
       "merged tasks",
       {"accel-merge-linears"}},
      {plan.optimizations->sliceBytes != 0, "slice_bytes", streams},
      {plan.optimizations->slicesSoftmax, "slice_softmax", {streams.front()}},
      {plan.optimizations->mergesLinears,
       "merge_linears",
       {"accel-merge-linears"}},
  };
  for (const Need &need : needs)
    if (need.isNeeded && none_of(need.passes, runs))
      return fail("passes",
                  join(need.passes, " or ") + ", as there is " + need.what, "");
  return Error::success();
}

/// The name of \p device with the value of a convention by which registers keep
/// their values; empty where it has none.
static std::string getKeepingDevice(const DeviceInfo &device) {
  for (const Parameter &parameter : device.getParameters())
    for (int64_t value : parameter.allowed) {
      DeviceInfo changed = device;
      if (Error error = changed.changeConvention(parameter.name, value))
        consumeError(std::move(error));
      else if (changed.getTraits().registersKeepValues)
        return changed.getName();
    }
  return "";
}

std::string dlavm::explainIdlePass(StringRef pass, const DeviceInfo &device,
                                   bool slicesSoftmax) {
  const Optimization *known =
      find_if(getOptimizations(),
              [&](const Optimization &each) { return each.pass == pass; });
  if (known == getOptimizations().end())
    return "";
  const Traits &traits = device.getTraits();
  if (known->need == PassNeed::SoftmaxSlices &&
      traits.softmaxSlices == SoftmaxSlices::Never)
    return (pass + " does nothing, as softmax of " + device.getName() +
            " takes all tokens of a call")
        .str();
  if (known->need == PassNeed::SoftmaxSlices && !slicesSoftmax &&
      traits.softmaxSlices == SoftmaxSlices::Untested)
    return (pass + " does nothing, as no known program gives softmax of " +
            device.getName() +
            " a part of a call's tokens; if yours takes it, add "
            "--slice-softmax")
        .str();
  const TaskSupport *linear = device.getTask(TaskKind::Linear);
  if (known->need == PassNeed::ChannelParts && (!linear || !linear->needsPart))
    return (pass + " does nothing, as a start of a linear layer of " +
            device.getName() + " takes all output channels")
        .str();
  if (known->need != PassNeed::KeptRegisters || traits.registersKeepValues)
    return "";
  std::string text =
      (pass + " does nothing, as no document says that registers of " +
       device.getName() + " keep their values")
          .str();
  if (const std::string keeping = getKeepingDevice(device); !keeping.empty())
    text += "; if yours do, choose --device=" + keeping;
  return text;
}
