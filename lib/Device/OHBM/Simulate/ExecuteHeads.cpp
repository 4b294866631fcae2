//===- ExecuteHeads.cpp - Simulated rotary embedding, softmax, KV append --===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

void ohbm::executeRope(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "Width"}, "HeadChannels"))
    return;
  const int64_t channels = execution["HeadChannels"];
  const int64_t heads = execution["Heads"];
  const int64_t tokens = execution["Width"];
  const std::optional<int64_t> headsPerRow =
      readHeadsPerRow(execution, channels);
  if (!headsPerRow)
    return;
  const int64_t pairing = execution["Pairing"];
  if (pairing > 1)
    return execution.fail("Pairing", "is " + Twine(pairing) +
                                         ", but must be 0 for halves or 1 for "
                                         "neighbours");
  const Map input(execution, "InputAddress", 0);
  const Map output(execution, "OutputAddress", 0);
  const int64_t inputSurface = execution["InputSurface"];
  const int64_t outputSurface = execution["OutputSurface"];
  checkOverlap(execution, tokens, divideCeil(heads, *headsPerRow),
               outputSurface);
  // The address is advanced to the first position.
  const Map table(execution, "TableAddress", 0);

  execution.parallelFor(heads, [&](int64_t head) {
    const int64_t row = head / *headsPerRow;
    const int64_t first = head % *headsPerRow * channels;
    const int64_t pairs = channels / 2;
    std::vector<uint16_t> x(channels), rotations(channels);
    for (int64_t token = 0; token < tokens; ++token) {
      // Cosines and then sines of all pairs, for each head of a row (A3).
      table.read(0, token, first, rotations);
      input.read(row * inputSurface, token, first, x);
      for (int64_t i = 0; i < pairs; ++i) {
        uint16_t &x0 = pairing == 1 ? x[2 * i] : x[i];
        uint16_t &x1 = pairing == 1 ? x[2 * i + 1] : x[pairs + i];
        simulate::rotate(x0, x1, rotations[i], rotations[pairs + i]);
      }
      output.write(row * outputSurface, token, first, x);
    }
  });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

void ohbm::executeSoftmax(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "Width"}, "Columns"))
    return;
  const int64_t columns = execution["Columns"];
  const int64_t tokens = execution["Width"];
  const int64_t heads = execution["Heads"];
  const bool isCausal = execution["Mask"] != 0;
  const int64_t position = execution["Position"];
  const bool isFP32 = execution.getDevice()["Softmax_Bits"] == 32;
  const Map input(execution, "InputAddress", execution["InputLine"]);
  const Map output(execution, "OutputAddress", execution["OutputLine"]);
  const int64_t inputHead = execution["InputHead"];
  const int64_t outputHead = execution["OutputHead"];
  checkOverlap(execution, tokens,
               divideCeil(columns, PortLayout(execution.getDevice()).lanes),
               execution["OutputLine"], heads, outputHead);

  execution.parallelFor(heads, [&](int64_t head) {
    std::vector<uint16_t> codes(llvm::alignTo(columns, kTout));
    std::vector<double> row(codes.size());
    for (int64_t token = 0; token < tokens; ++token) {
      input.read(head * inputHead, token, 0,
                 llvm::MutableArrayRef(codes).take_front(columns));
      std::transform(codes.begin(), codes.end(), row.begin(), fromHalf);
      // What is masked, and columns that no token has, become +0 (U8).
      simulate::computeSoftmax(
          row, isCausal ? std::min(columns, position + token + 1) : columns,
          isFP32);
      std::transform(row.begin(), row.end(), codes.begin(), toHalf);
      output.write(head * outputHead, token, 0, codes);
    }
  });
}

//===----------------------------------------------------------------------===//
// KV append
//===----------------------------------------------------------------------===//

void ohbm::executeKVAppend(TaskExecution &execution) {
  if (!checkCounts(execution, {"Heads", "Width"}, "HeadChannels"))
    return;
  const int64_t channels = execution["HeadChannels"];
  const int64_t tokens = execution["Width"];
  const int64_t past = execution["Past"];
  const std::optional<int64_t> headsPerRow =
      readHeadsPerRow(execution, channels);
  if (!headsPerRow)
    return;
  const int64_t side = execution["Side"];
  if (side != 1 && side != 2)
    return execution.fail("Side", "is " + Twine(side) +
                                      ", but must be 1 for keys or 2 for "
                                      "values");
  const PortLayout layout(execution.getDevice());
  const Map input(execution, "InputAddress", 0);
  const TaskOperand cache(execution, "CacheAddress");
  // Token u of keys, or channel u of values, is like an output channel of
  // weights: 32 share the ports (A5).
  const int64_t headBytes = execution["CacheHead"];
  auto write = [&](int64_t head, int64_t u, int64_t group, int64_t offset,
                   llvm::ArrayRef<uint16_t> codes, CachePositions positions) {
    cache.write(u % layout.ports,
                cache.getAddress() + head * headBytes + u / kTout * group +
                    u % kTout / layout.ports * (group / layout.portChannels) +
                    offset,
                codes.data(), codes.size(), positions);
  };
  const int64_t heads = execution["Heads"];
  const int64_t surface = execution["InputSurface"];
  const int64_t line = execution["CacheLine"];
  // Little work, and distances that are wrong may make all heads meet.
  for (int64_t head = 0; head < heads; ++head) {
    // [token][channel]
    std::vector<uint16_t> codes(tokens * channels);
    for (int64_t token = 0; token < tokens; ++token)
      input.read(
          head / *headsPerRow * surface, token, head % *headsPerRow * channels,
          llvm::MutableArrayRef(codes).slice(token * channels, channels));
    if (side == 1) {
      for (int64_t token = 0; token < tokens; ++token)
        write(head, past + token, 2 * channels * layout.portChannels, 0,
              llvm::ArrayRef(codes).slice(token * channels, channels),
              {past + token, false});
      continue;
    }
    for (int64_t channel = 0; channel < channels; ++channel) {
      std::vector<uint16_t> column(tokens);
      for (int64_t token = 0; token < tokens; ++token)
        column[token] = codes[token * channels + channel];
      write(head, channel, line, 2 * past, column, {past, true});
    }
  }
}
