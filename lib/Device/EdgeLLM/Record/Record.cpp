//===- Record.cpp - Records of the edgellm family -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the EdgeLLM register document.
//
//===----------------------------------------------------------------------===//

#include "Record.h"
#include "Blocks.h"
#include "Layouts.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::alignTo;
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

int64_t edgellm::cacheBytes(const DeviceInfo &device, int64_t heads) {
  return device["MAX_TOKEN"] * device["MAX_CH_per_HEAD"] *
         device["MAX_DAT_DW"] / 8 * heads;
}

static void addObjects(DeviceInfo &device) {
  using Shape = llvm::ArrayRef<int64_t>;
  // Scale and bias, or gamma and beta, are one 32-bit word per channel
  // (sections 3.3 and 3.4).
  auto wordPerChannel = [](Shape shape, const DeviceInfo &d) -> int64_t {
    return 4 * alignTo(shape[0], d["Tout"]);
  };
  ObjectSupport &weight = device.addObject(
      ObjectKind::Weight,
      {"HBM", [](Shape shape, const DeviceInfo &d) -> int64_t {
         return divideCeil(shape[0], d["Tout"]) * packageBytes(d, shape[1]);
       }});
  weight.packWeights = packWeights;
  weight.readWeights = readWeights;
  for (ObjectKind kind : {ObjectKind::ScaleBias, ObjectKind::NormWeight}) {
    ObjectSupport &words = device.addObject(kind, {"DDR", wordPerChannel});
    words.packPairs = packPairs;
    words.readPairs = readPairs;
  }
  // Four planes of one pixel per position (section 3.5).
  device
      .addObject(ObjectKind::RopeTable,
                 {"DDR",
                  [](Shape, const DeviceInfo &d) -> int64_t {
                    return 4 * d["Pixel_Data_Bytes"] * d["MAX_TOKEN"];
                  }})
      .packRotations = packRotations;
  device
      .addObject(ObjectKind::ActivationTable,
                 {"DDR",
                  [](Shape, const DeviceInfo &d) {
                    return d["Activation_Table_Bytes"];
                  }})
      .packSegments = packSegments;
  device.addObject(ObjectKind::KVCache,
                   {"HBM", [](Shape shape, const DeviceInfo &d) -> int64_t {
                      return cacheBytes(d, shape[0]) / d["HBM_Port"];
                    }});
}

static Traits getTraits(const DeviceInfo &device) {
  Traits traits;
  traits.lanes = device["Tout"];
  traits.rowBytes = device["Pixel_Data_Bytes"];
  traits.channelGranularity = device["Tout"];
  traits.headChannels = device["MAX_CH_per_HEAD"];
  traits.maxTokens = device["MAX_TOKEN"];
  traits.weightBlock = device["T_quant_block"];
  traits.rotatesNeighbours = true;
  traits.fusesResidual = true;
  traits.cachesAreMaps = device["KV_Cache_In_DDR"];
  // Section 4.7: rows and their first position are registers of their own.
  traits.softmaxSlices = SoftmaxSlices::Untested;
  traits.argmaxBits = device["Argmax_Word_Bits"];
  traits.registersKeepValues = device["Registers_Keep_Values"];
  traits.sumsInFP32 = device["Linear_Accumulator_Bits"] == 32;
  traits.hasSoftmaxInFP32 = device["Softmax_Bits"] == 32;
  traits.hasScaleInFP16 = device["sCONV_OUT_DW"] == 16;
  traits.takesLastOfEqual = device["Argmax_Tie"] == 1;
  traits.holdsLastSegment = device["Activation_Beyond_Table"] == 1;
  return traits;
}

static Rates getRates(const DeviceInfo &device) {
  const int64_t ports = device["HBM_Port"] * device["HBM_AXI_DATA_WIDTH"];
  Rates rates;
  rates.clock = 280e6;
  rates.operationsPerCycle = 2.0 * device["Tin"] * device["Tout"];
  rates.memories = {{"HBM", double(ports)},
                    {"DDR", double(device["AXI_DAT_WIDTH"])}};
  // A matrix of 4096 x 4096 has 8448 cycles of weights and scales, and took
  // 38.5 us, which is 10780 cycles.
  rates.weightEfficiency = 8448.0 / 10780.0;
  rates.source =
      "clock, HBM and the efficiency of weights from a published 4096 x 4096 "
      "product on VCU128 (29.25 us ideal, 38.5 us measured); DDR assumed to "
      "move a bus word a cycle";
  return rates;
}

/// A pixel of Tout channels (section 3.1).
static ElementPlace placeLane(const DeviceInfo &device, int64_t lane) {
  return {0, lane * device["MAX_DAT_DW"] / 8};
}

/// Registers hold 32 bits of a DDR address and log2_Bank_Step is the distance
/// between ports, so every card has the same memories, wherever its host finds
/// them.
static void addBoards(DeviceInfo &device) {
  const int64_t bank = int64_t(1) << device["log2_Bank_Step"];
  auto createMemories = [&](int64_t baseDDR, int64_t baseHBM) {
    return std::vector<Memory>{
        {"DDR", int64_t(1) << 32, baseDDR, /*ports=*/1, /*portStride=*/0,
         /*alignment=*/1024, /*minimumAlignment=*/64},
        {"HBM", bank, baseHBM, device["HBM_Port"], /*portStride=*/bank,
         /*alignment=*/512, /*minimumAlignment=*/512}};
  };
  device.addBoard({"vcu128", "VCU128, a PCIe card with DDR and 8 GiB of HBM",
                   "XDMA: registers in the user BAR, DMA by addresses",
                   /*registerWindow=*/0x20000, createMemories(0x200000000, 0)});
  device.addBoard({"v80", "V80, a PCIe card with DDR and HBM",
                   "CSB_Write, CSB_Read, start_host2fpga "
                   "(dlavm_v80_host2fpga.h)",
                   /*registerWindow=*/std::nullopt,
                   createMemories(0x60000000000, 0x4000000000)});
}

DeviceInfo edgellm::createRecord20241128() {
  DeviceInfo device("edgellm", "20241128");
  device.addParameter("Tin", 128, "input channels per cycle of the MVM engine");
  device.addParameter("Tout", 32, "output channels in parallel, of a pixel");
  device.addParameter("HBM_Port", 32, "HBM AXI ports");
  device.addParameter("log2_Bank_Step", 28,
                      "log2 of the bytes between HBM ports");
  device.addParameter("MAX_DAT_DW", 16, "bits of an activation");
  device.addParameter("MAX_WT_DW", 4, "bits of a weight");
  device.addParameter("T_quant_block", 128, "input channels per weight scale");
  device.addParameter("HBM_AXI_DATA_WIDTH", 256, "bits of an HBM port word");
  device.addParameter("Pixel_Data_Bytes", 64, "bytes of a pixel");
  device.addParameter("WT_CH_Tgroup", 2048,
                      "input channels per scale word of a port");
  device.addParameter("log2_CH", 19, "bits of a channel field");
  device.addParameter("AXI_BURST_LEN", 32, "words of a DDR burst");
  device.addParameter("DAT_BRAM_DEPTH", 4096,
                      "activation buffer, words of Tin values");
  device.addParameter("WT_BRAM_DEPTH", 2048,
                      "weight buffer of a port, words of 256 bits");
  device.addParameter("ASYN_FACTOR", 1, "multiplier of the weight depth");
  device.addParameter(
      "Slice_Power_Of_2", 1,
      "whether channel slices of the MVM engine are powers of 2");
  device.addParameter("BN_limit", 2048,
                      "output channels whose scale and bias fit the FIFOs");
  device.addParameter("MAX_TOKEN", 2048,
                      "tokens of KV caches and the rotary table");
  device.addParameter("MAX_CH_per_HEAD", 128, "channels of a head");
  device.addParameter("MAX_HEADS", 255, "heads that a task can address");
  device.addParameter("KV_Cache_In_DDR", 0,
                      "whether KV caches are feature maps in DDR");
  device.addParameter("Argmax_Word_Bits", 32,
                      "bits of an argmax that are known to be in DDR");
  device.addParameter("S_bits", 1 << 22,
                      "activation buffer of attention, bits; 0 is no limit");
  device.addParameter("sCONV_OUT_DW", 20,
                      "bits of the scale of attention products, FP20 or FP16");
  device.addParameter("AUX_WT_BUF_DEPTH", 1024,
                      "bus words per copy from DDR to HBM");
  device.addParameter("AXI_DAT_WIDTH", 512, "bits of a DDR bus word");
  device.addParameter("Activation_Table_Bytes", 8192,
                      "bytes loaded for an activation table");
  // What the register document leaves open; docs/Numerics.md explains each.
  device.addParameter("Linear_Accumulator_Bits", 64,
                      "sums of the MVM engine, FP64 or FP32", {64, 32});
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
  addBlockConventions(device, {32, 12, 2}, /*countsHeader=*/true);
  device.addParameter("Block_Append_First_Register", 194,
                      "register of the first word of dat2hbm in a block",
                      {194, 195});
  device.addParameter("Block_Argmax_Code", 0,
                      "code of argmax in a block; 0: it is in none", {0, 0x48});
  addBoards(device);
  device.setMapMemory("DDR");
  device.traits = getTraits;
  device.rates = getRates;
  device.placeLane = placeLane;
  device.weightCopyBytes =
      device["AUX_WT_BUF_DEPTH"] * device["AXI_DAT_WIDTH"] / 8;
  addObjects(device);
  addRegisterTables(device);
  addBlocks(device);
  return device;
}
