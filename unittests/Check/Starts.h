//===- Starts.h - Register values of starts, for tests ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Register values written out from the register document of edgellm, section 8:
// ChatGLM2-6B at seq 300, past 77. No code of the compiler takes part.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_CHECK_STARTS_H
#define DLAVM_UNITTESTS_CHECK_STARTS_H

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include <map>
#include <string>

namespace dlavm::test {

/// The values of the registers that a start writes, by identifier.
struct Start {
  TaskKind kind;
  std::map<std::string, uint32_t> values;

  uint32_t &operator[](const std::string &reg) { return values[reg]; }
  Start with(const std::string &reg, uint32_t value) const {
    Start start = *this;
    start.values.at(reg) = value;
    return start;
  }
};

inline const DeviceInfo &getDevice() {
  static const DeviceInfo device = edgellm::createDevice20241128();
  return device;
}

inline Start makeStart(TaskKind kind, std::map<std::string, uint32_t> values) {
  for (const Register &reg :
       getDevice().getTask(kind)->registers.getRegisters())
    if (reg.role == RegisterRole::Reserved)
      values.emplace(reg.name, reg.value);
  return {kind, std::move(values)};
}

/// Slice 2 of the query projection, 4096 to 4096: tokens 256..299.
inline Start linear() {
  return makeStart(TaskKind::Linear, {{"InputChannels", 4096},
                                      {"InputWidth", 44},
                                      {"InputRows", 1},
                                      {"OutputWidth", 44},
                                      {"OutputRows", 1},
                                      {"SliceChannels", 1024},
                                      {"LastSliceChannels", 1024},
                                      {"Tokens", 44},
                                      {"InputAddress", 0x100000 + 16384},
                                      {"WeightAddress", 8192},
                                      {"PackageBits", 16896},
                                      {"OutputAddress", 0x4000000 + 16384},
                                      {"LastSlice", 3},
                                      {"BankStep", 28},
                                      {"ElementwiseMode", 0},
                                      {"ArgmaxAddress", 0},
                                      {"ScaleGroup", 5769216},
                                      {"QuantizationBlock", 3670144},
                                      {"LastGroupChannels", 2048},
                                      {"ScaleBiasAddress", 0x8000},
                                      {"ResidualAddress", 0},
                                      {"InputSurface", 19200},
                                      {"InputLine", 19200},
                                      {"OutputSurface", 19200},
                                      {"OutputLine", 19200},
                                      {"Mode", 799}});
}

/// The output layer, 4096 to 65024, with argmax.
inline Start argmax() {
  Start start = linear();
  for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
    start[reg] = 1;
  for (const char *reg :
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
    start[reg] = 64;
  start["LastSliceChannels"] = 512;
  start["LastSlice"] = 63;
  start["ArgmaxAddress"] = 0x8000000;
  start["Mode"] = 2847;
  return start;
}

inline Start norm() {
  return makeStart(TaskKind::Norm, {{"WeightAddress", 0},
                                    {"InputAddress", 0x100000},
                                    {"InputSurface", 19200},
                                    {"InputLine", 19200},
                                    {"OutputAddress", 0x4000000},
                                    {"OutputSurface", 19200},
                                    {"OutputLine", 19200},
                                    {"ChannelGroups", 128},
                                    {"Rows", 1},
                                    {"Width", 300},
                                    {"Pixels", 300},
                                    {"Reciprocal", 155648},
                                    {"WeightBursts", 8},
                                    {"Kind", 0},
                                    {"Opcode", 32}});
}

inline Start activation() {
  return makeStart(TaskKind::Activation, {{"TableAddress", 0},
                                          {"InputAddress", 0x100000},
                                          {"InputSurface", 19200},
                                          {"InputLine", 19200},
                                          {"OutputAddress", 0x4000000},
                                          {"OutputSurface", 19200},
                                          {"OutputLine", 19200},
                                          {"ChannelGroups", 428},
                                          {"Rows", 1},
                                          {"Width", 300},
                                          {"Pixels", 300},
                                          {"ChannelGroups2", 428},
                                          {"Channels", 13696},
                                          {"Opcode", 16}});
}

inline Start softmax() {
  return makeStart(TaskKind::Softmax, {{"Mask", 1},
                                       {"InputAddress", 0x100000},
                                       {"InputHead", 230400},
                                       {"InputLine", 19200},
                                       {"OutputAddress", 0x4000000},
                                       {"OutputHead", 230400},
                                       {"OutputLine", 19200},
                                       {"ColumnGroups", 12},
                                       {"Heads", 32},
                                       {"Columns", 377},
                                       {"Width", 300},
                                       {"Rows", 300},
                                       {"Past", 77},
                                       {"Opcode", 8}});
}

inline Start rope() {
  return makeStart(TaskKind::Rope, {{"TableAddress", 4928},
                                    {"InputAddress", 0x100000},
                                    {"InputHead", 76800},
                                    {"InputLine", 19200},
                                    {"OutputAddress", 0x4000000},
                                    {"OutputHead", 76800},
                                    {"OutputLine", 19200},
                                    {"ChannelGroups", 4},
                                    {"Width", 300},
                                    {"Past", 77},
                                    {"Heads", 32},
                                    {"TableHalf", 262144},
                                    {"TableLine", 131072},
                                    {"Opcode", 4}});
}

/// Slice 0: tokens 0..127.
inline Start scores() {
  return makeStart(TaskKind::Scores, {{"CacheAddress", 0x5000000},
                                      {"InputAddress", 0x100000},
                                      {"InputHead", 76800},
                                      {"InputLine", 19200},
                                      {"OutputAddress", 0x4000000},
                                      {"OutputHead", 230400},
                                      {"OutputLine", 19200},
                                      {"CacheHead", 524288},
                                      {"CacheLine", 131072},
                                      {"HeadChannels", 128},
                                      {"Columns", 377},
                                      {"Width", 128},
                                      {"BankStepAndScale", 29584705},
                                      {"HeadConfiguration", 991234},
                                      {"Opcode", 2}});
}

/// Slice 0: tokens 0..41.
inline Start values() {
  return makeStart(TaskKind::Values, {{"CacheAddress", 0x5008000},
                                      {"InputAddress", 0x100000},
                                      {"InputHead", 230400},
                                      {"InputLine", 19200},
                                      {"OutputAddress", 0x4000000},
                                      {"OutputHead", 76800},
                                      {"OutputLine", 19200},
                                      {"CacheHead", 524288},
                                      {"CacheLine", 131072},
                                      {"HeadChannels", 128},
                                      {"Columns", 377},
                                      {"Width", 42},
                                      {"BankStepAndScale", 29614080},
                                      {"HeadConfiguration", 991234},
                                      {"Opcode", 1}});
}

inline Start kvAppend() {
  return makeStart(TaskKind::KVAppend, {{"InputAddress", 0x100000},
                                        {"InputHead", 76800},
                                        {"InputLine", 19200},
                                        {"CacheAddress", 0x5000000},
                                        {"CacheHead", 524288},
                                        {"CacheLine", 131072},
                                        {"BankStep", 28},
                                        {"Past", 77},
                                        {"Width", 300},
                                        {"Heads", 2},
                                        {"ChannelGroups", 4},
                                        {"Transpose", 1},
                                        {"Opcode", 64}});
}

inline Start elementwise() {
  return makeStart(TaskKind::Elementwise, {{"Mode", 0},
                                           {"InputAddress", 0x100000},
                                           {"InputSurface", 19200},
                                           {"InputLine", 19200},
                                           {"OutputAddress", 0x4000000},
                                           {"OutputSurface", 19200},
                                           {"OutputLine", 19200},
                                           {"ChannelGroups", 128},
                                           {"Rows", 1},
                                           {"Width", 300},
                                           {"OtherAddress", 0x8000000},
                                           {"Opcode", 1}});
}

/// The last of 5 slices of a file of 270336 bytes, for port 3 at offset 0.
inline Start weightCopy() {
  return makeStart(TaskKind::WeightCopy, {{"Source", 262144},
                                          {"DestinationLow", 0x30040000},
                                          {"DestinationHigh", 0},
                                          {"LengthBits", 65536},
                                          {"Port", 3},
                                          {"Opcode", 2}});
}

} // namespace dlavm::test

#endif // DLAVM_UNITTESTS_CHECK_STARTS_H
