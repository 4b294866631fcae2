//===- TaskStarts.h - Register values of starts, for tests ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Register values written out from the register document, section 5.5:
// ChatGLM2-6B at 300 tokens after 77, on 32 ports. No code of the compiler
// takes part.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_DEVICE_OHBM_TASKSTARTS_H
#define DLAVM_UNITTESTS_DEVICE_OHBM_TASKSTARTS_H

#include "LookUp.h"

#include "DLAVM/Check/Checker.h"

#include <map>

namespace dlavm::ohbm {

/// The values of the registers that a start writes, by identifier.
struct TaskStart {
  TaskKind kind;
  std::map<std::string, uint32_t> values;

  uint32_t &operator[](const std::string &reg) { return values[reg]; }
  TaskStart with(const std::string &reg, uint32_t value) const {
    TaskStart start = *this;
    start.values.at(reg) = value;
    return start;
  }

  /// The values by register number. What only the table says is added.
  std::vector<uint32_t> getFile(const DeviceInfo &device) const {
    std::vector<uint32_t> file(256);
    for (const Register &reg : device.getTask(kind)->registers.getRegisters()) {
      const auto value = values.find(reg.name);
      if (value != values.end())
        file[reg.number] = value->second;
      else if (reg.role == RegisterRole::Reserved)
        file[reg.number] = reg.value;
      else if (reg.role == RegisterRole::Selector)
        file[reg.number] = reg.values.front().value;
      else
        EXPECT_TRUE(reg.role == RegisterRole::HighAddress ||
                    !isWritten(reg.role))
            << reg.name;
    }
    return file;
  }
};

constexpr uint32_t kIn = 0x1000000, kWeight = 0x2000000, kOut = 0x3000000,
                   kScaleBias = 0x4000000, kCache = 0x5000000;

/// The query projection, 4096 to 4096: channels from 1024 on, tokens from 256
/// on.
inline TaskStart linearStart() {
  return {TaskKind::Linear,
          {{"InputChannels", 4096},
           {"InputWidth", 44},
           {"OutputWidth", 44},
           {"OutputChannels", 1024},
           {"FirstChannel", 1024},
           {"LastSlice", 0},
           {"InputAddress", kIn + 8192},
           {"WeightAddress", kWeight + 67584},
           {"ChannelBits", 16896},
           {"OutputAddress", kOut + 27392},
           {"Relu", 0},
           {"Flags", 6},
           {"ScaleGroup", 5769216},
           {"QuantizationBlock", 3670144},
           {"LastGroupChannels", 2048},
           {"ScaleBiasAddress", kScaleBias + 128},
           {"InputSurface", 9600},
           {"InputLine", 9600},
           {"OutputSurface", 9600},
           {"OutputLine", 9600},
           {"Opcode", 31}}};
}

/// 3 x 3 pixels in steps of 2 over 224 x 224 x 64: the second of 111 starts.
inline TaskStart conv2DStart() {
  return {TaskKind::Conv2D,
          {{"InputChannels", 64},
           {"InputWidth", 224},
           {"InputRows", 3},
           {"OutputWidth", 112},
           {"OutputRows", 1},
           {"OutputChannels", 128},
           {"FirstChannel", 0},
           {"InputAddress", kIn + 3 * 7168},
           {"WeightAddress", kWeight},
           {"ChannelBits", 4608},
           {"OutputAddress", kOut + 2 * 3584},
           {"Relu", 0},
           {"Flags", 5},
           {"RowKernel", 197120},
           {"ColumnKernel", 197121},
           {"ScaleBiasAddress", kScaleBias},
           {"InputSurface", 1605632},
           {"InputLine", 7168},
           {"OutputSurface", 401408},
           {"OutputLine", 3584},
           {"Opcode", 31}}};
}

/// The output layer, 4096 to 65024, with argmax: the last of 64 slices.
inline TaskStart argmaxStart() {
  TaskStart start = linearStart();
  start["InputWidth"] = start["OutputWidth"] = 1;
  start["OutputChannels"] = 512;
  start["FirstChannel"] = 64512;
  start["LastSlice"] = 63;
  start["InputAddress"] = kIn;
  start["WeightAddress"] = kWeight + 4257792;
  start["OutputAddress"] = kOut + 4032;
  start["ScaleBiasAddress"] = kScaleBias + 8064;
  for (const char *reg :
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
    start[reg] = 32;
  start["Opcode"] = 63;
  return start;
}

/// 13696 to 4096: the last channels and tokens.
inline TaskStart downStart() {
  TaskStart start = linearStart();
  start["InputChannels"] = 13696;
  start["InputWidth"] = start["OutputWidth"] = 4;
  start["OutputChannels"] = 256;
  start["FirstChannel"] = 3840;
  start["InputAddress"] = kIn + 9472;
  start["WeightAddress"] = kWeight + 848640;
  start["ChannelBits"] = 56576;
  start["LastGroupChannels"] = 1408;
  start["OutputAddress"] = kOut + 76672;
  start["ScaleBiasAddress"] = kScaleBias + 480;
  return start;
}

/// KV head 1, tokens from 256 on.
inline TaskStart scoresStart() {
  return {TaskKind::Scores,
          {{"InputChannels", 128},
           {"InputWidth", 44},
           {"InputHeads", 16},
           {"OutputWidth", 44},
           {"OutputHeads", 16},
           {"OutputChannels", 384},
           {"FirstChannel", 0},
           {"InputAddress", kIn + 46592},
           {"CacheAddress", kCache + 16384},
           {"ChannelBits", 2048},
           {"OutputAddress", kOut + 161792},
           {"Flags", 1},
           {"Scale", 224577},
           {"HeadRows", 1028},
           {"HeadPacking", 1},
           {"InputSurface", 9600},
           {"InputLine", 9600},
           {"OutputHead", 9600},
           {"OutputLine", 9600},
           {"Opcode", 15}}};
}

/// KV head 1, tokens from 288 on.
inline TaskStart valuesStart() {
  return {TaskKind::Values,
          {{"InputChannels", 384},
           {"InputWidth", 12},
           {"InputHeads", 16},
           {"OutputWidth", 12},
           {"OutputHeads", 16},
           {"OutputChannels", 128},
           {"FirstChannel", 0},
           {"HeadChannels", 128},
           {"InputAddress", kIn + 162816},
           {"CacheAddress", kCache + 16384},
           {"ChannelBits", 6144},
           {"OutputAddress", kOut + 47616},
           {"Flags", 1},
           {"Scale", 253952},
           {"WeightLine", 4096},
           {"HeadRows", 1028},
           {"HeadPacking", 2},
           {"InputHead", 9600},
           {"InputLine", 9600},
           {"OutputSurface", 9600},
           {"OutputLine", 9600},
           {"Opcode", 15}}};
}

/// The registers of the two maps of a misc task: tokens from \p token on.
inline std::map<std::string, uint32_t> maps(uint32_t token,
                                            const char *stride) {
  std::map<std::string, uint32_t> values;
  for (const std::string map : {"Input", "Output"}) {
    values[map + "Address"] = (map == "Input" ? kIn : kOut) + 32 * token;
    values[map + stride] = values[map + "Line"] = 9600;
  }
  return values;
}

inline TaskStart makeMisc(TaskKind kind, uint32_t token, const char *stride,
                          const std::map<std::string, uint32_t> &values) {
  TaskStart start = {kind, maps(token, stride)};
  start.values.insert(values.begin(), values.end());
  return start;
}

/// Tokens from 256 on.
inline TaskStart normStart() {
  return makeMisc(TaskKind::Norm, 256, "Surface",
                  {{"WeightAddress", kWeight},
                   {"Channels", 4096},
                   {"Width", 44},
                   {"Kind", 0},
                   {"AllTokens", 300},
                   {"Reciprocal", 155648},
                   {"Opcode", 32}});
}

/// The last 4 tokens.
inline TaskStart activationStart() {
  return makeMisc(TaskKind::Activation, 296, "Surface",
                  {{"TableAddress", kWeight},
                   {"Channels", 13696},
                   {"Width", 4},
                   {"TableUse", 2},
                   {"Opcode", 16}});
}

inline TaskStart softmaxStart() {
  return makeMisc(TaskKind::Softmax, 0, "Head",
                  {{"Columns", 377},
                   {"Heads", 32},
                   {"Columns2", 377},
                   {"Width", 300},
                   {"Position", 77},
                   {"Mask", 1},
                   {"Opcode", 8}});
}

/// Queries, tokens from 128 on.
inline TaskStart ropeStart() {
  return makeMisc(TaskKind::Rope, 128, "Surface",
                  {{"TableAddress", kWeight + 32 * (77 + 128)},
                   {"HeadChannels", 128},
                   {"Width", 128},
                   {"Pairing", 1},
                   {"Heads", 32},
                   {"TableSurface", 65536},
                   {"TableLine", 65536},
                   {"HeadRows", 2052},
                   {"Opcode", 4}});
}

inline TaskStart kvAppendStart() {
  return {TaskKind::KVAppend,
          {{"InputAddress", kIn},
           {"InputSurface", 9600},
           {"InputLine", 9600},
           {"CacheAddress", kCache},
           {"CacheHead", 16384},
           {"CacheLine", 4096},
           {"HeadChannels", 128},
           {"Width", 300},
           {"Heads", 2},
           {"Past", 77},
           {"Side", 1},
           {"HeadRows", 260},
           {"Opcode", 64}}};
}

/// Tokens from 256 on.
inline TaskStart elementwiseStart() {
  return makeMisc(TaskKind::Elementwise, 256, "Surface",
                  {{"Operation", 0},
                   {"Channels", 4096},
                   {"Width", 44},
                   {"OtherAddress", kWeight + 8192},
                   {"OtherSurface", 9600},
                   {"OtherLine", 9600},
                   {"Opcode", 2}});
}

/// Hands a start to the checker, and polls it.
inline void feed(Checker &checker, const DeviceInfo &device,
                 const TaskStart &start) {
  const RegisterTable &table = device.getTask(start.kind)->registers;
  const std::vector<uint32_t> file = start.getFile(device);
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role))
      checker.write(reg.number, file[reg.number]);
  checker.poll(table.getStatus().number, table.getStatus().value);
}

} // namespace dlavm::ohbm

#endif // DLAVM_UNITTESTS_DEVICE_OHBM_TASKSTARTS_H
