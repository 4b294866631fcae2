//===- ExecuteHeads.cpp - Simulated rotary embedding, softmax, KV append -===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per task; the numbers are those of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::edgellm;

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

void edgellm::executeRope(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "ChannelGroups", "Width"}))
    return;
  const int64_t groups = execution["ChannelGroups"];
  const int64_t tokens = execution["Width"];
  const MapStrides strides = getHeadStrides(execution, "Output");
  const Map input(execution, "InputAddress",
                  getHeadStrides(execution, "Input"));
  const Map output(execution, "OutputAddress", strides);
  checkOverlap(execution, strides, groups, tokens, execution["Heads"]);
  // Half 0 has the cosines, half 1 the sines; the address is advanced to the
  // first position. Planes of 32 pairs are the table's channel groups.
  const Map table(
      execution, "TableAddress",
      {execution["TableHalf"], execution["TableLine"], int64_t(1) << 32, 0});

  execution.parallelFor(execution["Heads"], [&](int64_t head) {
    for (int64_t group = 0; group < groups; ++group) {
      // A group has 16 pairs.
      const int64_t plane = group / 2;
      const int64_t firstPair = group % 2 * (kLanes / 2);
      for (int64_t token = 0; token < tokens; ++token) {
        const Pixel cosines = table.read(0, plane, token);
        const Pixel sines = table.read(1, plane, token);
        Pixel pixel = input.read(head, group, token);
        for (int64_t pair = 0; pair < kLanes / 2; ++pair)
          simulate::rotate(pixel[2 * pair], pixel[2 * pair + 1],
                           cosines[firstPair + pair], sines[firstPair + pair]);
        output.write(head, group, token, pixel);
      }
    }
  });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

void edgellm::executeSoftmax(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "ColumnGroups", "Width"}) ||
      !checkCounts(execution, {"Rows"}) || !checkCounts(execution, {"Columns"}))
    return;
  const int64_t groups = execution["ColumnGroups"];
  const int64_t columns = std::min(execution["Columns"], groups * kLanes);
  const int64_t rows = std::min(execution["Width"], execution["Rows"]);
  const bool isCausal = execution["Mask"] != 0;
  const bool isFP32 = execution.getDevice()["Softmax_Bits"] == 32;
  const int64_t past = execution["Past"];
  const MapStrides strides = getHeadStrides(execution, "Output");
  const Map input(execution, "InputAddress",
                  getHeadStrides(execution, "Input"));
  const Map output(execution, "OutputAddress", strides);
  checkOverlap(execution, strides, groups, execution["Width"],
               execution["Heads"]);

  execution.parallelFor(execution["Heads"], [&](int64_t head) {
    std::vector<double> row(groups * kLanes);
    for (int64_t token = 0; token < rows; ++token) {
      for (int64_t group = 0; group < groups; ++group) {
        const Pixel pixel = input.read(head, group, token);
        for (int64_t lane = 0; lane < kLanes; ++lane)
          row[group * kLanes + lane] = fromHalf(pixel[lane]);
      }
      simulate::computeSoftmax(
          row, isCausal ? std::min(columns, past + token + 1) : columns,
          isFP32);
      for (int64_t group = 0; group < groups; ++group) {
        Pixel pixel;
        for (int64_t lane = 0; lane < kLanes; ++lane)
          pixel[lane] = toHalf(row[group * kLanes + lane]);
        output.write(head, group, token, pixel);
      }
    }
  });
}

//===----------------------------------------------------------------------===//
// KV append
//===----------------------------------------------------------------------===//

void edgellm::executeKVAppend(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "ChannelGroups", "Width"}) ||
      !checkBankStep(execution, "BankStep", execution["BankStep"]))
    return;
  const bool isKeys = execution["Transpose"] & 1;
  const int64_t heads = execution["Heads"];
  const int64_t groups = execution["ChannelGroups"];
  const int64_t tokens = execution["Width"];
  const int64_t past = execution["Past"];
  const int64_t headBytes = execution["CacheHead"];
  const int64_t lineBytes = execution["CacheLine"];
  const Map input(execution, "InputAddress",
                  getHeadStrides(execution, "Input"));
  const TaskOperand cache(execution, "CacheAddress", execution["BankStep"]);
  // A pixel of keys stays together, one of values goes to all ports.
  const int64_t pieces = isKeys ? 1 : kLanes;
  auto append = [&](int64_t head, int64_t group, int64_t token) {
    const Pixel pixel = input.read(head, group, token);
    const int64_t position = past + token;
    for (int64_t i = 0; i < pieces; ++i) {
      const ElementPlace place = placeInCache(
          isKeys, head, position, group * kLanes + i, headBytes, lineBytes);
      cache.write(place.port, cache.getAddress() + place.offset, &pixel[i],
                  kLanes / pieces, {position, false});
    }
  };
  // Little work, and distances that are wrong may make all heads meet.
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t token = 0; token < tokens; ++token)
        append(head, group, token);
}
