//===- Encoders.cpp - Register programs of the edgellm family -------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per task; it reads like section 4 of the register document.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Device/TaskWriter.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using namespace mlir;
using llvm::alignTo;
using llvm::divideCeil;

/// The value of a register that has this name.
static Word named(TaskKind kind, const Device &device, StringRef reg,
                  StringRef value) {
  for (const NamedValue &named :
       device.getTask(kind)->registers.get(reg).values)
    if (named.name == value)
      return static_cast<int64_t>(named.value);
  llvm_unreachable("the register has no such value");
}

/// A channel count with its logarithm above it, as registers 22 and 23 want.
static Word withLog2(const Device &device, int64_t channels) {
  return (static_cast<int64_t>(llvm::Log2_64(channels)) << device["log2_CH"]) +
         channels;
}

//===----------------------------------------------------------------------===//
// MVM engine
//===----------------------------------------------------------------------===//

void edgellm::encodeLinear(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::LinearOp>(task);
  const Device &device = writer.getDevice();
  const int64_t inputChannels = op.getInputChannels();
  const bool hasScaleBias(op.getScaleBias());
  const bool hasResidual(op.getResidual());
  const bool hasArgmax(op.getArgmax());
  const OutputPartition partition = partitionOutputChannels(
      device, inputChannels, op.getOutputChannels(), hasScaleBias);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const bool multiplies = op.getResidualKind() == accel::BinaryKind::Mul;
  std::string mode = hasScaleBias ? "ScaleBias" : "Plain";
  if (hasResidual)
    mode += "Residual";
  if (hasArgmax)
    mode += "Argmax";

  writer.write("InputChannels", alignTo(inputChannels, device["Tout"]));
  writer.write("InputWidth", input.tokens);
  writer.write("InputRows", 1);
  writer.write("OutputWidth", output.tokens);
  writer.write("OutputRows", 1);
  writer.write("SliceChannels", partition.sliceChannels);
  writer.write("LastSliceChannels", partition.lastSliceChannels);
  writer.write("Tokens", input.tokens);
  writer.write("InputAddress", input.address);
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writer.write("PackageBits", 8 * packageBytes(device, inputChannels));
  writer.write("OutputAddress", output.address);
  writer.write("LastSlice", partition.slices - 1);
  writer.write("BankStep", device["log2_Bank_Step"]);
  writer.write("ElementwiseMode",
               named(TaskKind::Linear, device, "ElementwiseMode",
                     multiplies ? "Multiply" : "Add"));
  writer.write("ArgmaxAddress",
               hasArgmax ? writer.getMap(op.getArgmax()).address : Word(0));
  writer.write("ScaleGroup", withLog2(device, device["WT_CH_Tgroup"]));
  writer.write("QuantizationBlock", withLog2(device, device["T_quant_block"]));
  writer.write("LastGroupChannels", lastGroupChannels(device, inputChannels));
  writer.write("ScaleBiasAddress",
               hasScaleBias ? writer.getObject(op.getScaleBias()) : Word(0));
  writer.write("ResidualAddress",
               hasResidual ? writer.getMap(op.getResidual()).address : Word(0));
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("Mode", named(TaskKind::Linear, device, "Mode", mode));
}

LogicalResult edgellm::verifyLinear(Operation *task, const Device &device) {
  auto op = cast<accel::LinearOp>(task);
  const int64_t channels = op.getInputChannels();
  if (linearTokens(device, channels) < 1 ||
      weightBufferChannels(device, channels) < device["Tout"])
    return op.emitOpError()
           << "has " << channels << " input channels, but the buffers of "
           << device.getName() << " hold at most "
           << std::min(device["DAT_BRAM_DEPTH"],
                       device["WT_BRAM_DEPTH"] * device["ASYN_FACTOR"] / 2) *
                  device["Tin"];
  return success();
}

Word edgellm::maxTokensLinear(Operation *task, const Device &device,
                              const Word &) {
  auto op = cast<accel::LinearOp>(task);
  return linearTokens(device, op.getInputChannels());
}

//===----------------------------------------------------------------------===//
// Special engine: maps
//===----------------------------------------------------------------------===//

void edgellm::encodeNorm(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::NormOp>(task);
  const Device &device = writer.getDevice();
  const int64_t channels = alignTo(op.getChannels(), device["Tout"]);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  // Weights come in words of 16 channels.
  const int64_t words = channels / (device["AXI_DAT_WIDTH"] / 32);

  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.groups);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("Pixels", input.tokens);
  writer.write("Reciprocal", encodeFP20(1.0f / channels));
  writer.write("WeightBursts", words / device["AXI_BURST_LEN"]);
  writer.write("Kind", named(TaskKind::Norm, device, "Kind",
                             op.getKind() == accel::NormKind::RMS
                                 ? "RMSNorm"
                                 : "LayerNorm"));
  writer.write("Opcode", named(TaskKind::Norm, device, "Opcode", "Start"));
}

LogicalResult edgellm::verifyNorm(Operation *task, const Device &device) {
  auto op = cast<accel::NormOp>(task);
  const int64_t rest = op.getChannels() % device["Tout"];
  if (rest == 0)
    return success();
  return op.emitOpError() << "has " << op.getChannels()
                          << " channels, which must be a multiple of "
                          << device["Tout"] << " on " << device.getName()
                          << " (" << rest << " too many)";
}

void edgellm::encodeActivation(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ActivationOp>(task);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());

  writer.write("TableAddress", writer.getObject(op.getTable()));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.groups);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("Pixels", input.tokens);
  writer.write("ChannelGroups2", input.groups);
  writer.write("Channels", op.getChannels());
  writer.write("Opcode", named(TaskKind::Activation, writer.getDevice(),
                               "Opcode", "Start"));
}

void edgellm::encodeElementwise(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ElementwiseOp>(task);
  const Device &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getLhs());
  const MapOperand output = writer.getMap(op.getOutput());

  writer.write("Mode", named(TaskKind::Elementwise, device, "Mode",
                             op.getKind() == accel::BinaryKind::Add
                                 ? "Add"
                                 : "Multiply"));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.groups);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("OtherAddress", writer.getMap(op.getRhs()).address);
  writer.write("Opcode",
               named(TaskKind::Elementwise, device, "Opcode", "Start"));
}

//===----------------------------------------------------------------------===//
// Special engine: heads
//===----------------------------------------------------------------------===//

/// Distances in the whole KV cache, all ports together (section 3.7).
static int64_t cacheLine(const Device &device) {
  return device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
}

static int64_t headGroups(const Device &device) {
  return divideCeil(device["MAX_CH_per_HEAD"], device["Tout"]);
}

LogicalResult edgellm::verifyHeads(Operation *task, const Device &device) {
  for (Value operand : task->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type || type.getRank() != 4)
      continue;
    const int64_t heads = type.getDimSize(0);
    if (heads > device["MAX_HEADS"])
      return task->emitOpError()
             << "has " << heads << " heads, but a task of " << device.getName()
             << " takes at most " << device["MAX_HEADS"];
  }
  // The channels of scores and probabilities are tokens.
  if (isa<accel::SoftmaxOp>(task))
    return success();
  Value map = isa<accel::ValuesOp>(task)
                  ? cast<accel::ValuesOp>(task).getOutput()
                  : task->getOperand(0);
  const int64_t groups = cast<MemRefType>(map.getType()).getDimSize(1);
  if (groups == headGroups(device))
    return success();
  return task->emitOpError()
         << "has heads of " << groups * device["Tout"]
         << " channels (rounded up to a multiple of " << device["Tout"]
         << "), but those of " << device.getName() << " have "
         << device["MAX_CH_per_HEAD"]
         << "; pad the heads of the model to that size";
}

void edgellm::encodeRope(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::RopeOp>(task);
  const Device &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Word past = writer.getWord(op.getPast());
  const int64_t plane = device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
  const Word position =
      writer.getObject(op.getTable()) + device["Pixel_Data_Bytes"] * past;

  writer.write("TableAddress", position.named("position"));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.groups);
  writer.write("Width", input.tokens);
  writer.write("Past", past);
  writer.write("Heads", input.heads);
  writer.write("TableHalf", 2 * plane);
  writer.write("TableLine", plane);
  writer.write("Opcode", named(TaskKind::Rope, device, "Opcode", "Start"));
}

void edgellm::encodeKVAppend(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::KVAppendOp>(task);
  const Device &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());

  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("CacheAddress", writer.getObject(op.getCache()));
  writer.write("CacheHead", headGroups(device) * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("BankStep", device["log2_Bank_Step"]);
  writer.write("Past", writer.getWord(op.getPast()));
  writer.write("Width", input.tokens);
  writer.write("Heads", input.heads);
  writer.write("ChannelGroups", input.groups);
  writer.write("Transpose",
               named(TaskKind::KVAppend, device, "Transpose",
                     op.getSide() == accel::CacheSide::Keys ? "Keys"
                                                            : "Values"));
  writer.write("Opcode", named(TaskKind::KVAppend, device, "Opcode", "Start"));
}

/// The registers that both attention products share.
static void encodeAttention(TaskKind kind, TaskWriter &writer, Value inputMap,
                            Value outputMap, Value cache, Value keys,
                            double scale, int64_t queryHeads, int64_t kvHeads) {
  const Device &device = writer.getDevice();
  const MapOperand input = writer.getMap(inputMap);
  const MapOperand output = writer.getMap(outputMap);
  const int64_t group = queryHeads / kvHeads;

  writer.write("CacheAddress", writer.getObject(cache));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("CacheHead", headGroups(device) * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("HeadChannels", device["MAX_CH_per_HEAD"]);
  writer.write("Columns", writer.getWord(keys));
  writer.write("Width", input.tokens);
  writer.write("BankStepAndScale",
               (device["log2_Bank_Step"] << 20) +
                   encodeFP20(static_cast<float>(scale)));
  writer.write("HeadConfiguration",
               ((group - 1) << 16) + (queryHeads << 8) + kvHeads);
  writer.write("Opcode", named(kind, device, "Opcode", "Start"));
}

static int64_t getHeads(Value map) {
  return cast<MemRefType>(map.getType()).getDimSize(0);
}

void edgellm::encodeScores(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ScoresOp>(task);
  encodeAttention(TaskKind::Scores, writer, op.getInput(), op.getOutput(),
                  op.getCache(), op.getKeys(), op.getScale().convertToDouble(),
                  getHeads(op.getInput()), op.getKvHeads());
}

void edgellm::encodeValues(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ValuesOp>(task);
  encodeAttention(TaskKind::Values, writer, op.getInput(), op.getOutput(),
                  op.getCache(), op.getKeys(), 1.0, getHeads(op.getInput()),
                  op.getKvHeads());
}

/// Tokens whose rows of one KV head's query heads, each of \p width values, fit
/// the activation buffer (section 5.3).
static Word attentionTokens(const Device &device, const Word &width, Value map,
                            int64_t kvHeads) {
  const int64_t group = getHeads(map) / kvHeads;
  return floorDiv(device["S_bits"], group * device["MAX_DAT_DW"] * width);
}

Word edgellm::maxTokensScores(Operation *task, const Device &device,
                              const Word &) {
  auto op = cast<accel::ScoresOp>(task);
  return attentionTokens(device, device["MAX_CH_per_HEAD"], op.getInput(),
                         op.getKvHeads());
}

Word edgellm::maxTokensValues(Operation *task, const Device &device,
                              const Word &total) {
  auto op = cast<accel::ValuesOp>(task);
  return attentionTokens(device, roundUp(total, device["Tout"]), op.getInput(),
                         op.getKvHeads());
}

void edgellm::encodeSoftmax(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::SoftmaxOp>(task);
  const Device &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());

  // One token sees all columns; the first of several does not see the others.
  writer.write("Mask", min(input.tokens - 1, 1));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("ColumnGroups", input.groups);
  writer.write("Heads", input.heads);
  writer.write("Columns", writer.getWord(op.getKeys()));
  writer.write("Width", input.tokens);
  writer.write("Rows", input.tokens);
  writer.write("Past", writer.getWord(op.getPast()));
  writer.write("Opcode", named(TaskKind::Softmax, device, "Opcode", "Start"));
}

//===----------------------------------------------------------------------===//
// Auxiliary unit
//===----------------------------------------------------------------------===//

void edgellm::encodeWeightCopy(const WeightCopy &copy, TaskWriter &writer) {
  const int64_t high = int64_t(1) << 32;
  writer.write("Source", copy.source);
  writer.write("DestinationLow", remainder(copy.destination, high));
  writer.write("DestinationHigh", floorDiv(copy.destination, high));
  writer.write("LengthBits", 8 * copy.bytes);
  writer.write("Port", copy.port);
  writer.write("Opcode", named(TaskKind::WeightCopy, writer.getDevice(),
                               "Opcode", "Start"));
}
