//===- Versions.cpp - What older versions of edgellm change ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the newest to the oldest, each as its differences from the one after it.
// Sections named in comments are those of the document of the versions.
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"
#include "Record.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace dlavm::edgellm;

/// Gives a register another name and meaning; its number stays.
static void redefine(RegisterTable &table, llvm::StringRef from,
                     std::string name, RegisterRole role, std::string unit,
                     std::string meaning, uint32_t value = 0) {
  table.replace(from, {std::move(name),
                       table.get(from).number,
                       role,
                       std::move(unit),
                       std::move(meaning),
                       value,
                       {}});
}

/// The bit of register 18, 141 or 208 for maps that are read, and for the one
/// that is written (section 6).
static constexpr unsigned inputBit = 0, outputBit = 1;

template <bool takes, bool leaves>
static OnChipFlags getOnChip(const DeviceInfo &) {
  return {takes ? std::optional(inputBit) : std::nullopt,
          takes ? std::optional(inputBit) : std::nullopt,
          leaves ? std::optional(outputBit) : std::nullopt};
}

/// The residual has no flag of its own, and the document does not say whose it
/// shares.
static OnChipFlags getOnChipOfLinear(const DeviceInfo &device) {
  return {inputBit, device["On_Chip_Residual"] == 0 ? inputBit : outputBit,
          outputBit};
}

/// As many as known programs use; no document has the size.
static constexpr int64_t onChipBytes = 71168;

/// Tasks of a call of one token can leave maps on the chip for others (section
/// 6), without what the document calls contradictory: values, appends and forms
/// with argmax have none there, and softmax leaves none.
static void addOnChip(DeviceInfo &device) {
  device.addParameter("On_Chip_Residual", 0,
                      "a residual is on the chip: 0 with the input, 1 with the "
                      "output",
                      {0, 1});
  std::vector<Board> boards(device.getBoards());
  for (Board &board : boards) {
    Memory chip = {"CHIP",
                   onChipBytes,
                   /*dmaBase=*/0,
                   /*ports=*/1,
                   /*portStride=*/0,
                   /*alignment=*/64,
                   /*minimumAlignment=*/64};
    chip.isOnChip = true;
    board.memories.push_back(chip);
  }
  device.setBoards(std::move(boards));
  auto add = [&](TaskKind kind, auto onChip, std::vector<BitField> fields) {
    TaskSupport &support = device.addTask(kind);
    support.onChip = onChip;
    Register flags = support.registers.get("OnChip");
    flags.role = RegisterRole::OnChip;
    flags.meaning = "which maps are on the chip";
    flags.fields = std::move(fields);
    support.registers.replace("OnChip", flags);
  };
  const BitField input = {"Input", inputBit, 1},
                 output = {"Output", outputBit, 1};
  add(TaskKind::Linear, getOnChipOfLinear, {output, input});
  for (TaskKind kind : {TaskKind::Norm, TaskKind::Rope, TaskKind::Scores,
                        TaskKind::Activation, TaskKind::Elementwise})
    add(kind, getOnChip<true, true>, {output, input});
  add(TaskKind::Softmax, getOnChip<true, false>, {input});
}

static void removeOnChip(DeviceInfo &device) {
  device.removeParameter("On_Chip_Residual");
  std::vector<Board> boards(device.getBoards());
  for (Board &board : boards)
    llvm::erase_if(board.memories,
                   [](const Memory &memory) { return memory.isOnChip; });
  device.setBoards(std::move(boards));
  for (const auto &[kind, known] : device.getTasks()) {
    if (!known.onChip)
      continue;
    TaskSupport &support = device.addTask(kind);
    support.onChip = nullptr;
    redefine(support.registers, "OnChip", "OnChip", RegisterRole::Reserved, "",
             "on-chip operands");
  }
}

/// The scale of the attention products is FP16 (section 4).
static void to20240923(DeviceInfo &device) {
  addOnChip(device);
  device.setParameter("sCONV_OUT_DW", 16);
  device.setParameter("DAT_BRAM_DEPTH", 8192);
  device.setParameter("WT_BRAM_DEPTH", 1024);
  for (TaskKind kind : {TaskKind::Scores, TaskKind::Values}) {
    RegisterTable &table = device.addTask(kind).registers;
    Register scale = table.get("BankStepAndScale");
    scale.meaning = "distance between HBM ports (log2 bytes) and FP16 scale";
    scale.fields = {{"BankStep", 16, 16}, {"Scale", 0, 16}};
    table.replace(scale.name, scale);
  }
}

static void to20240912(DeviceInfo &device) {
  device.setParameter("DAT_BRAM_DEPTH", 4096);
  device.setParameter("WT_BRAM_DEPTH", 2048);
}

/// KV caches are feature maps in DDR, without a task that appends (section 4).
static void moveCachesToDDR(DeviceInfo &device) {
  device.setParameter("KV_Cache_In_DDR", 1);
  device.removeTask(TaskKind::KVAppend);
  device.addObject(
      ObjectKind::KVCache,
      {"DDR", [](llvm::ArrayRef<int64_t> shape, const DeviceInfo &d) {
         return cacheBytes(d, shape[0]);
       }});
  // No port to step to, and no limit of the tokens is known.
  device.setParameter("S_bits", 0);
  for (TaskKind kind : {TaskKind::Scores, TaskKind::Values}) {
    RegisterTable &table = device.addTask(kind).registers;
    redefine(table, "BankStepAndScale", "Scale", RegisterRole::Code, "FP16",
             "scale");
    for (const char *name : {"CacheHead", "CacheLine"}) {
      Register stride = table.get(name);
      stride.meaning = llvm::StringRef(stride.meaning).split(',').first.str();
      table.replace(name, stride);
    }
  }
}

/// Channel fields are narrower, and channel slices of any size (section 3).
static void to20240831(DeviceInfo &device) {
  moveCachesToDDR(device);
  device.setParameter("log2_CH", 16);
  device.setParameter("ASYN_FACTOR", 2);
  device.setParameter("WT_BRAM_DEPTH", 1024);
  device.setParameter("Slice_Power_Of_2", 0);
  RegisterTable &table = device.addTask(TaskKind::Linear).registers;
  for (const char *name : {"ScaleGroup", "QuantizationBlock"}) {
    Register reg = table.get(name);
    reg.fields = {{"Log2Channels", 16, 16}, {"Channels", 0, 16}};
    table.replace(name, reg);
  }
}

/// The forms with argmax are polled at the register that has the id in later
/// versions; the id is in DDR (section 3).
static void to20240824(DeviceInfo &device) {
  device.setParameter("Argmax_Word_Bits", 16);
  RegisterTable &table = device.addTask(TaskKind::Linear).registers;
  redefine(table, "Argmax", "ArgmaxStatus", RegisterRole::Status, "",
           "1 when a task with argmax is done", 1);
  Register mode = table.get("Mode");
  for (NamedValue &form : mode.values)
    if (llvm::StringRef(form.name).ends_with("Argmax"))
      form.status = "ArgmaxStatus";
  table.replace("Mode", mode);
}

/// No register says how weights lie (section 3), and no map is on the chip.
static void to20240725(DeviceInfo &device) {
  removeOnChip(device);
  RegisterTable &table = device.addTask(TaskKind::Linear).registers;
  const std::pair<const char *, const char *> registers[] = {
      {"Reserved21", "Reserved21"},
      {"ScaleGroup", "Reserved22"},
      {"QuantizationBlock", "Reserved23"},
      {"LastGroupChannels", "Reserved24"}};
  for (auto [from, to] : registers)
    redefine(table, from, to, RegisterRole::Reserved, "", "always 1", 1);
}

/// P x V has no scale; its registers give the sizes of a product (section 4).
static void to20240721(DeviceInfo &device) {
  RegisterTable &table = device.addTask(TaskKind::Values).registers;
  redefine(table, "HeadChannels", "Depth", RegisterRole::Count, "tokens",
           "columns that are summed over");
  redefine(table, "Scale", "HeadGroups", RegisterRole::Count, "32 channels",
           "channel groups of a head");
}

static void to20240720(DeviceInfo &device) {
  device.setParameter("DAT_BRAM_DEPTH", 2048);
}

/// Both products count what they sum over in groups (section 4).
static void to20240603(DeviceInfo &device) {
  redefine(device.addTask(TaskKind::Scores).registers, "HeadChannels",
           "DepthGroups", RegisterRole::Count, "32 channels",
           "channel groups of a head");
  redefine(device.addTask(TaskKind::Values).registers, "Depth", "DepthGroups",
           RegisterRole::Count, "32 columns", "column groups");
}

llvm::ArrayRef<OlderVersion> edgellm::getOlderVersions() {
  static const OlderVersion versions[] = {
      {"20240923", to20240923}, {"20240912", to20240912},
      {"20240831", to20240831}, {"20240824", to20240824},
      {"20240725", to20240725}, {"20240721", to20240721},
      {"20240720", to20240720}, {"20240603", to20240603}};
  return versions;
}
