//===- Record.cpp - Records of the ohbm family ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the ohbm register document.
//
//===----------------------------------------------------------------------===//

#include "Record.h"
#include "Blocks.h"
#include "Layouts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;

static void addRegisterTables(DeviceInfo &device) {
  RegisterTable table;
  TaskKind kind;
#define TABLE(k, n, title)                                                     \
  kind = TaskKind::k;                                                          \
  table = RegisterTable(#n, title);
#define REG(n, number, role, unit, meaning)                                    \
  table.add({#n, number, RegisterRole::role, unit, meaning, 0, {}});
#define FIXED(n, number, role, value, meaning)                                 \
  table.add({#n, number, RegisterRole::role, "", meaning, value, {}});
#define HIGH(n, shift, bits) table.addHigh({#n, shift, bits});
#define FIELD(n, low, bits) table.addField({#n, low, bits});
#define VALUE(n, value) table.addValue({#n, value});
#define END() device.addTask(kind).registers = table;
#include "Registers.def"
}

static void addObjects(DeviceInfo &device) {
  using Shape = llvm::ArrayRef<int64_t>;
  ObjectSupport &weight =
      device.addObject(ObjectKind::Weight,
                       {"HBM", [](Shape shape, const DeviceInfo &d) -> int64_t {
                          return divideCeil(shape[0], d["Tout"]) *
                                 portChannels(d) * channelBytes(d, shape[1]);
                        }});
  weight.packWeights = packWeights;
  weight.readWeights = readWeights;
  ObjectSupport &kernels =
      device.addObject(ObjectKind::ConvWeight,
                       {"HBM", [](Shape shape, const DeviceInfo &d) -> int64_t {
                          return divideCeil(shape[0], d["Tout"]) *
                                 portChannels(d) *
                                 kernelBytes(d, shape[1] * shape[2], shape[3]);
                        }});
  kernels.packKernels = packKernels;
  kernels.readKernel = readKernel;
  // Two rows of words for each row of channels (sections 3.6 and 3.7).
  for (ObjectKind kind : {ObjectKind::ScaleBias, ObjectKind::NormWeight}) {
    ObjectSupport &words = device.addObject(
        kind, {"HBM", [](Shape shape, const DeviceInfo &d) -> int64_t {
                 return 2 * rowBytes(d) * divideCeil(shape[0], lanes(d));
               }});
    words.packPairs = packPairs;
    words.readPairs = readPairs;
  }
  device
      .addObject(ObjectKind::RopeTable,
                 {"HBM",
                  [](Shape, const DeviceInfo &d) -> int64_t {
                    return rowBytes(d) * d["MAX_TOKEN"];
                  }})
      .packRotations = packRotations;
  device
      .addObject(
          ObjectKind::ActivationTable,
          {"HBM", [](Shape, const DeviceInfo &d) { return 2 * rowBytes(d); }})
      .packSegments = packSegments;
  device.addObject(ObjectKind::KVCache,
                   {"HBM", [](Shape shape, const DeviceInfo &d) {
                      return shape[0] * cacheHeadBytes(d);
                    }});
}

static Traits getTraits(const DeviceInfo &device) {
  Traits traits;
  traits.lanes = lanes(device);
  traits.rowBytes = rowBytes(device);
  traits.channelGranularity = device["Tout"];
  traits.headChannels = device["MAX_CH_per_HEAD"];
  traits.maxTokens = device["MAX_TOKEN"];
  traits.weightBlock = device["T_quant_block"];
  traits.rotatesNeighbours = true;
  traits.rotatesHalves = true;
  traits.secondMapHasStrides = true;
  traits.fusesRelu = device["Relu_Before_Scale"] == 0;
  traits.headsPerRow = headsPerRow(device);
  traits.readsUnwrittenCache = true;
  traits.softmaxSlices = SoftmaxSlices::Documented;
  traits.argmaxBits = 0;
  traits.registersKeepValues = device["Registers_Keep_Values"];
  traits.sumsInFP32 = device["Linear_Accumulator_Bits"] == 32;
  traits.hasSoftmaxInFP32 = device["Softmax_Bits"] == 32;
  traits.takesLastOfEqual = device["Argmax_Tie"] == 1;
  traits.holdsLastSegment = device["Activation_Beyond_Table"] == 1;
  return traits;
}

/// Section 2.2 gives the bits of a clock, no document the clock.
static Rates getRates(const DeviceInfo &device) {
  Rates rates;
  rates.clock = 280e6;
  rates.operationsPerCycle = 2.0 * device["Tin"] * device["Tout"];
  rates.memories = {
      {"HBM", double(device["HBM_Port"] * device["HBM_AXI_DATA_WIDTH"])}};
  // 8448 cycles of weights and scales that took 10780.
  rates.weightEfficiency = 8448.0 / 10780.0;
  rates.source = "bits of a cycle from the document; clock, the efficiency of "
                 "weights and the width of the matrix unit assumed to be those "
                 "of edgellm on VCU128";
  return rates;
}

/// HBM is all that there is of memories; every port has the same addresses.
static Memory createHBM(const DeviceInfo &device, int64_t portBytes,
                        int64_t alignment) {
  return {"HBM",
          portBytes,
          /*dmaBase=*/0,
          device["HBM_Port"],
          /*portStride=*/portBytes,
          alignment,
          /*minimumAlignment=*/rowBytes(device)};
}

/// Version 20250326.
static DeviceInfo createRecord20250326() {
  DeviceInfo device("ohbm", "20250326");
  device.addParameter("HBM_Port", 32, "HBM AXI ports");
  device.addParameter("HBM_AXI_DATA_WIDTH", 256, "bits of an HBM port word");
  device.addParameter("Tin", 128, "input channels that weights are padded to");
  device.addParameter("Tout", 32, "output channels in parallel");
  device.addParameter("MAX_DAT_DW", 16, "bits of an activation");
  device.addParameter("MAX_WT_DW", 4, "bits of a weight");
  device.addParameter("T_quant_block", 128, "input channels per weight scale");
  device.addParameter("Scale_Record_Bits", 256, "bits of a record of scales");
  device.addParameter("log2_CH", 19, "bits of a channel field");
  device.addParameter("AXI_BURST_LEN", 256,
                      "rows of a burst, which the activation memory holds");
  device.addParameter("Activation_Memory_Bits", 1 << 23,
                      "activation memory on the chip");
  device.addParameter("Weight_Memory_Bits", 1 << 24,
                      "weight memory on the chip, both halves");
  device.addParameter("Max_Slice_Channels", 1024,
                      "output channels of a start, at most");
  device.addParameter("MAX_TOKEN", 2048,
                      "tokens of KV caches and the rotary table");
  device.addParameter("MAX_CH_per_HEAD", 128, "channels of a head");
  device.addParameter("Scale_Bias_Flag", 4,
                      "in the flags of a product with scale and bias");
  device.addParameter("Scores_With_Slots", 1,
                      "whether attention scores are told of empty head slots");
  device.addParameter("Values_Head_Width", 0,
                      "head width that attention values are told");
  device.addParameter("Cut_By_Call", 0,
                      "whether the maps of a call, not a burst of their rows, "
                      "must fit the activation memory");
  // What the register document leaves open; docs/Numerics.md explains each.
  device.addParameter("Linear_Accumulator_Bits", 64,
                      "sums of INT4 products, FP64 or FP32", {64, 32});
  device.addParameter("Relu_Before_Scale", 0,
                      "relu: 0 after scale and bias, 1 before", {0, 1});
  device.addParameter("Weight_Code_8", 0,
                      "value of the weight nibble 8, 0 or -8", {0, -8});
  device.addParameter("Activation_Beyond_Table", 0,
                      "from the last breakpoint on: 0 extends, 1 holds",
                      {0, 1});
  device.addParameter("Argmax_Tie", 0,
                      "of equal logits: 0 the lowest index, 1 the highest",
                      {0, 1});
  device.addParameter("Softmax_Bits", 32, "softmax in FP32 or FP64", {32, 64});
  device.addParameter("Registers_Keep_Values", 0,
                      "registers keep their values between tasks: 0 unknown, "
                      "1 they do",
                      {0, 1});
  addBlockConventions(device, {32, 16, 2}, /*countsHeader=*/false);
  device.addParameter("Block_Codes", 0,
                      "codes of tasks in a block: 0 the older table, 1 opcodes",
                      {0, 1});
  device.addBoard({"hbm32",
                   "a card whose HBM has 32 ports of 256 MiB",
                   "XDMA: registers in the user BAR, DMA by addresses",
                   /*registerWindow=*/0x20000,
                   {createHBM(device, 1 << 28, /*alignment=*/64)}});
  device.setMapMemory("HBM");
  device.traits = getTraits;
  device.rates = getRates;
  device.placeLane = placeLane;
  device.placeCacheElement = placeCacheElement;
  device.countImageRows = imageRows;
  addObjects(device);
  addRegisterTables(device);
  addBlocks(device);
  return device;
}

/// The accelerator of 20250326 with the ports of another board. Where the host
/// finds them the documents leave open: what its first compiler took for their
/// distance, 256 MiB, is less than they have (D13, and F of the additions).
static DeviceInfo createRecordV80(const DeviceInfo &record20250326) {
  DeviceInfo device = record20250326.derive("ohbm-v80", "20250326");
  device.setParameter("HBM_Port", 4);
  device.setParameter("HBM_AXI_DATA_WIDTH", 512);
  device.setParameter("Tin", 64);
  Memory memory = createHBM(device, int64_t(1) << 33, /*alignment=*/4096);
  memory.isOpen = true;
  device.setBoards({{"v80",
                     "a card whose HBM has 4 ports of 8 GiB",
                     "CSB_Write, CSB_Read, DDR_Write_bin, DDR_Update "
                     "(dlavm_v80_write_bin.h)",
                     /*registerWindow=*/std::nullopt,
                     {memory}}});
  return device;
}

//===----------------------------------------------------------------------===//
// Older versions (section 10)
//===----------------------------------------------------------------------===//

/// Puts \p reg where the table has a register of the same number.
static void replace(RegisterTable &table, Register reg) {
  auto it = llvm::find_if(table.registers, [&](const Register &old) {
    return old.number == reg.number;
  });
  assert(it != table.registers.end() && "the table has no such register");
  *it = std::move(reg);
}

/// Puts a register in the place of another one.
static void move(RegisterTable &table, llvm::StringRef identifier,
                 uint32_t number) {
  Register reg = table.get(identifier);
  reg.number = number;
  replace(table, std::move(reg));
}

static Register createReserved(uint32_t number, uint32_t value = 0) {
  return {"Reserved" + std::to_string(number),
          number,
          RegisterRole::Reserved,
          /*unit=*/"",
          "always " + std::to_string(value),
          value,
          /*values=*/{}};
}

/// Addresses have 32 bits; the register for the others has \p value.
static void removeHighAddresses(RegisterTable &table, uint32_t value = 0) {
  for (Register &reg : table.registers) {
    reg.high.reset();
    if (reg.role == RegisterRole::HighAddress)
      reg = createReserved(reg.number, value);
  }
}

/// The opcode of a product in register 33, and kinds counted from 0.
static void useOldProduct(RegisterTable &table) {
  llvm::erase_if(table.registers, [](const Register &reg) {
    return reg.role == RegisterRole::HighAddress;
  });
  removeHighAddresses(table);
  table.renumber("Opcode", 33);
  Register kind = table.get("Kind");
  --kind.values.front().value;
  replace(table, std::move(kind));
}

static DeviceInfo createRecord20250323(const DeviceInfo &newer) {
  DeviceInfo device = newer.derive("20250323");
  device.setParameter("AXI_BURST_LEN", 64);
  removeHighAddresses(device.addTask(TaskKind::KVAppend).registers);
  return device;
}

static DeviceInfo createRecord20250316(const DeviceInfo &newer) {
  DeviceInfo device = newer.derive("20250316");
  device.setParameter("Scale_Bias_Flag", 0);
  device.setParameter("Scores_With_Slots", 0);
  for (TaskKind kind :
       {TaskKind::Linear, TaskKind::Conv2D, TaskKind::Scores, TaskKind::Values})
    useOldProduct(device.addTask(kind).registers);
  for (TaskKind kind : {TaskKind::Linear, TaskKind::Conv2D}) {
    RegisterTable &product = device.addTask(kind).registers;
    Register flags = product.get("Flags");
    flags.fields.erase(flags.fields.begin());
    replace(product, std::move(flags));
  }
  RegisterTable &norm = device.addTask(TaskKind::Norm).registers;
  removeHighAddresses(norm);
  move(norm, "Kind", 143);
  replace(norm, {"AllTokens",
                 140,
                 RegisterRole::Count,
                 "tokens",
                 "tokens of all starts",
                 0,
                 {}});
  RegisterTable &softmax = device.addTask(TaskKind::Softmax).registers;
  removeHighAddresses(softmax);
  move(softmax, "Mask", 130);
  move(softmax, "Position", 142);
  replace(softmax, createReserved(141));
  removeHighAddresses(device.addTask(TaskKind::Elementwise).registers, 1);
  removeHighAddresses(device.addTask(TaskKind::Activation).registers);
  removeHighAddresses(device.addTask(TaskKind::Rope).registers);
  return device;
}

static DeviceInfo createRecord20250314(const DeviceInfo &newer) {
  DeviceInfo device = newer.derive("20250314");
  device.setParameter("Cut_By_Call", 1);
  replace(device.addTask(TaskKind::Activation).registers, createReserved(140));
  return device;
}

llvm::ArrayRef<llvm::StringLiteral> ohbm::getNames() {
  static constexpr llvm::StringLiteral names[] = {
      "ohbm-20250312", "ohbm-20250314", "ohbm-20250316", "ohbm-20250323",
      "ohbm-20250326", "ohbm-20250329", "ohbm-20250407", "ohbm-v80-20250326"};
  return names;
}

std::vector<DeviceInfo> ohbm::createRecords() {
  const DeviceInfo record20250326 = createRecord20250326();
  DeviceInfo record20250407 = record20250326.derive("20250407");
  record20250407.setParameter("Values_Head_Width", 128);
  const DeviceInfo record20250323 = createRecord20250323(record20250326);
  const DeviceInfo record20250316 = createRecord20250316(record20250323);
  const DeviceInfo record20250314 = createRecord20250314(record20250316);
  return {record20250314.derive("20250312"),
          record20250314,
          record20250316,
          record20250323,
          record20250326,
          record20250326.derive("20250329"),
          record20250407,
          createRecordV80(record20250326)};
}
