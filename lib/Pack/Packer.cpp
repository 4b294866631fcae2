//===- Packer.cpp - Parameters as the device holds them -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/Packer.h"
#include "DLAVM/Pack/ActivationTable.h"
#include "Units.h"

#include "llvm/Support/ThreadPool.h"

#include <atomic>
#include <map>
#include <numeric>

using namespace dlavm;
using namespace llvm;

Error dlavm::runUnits(ArrayRef<Unit> units, unsigned threads) {
  std::vector<size_t> order(units.size());
  std::iota(order.begin(), order.end(), 0);
  stable_sort(order, [&](size_t a, size_t b) {
    return units[a].bytes > units[b].bytes;
  });
  std::mutex mutex;
  std::map<size_t, Error> errors;
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  auto work = [&] {
    while (!failed) {
      const size_t i = next++;
      if (i >= order.size())
        return;
      if (Error error = units[order[i]].run()) {
        failed = true;
        std::lock_guard<std::mutex> lock(mutex);
        errors.emplace(order[i], std::move(error));
      }
    }
  };
  if (threads == 1) {
    work();
  } else {
    DefaultThreadPool pool(hardware_concurrency(threads));
    for (unsigned i = 0; i < pool.getMaxConcurrency(); ++i)
      pool.async(work);
    pool.wait();
  }
  Error result = Error::success();
  for (auto &[unit, error] : errors) {
    if (result)
      consumeError(std::move(error));
    else
      result = std::move(error);
  }
  return result;
}

Error dlavm::addObjectUnits(const DriverPlan &plan, const ObjectPacker &packer,
                            PackSink sink, std::vector<Unit> &units,
                            PackReport &report) {
  for (const PlanObject &object : plan.objects) {
    if (object.kind == ObjectKind::KVCache)
      continue;
    if (Error error = packer.check(object))
      return error;
    if (object.kind == ObjectKind::ActivationTable) {
      const std::string function =
          object.config.getString("function").value_or("").str();
      if (std::optional<ActivationTable> table = fitActivation(function))
        report.tables.push_back({object.name, function, table->maxError});
    }
    const bool isWeight = object.kind == ObjectKind::Weight ||
                          object.kind == ObjectKind::ConvWeight;
    for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1);
         ++layer) {
      const size_t matrix = report.matrices.size();
      if (isWeight)
        for (const std::string &parameter : object.from)
          report.matrices.push_back({parameter, layer, {}});
      units.push_back({object.bytes * object.ports,
                       [&packer, &object, layer, sink, &report, matrix,
                        isWeight] {
                         std::vector<QuantizationError> errors(
                             object.from.size());
                         Error failure =
                             packer.pack(object, layer, sink, errors);
                         if (isWeight)
                           for (auto [i, error] : enumerate(errors))
                             report.matrices[matrix + i].error = error;
                         return failure;
                       }});
    }
  }
  return Error::success();
}

Expected<PackReport> dlavm::packObjects(const DriverPlan &plan,
                                        const DeviceInfo &device,
                                        TensorSource &source,
                                        const PackOptions &options,
                                        PackSink sink) {
  const ObjectPacker packer(plan, device, source, options.scaleChoice,
                            options.fitsAnew);
  PackReport report;
  std::vector<Unit> units;
  std::optional<Progress> progress;
  auto send = [&](const PlanObject &object, int64_t layer, int64_t port,
                  int64_t offset, ArrayRef<uint8_t> bytes) -> Error {
    if (Error error = sink(object, layer, port, offset, bytes))
      return error;
    progress->add(bytes.size());
    return Error::success();
  };
  if (Error error = addObjectUnits(plan, packer, send, units, report))
    return error;
  int64_t total = 0;
  for (const Unit &unit : units)
    total += unit.bytes;
  progress.emplace(options, total);
  if (Error error = runUnits(units, options.threads))
    return error;
  return report;
}

Error dlavm::packObject(const DriverPlan &plan, const DeviceInfo &device,
                        TensorSource &source, ScaleChoice choice,
                        const PlanObject &object, int64_t layer,
                        PackSink sink) {
  const ObjectPacker packer(plan, device, source, choice);
  if (Error error = packer.check(object))
    return error;
  std::vector<QuantizationError> rounding(object.from.size());
  return packer.pack(object, layer, sink, rounding);
}
