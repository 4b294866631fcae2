//===- Validate.cpp - Is the record of a device complete? -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Conventions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <array>
#include <map>

using namespace dlavm;
using llvm::Error;
using llvm::Twine;

namespace {
/// Collects what is wrong with one record.
class Validator {
public:
  explicit Validator(const DeviceInfo &device) : device(device) {}
  Error run();

private:
  void require(bool holds, const Twine &message) {
    if (!holds)
      problems.push_back(message.str());
  }
  void checkBoards();
  void checkMemories();
  void checkTraits();
  void checkOnChip();
  void checkOnChip(const TaskSupport &support);
  void checkRows(const Traits &traits, int64_t ports);
  void checkTable(const RegisterTable &table);
  void checkStatus(const RegisterTable &table);
  void checkCaches(const Traits &traits);
  void checkAddress(const RegisterTable &table, const Register &reg);
  void checkFields(const RegisterTable &table, const Register &reg);
  void checkKeys();
  void checkBlocks();
  void checkInstructions(const InstructionBlocks &blocks);
  void checkInstruction(const TaskSupport &support, uint32_t opcode,
                        const TaskInstruction &instruction,
                        const InstructionBlocks &blocks);

  const DeviceInfo &device;
  std::vector<std::string> problems;
};
} // namespace

void Validator::checkBoards() {
  require(!device.getBoards().empty(), "it is on no board");
  llvm::StringSet<> names;
  for (const Board &board : device.getBoards())
    require(!board.name.empty() && names.insert(board.name).second &&
                llvm::all_of(board.name, llvm::isAlnum),
            "the board '" + board.name +
                "' needs a name of its own of letters and digits");
}

void Validator::checkMemories() {
  llvm::StringSet<> names;
  for (const Memory &memory : device.getMemories()) {
    const std::string what = "the memory '" + memory.name + "' ";
    require(!memory.name.empty() && names.insert(memory.name).second,
            what + "needs a name of its own");
    require(llvm::all_of(memory.name,
                         [](char c) { return llvm::isAlnum(c) || c == '_'; }),
            what + "needs a name of letters, digits and underscores");
    require(memory.capacity > 0, what + "has no bytes");
    require(memory.ports >= 1, what + "has no ports");
    require(memory.ports == 1 || memory.portStride >= memory.capacity,
            what + "has ports that overlap for the host");
    require(memory.minimumAlignment >= 1 &&
                memory.alignment % memory.minimumAlignment == 0,
            Twine(what) + "places buffers at multiples of " +
                Twine(memory.alignment) + ", which is no multiple of " +
                Twine(memory.minimumAlignment));
  }
  require(device.hasMemory(RegisterRole::MapIn),
          "no memory holds feature maps");
  for (const auto &[kind, object] : device.getObjects()) {
    require(device.getMemory(object.memory),
            "objects lie in '" + Twine(object.memory) +
                "', which is no memory of the device");
    require(object.bytes,
            "objects in " + Twine(object.memory) + " have no size");
  }
}

void Validator::checkTraits() {
  if (!device.traits)
    return require(false, "it has no traits");
  const Traits traits = device.getTraits();
  const std::pair<llvm::StringLiteral, int64_t> sizes[] = {
      {"lanes", traits.lanes},
      {"row bytes", traits.rowBytes},
      {"channel granularity", traits.channelGranularity},
      {"head channels", traits.headChannels},
      {"tokens", traits.maxTokens},
      {"weight block", traits.weightBlock}};
  for (const auto &[name, size] : sizes)
    require(size > 0, "the trait '" + name + "' is " + Twine(size));
  // The packer knows no other.
  require(traits.weightBlock == 128, "weights have a scale for each 128 input "
                                     "channels, not for each " +
                                         Twine(traits.weightBlock));
  require(traits.lanes > 0 && traits.channelGranularity > 0 &&
              traits.lanes % traits.channelGranularity == 0,
          "the lanes are no multiple of the channel granularity");
  require(device.placeLane, "it does not say where a row has its lanes");
  if (device.placeLane && device.hasMemory(RegisterRole::MapIn))
    checkRows(traits, device.getMapMemory().ports);
  require(!device.getObject(ObjectKind::KVCache) || device.placeCacheElement,
          "it does not say where KV caches have elements");
  if (traits.cachesAreMaps)
    checkCaches(traits);
  const TaskSupport *linear = device.getTask(TaskKind::Linear);
  require(!linear || traits.argmaxBits > 0 ||
              linear->registers.lookup(RegisterRole::Result),
          "argmax leaves its index neither in memory nor in a register");
}

/// Flags of the maps say which memory their addresses are of.
void Validator::checkOnChip(const TaskSupport &support) {
  const RegisterTable &table = support.registers;
  const Register *flags = table.lookup(RegisterRole::OnChip);
  const std::string what = "the task " + table.getName().str() + " ";
  require(!support.onChip == !flags,
          Twine(what) + (flags ? "has a register for maps on the chip, but says "
                                 "of none that it can lie there"
                               : "has maps on the chip, but no register that "
                                 "says so"));
  if (!support.onChip || !flags)
    return;
  require(device.getOnChipMemory(),
          what + "has maps on the chip, but the device has no memory there");
  const OnChipFlags bits = support.onChip(device);
  for (std::optional<unsigned> bit :
       {bits.input, bits.secondInput, bits.output})
    require(!bit || llvm::any_of(flags->fields,
                                 [&](const BitField &field) {
                                   return field.low == *bit && field.bits == 1;
                                 }),
            table.getName() + "::" + flags->name +
                " has no field for the flag of bit " + Twine(bit.value_or(0)));
}

void Validator::checkOnChip() {
  for (const auto &[kind, support] : device.getTasks())
    checkOnChip(support);
  const Memory *memory = device.getOnChipMemory();
  if (!memory || !device.hasMemory(RegisterRole::MapIn))
    return;
  require(llvm::count_if(device.getMemories(),
                         [](const Memory &other) { return other.isOnChip; }) ==
              1,
          "it has several memories on the chip");
  const Memory &maps = device.getMapMemory();
  require(!maps.isOnChip, "maps of all calls lie on the chip");
  require(memory->ports == maps.ports, "maps on the chip have " +
                                           Twine(memory->ports) +
                                           " ports, but others have " +
                                           Twine(maps.ports));
  for (const auto &[kind, object] : device.getObjects())
    require(object.memory != memory->name,
            "objects lie on the chip, where nothing stays");
  require(llvm::any_of(device.getTasks(),
                       [](const auto &task) {
                         return task.second.onChip != nullptr;
                       }),
          "it has a memory on the chip, but no task that uses it");
}

/// Tasks write such caches as they write maps.
void Validator::checkCaches(const Traits &traits) {
  const ObjectSupport *cache = device.getObject(ObjectKind::KVCache);
  require(cache && device.hasMemory(RegisterRole::MapIn) &&
              cache->memory == device.getMapMemory().name,
          "its KV caches are maps, but do not lie where maps do");
  require(!device.getTask(TaskKind::KVAppend),
          "its KV caches are maps, but it has a task that appends to them");
  if (!cache || !cache->bytes || !device.placeCacheElement ||
      !device.placeLane || traits.lanes < 1 ||
      traits.headChannels % traits.lanes != 0)
    return;
  const int64_t surfaces = traits.headChannels / traits.lanes;
  const int64_t bytes = surfaces * traits.maxTokens * traits.rowBytes;
  require(cache->bytes({1}, device) == bytes,
          "its KV caches are maps of " + Twine(traits.maxTokens) +
              " tokens, of which a head takes " + Twine(bytes) + " bytes");
  const ElementPlace lane = device.placeLane(device, traits.lanes - 1);
  require(llvm::all_of(std::array{false, true},
                       [&](bool isKeys) {
                         const ElementPlace last = device.placeCacheElement(
                             device, isKeys, 1, traits.maxTokens - 1,
                             traits.headChannels - 1);
                         return last.port == lane.port &&
                                last.offset ==
                                    2 * bytes - traits.rowBytes + lane.offset;
                       }),
          "its KV caches are maps, but have elements at other places");
}

/// The host moves maps as the runtime header has them.
void Validator::checkRows(const Traits &traits, int64_t ports) {
  constexpr int64_t elementBytes = 2;
  if (ports < 1 || traits.lanes < 1)
    return;
  if (traits.lanes % ports != 0)
    return require(false, "its " + Twine(ports) + " ports cannot share " +
                              Twine(traits.lanes) + " lanes evenly");
  const int64_t share = traits.lanes / ports;
  require(traits.rowBytes == elementBytes * share,
          "a row has " + Twine(share) + " lanes of " + Twine(elementBytes) +
              " bytes in each port, but the trait 'row bytes' is " +
              Twine(traits.rowBytes));
  for (int64_t lane = 0; lane < traits.lanes; ++lane) {
    const ElementPlace place = device.placeLane(device, lane);
    if (place.port == lane / share &&
        place.offset == elementBytes * (lane % share))
      continue;
    return require(false, "a row has lane " + Twine(lane) +
                              " at another place than the host puts it: each "
                              "port has neighbouring lanes");
  }
}

void Validator::checkAddress(const RegisterTable &table, const Register &reg) {
  const std::string what = table.getName().str() + "::" + reg.name + " ";
  const bool isKnown = device.hasMemory(reg.role);
  require(isKnown, what + "is the address of something that the device has no "
                          "object for");
  if (!isKnown)
    return;
  const Memory &memory = device.getMemory(reg.role);
  const uint64_t end = static_cast<uint64_t>(memory.capacity);
  const unsigned bits = 32 + (reg.high ? reg.high->bits : 0);
  require(bits >= 64 || end <= uint64_t(1) << bits,
          Twine(what) + "has " + Twine(bits) + " bits, but " + memory.name +
              " has " + Twine(end) + " bytes");
  if (!reg.high)
    return;
  const Register *high = table.lookup(llvm::StringRef(reg.high->reg));
  require(high && high->role == RegisterRole::HighAddress &&
              reg.high->shift + reg.high->bits <= 32,
          Twine(what) + "has its high bits in '" + reg.high->reg +
              "', which is no register for them");
}

void Validator::checkFields(const RegisterTable &table, const Register &reg) {
  unsigned end = 32;
  for (const BitField &field : reg.fields) {
    require(field.bits >= 1 && field.low < end && field.bits <= end - field.low,
            table.getName() + "::" + reg.name + " has the field '" +
                field.name + "' of " + Twine(field.bits) + " bits from bit " +
                Twine(field.low) + " on, but fields lie below bit " +
                Twine(end) + ", the highest first");
    end = std::min(end, field.low);
  }
}

/// One register, or more where opcodes name them.
void Validator::checkStatus(const RegisterTable &table) {
  const Register *first = table.lookup(RegisterRole::Status);
  const Register *opcode = table.lookup(RegisterRole::Opcode);
  llvm::StringSet<> named;
  for (const NamedValue &value :
       opcode ? llvm::ArrayRef(opcode->values) : llvm::ArrayRef<NamedValue>()) {
    if (value.status.empty())
      continue;
    const Register *status = table.lookup(llvm::StringRef(value.status));
    require(status && status->role == RegisterRole::Status,
            "the register table " + table.getName() + " ends " + value.name +
                " with '" + value.status + "', which is no status register");
    named.insert(value.status);
  }
  require(
      first && llvm::all_of(table.getRegisters(),
                            [&](const Register &reg) {
                              return reg.role != RegisterRole::Status ||
                                     &reg == first || named.contains(reg.name);
                            }),
      "the register table " + table.getName() + " needs one status register");
}

void Validator::checkTable(const RegisterTable &table) {
  const std::string what = "the register table " + table.getName().str() + " ";
  auto count = [&](RegisterRole role) {
    return llvm::count_if(table.getRegisters(), [&](const Register &reg) {
      return reg.role == role;
    });
  };
  require(count(RegisterRole::Opcode) == 1, what + "needs one opcode register");
  checkStatus(table);
  for (RegisterRole role :
       {RegisterRole::Tokens, RegisterRole::FirstChannel, RegisterRole::Past,
        RegisterRole::Keys, RegisterRole::Mask, RegisterRole::Selector,
        RegisterRole::OnChip})
    require(count(role) <= 1, Twine(what) +
                                  "has several registers with the role '" +
                                  stringify(role) + "'");
  llvm::StringSet<> names;
  for (const Register &reg : table.getRegisters()) {
    require(names.insert(reg.name).second,
            Twine(what) + "has two registers '" + reg.name + "'");
    if (isAddress(reg.role) || reg.role == RegisterRole::TransferIn ||
        reg.role == RegisterRole::TransferOut)
      checkAddress(table, reg);
    checkFields(table, reg);
    if (reg.role == RegisterRole::Opcode || reg.role == RegisterRole::Selector)
      require(!reg.values.empty(), what + "names no value of " + reg.name);
  }
}

/// No two tasks are started by the same values.
void Validator::checkKeys() {
  struct Start {
    const RegisterTable *table;
    const Register *opcode, *selector;
  };
  std::vector<Start> starts;
  auto overlap = [](const Register &a, const Register &b) {
    return llvm::any_of(a.values, [&](const NamedValue &x) {
      return llvm::any_of(
          b.values, [&](const NamedValue &y) { return x.value == y.value; });
    });
  };
  for (const auto &[kind, support] : device.getTasks()) {
    const RegisterTable &table = support.registers;
    const Start start = {&table, table.lookup(RegisterRole::Opcode),
                         table.lookup(RegisterRole::Selector)};
    if (!start.opcode)
      continue;
    for (const Start &other : starts)
      if (start.opcode->number == other.opcode->number &&
          overlap(*start.opcode, *other.opcode))
        require(start.selector && other.selector &&
                    start.selector->number == other.selector->number &&
                    !overlap(*start.selector, *other.selector),
                "the tasks " + other.table->getName() + " and " +
                    table.getName() +
                    " start with the same opcode, and no "
                    "selector tells them apart");
    starts.push_back(start);
  }
}

/// Each register that the task writes has one word, and no other has.
void Validator::checkInstruction(const TaskSupport &support, uint32_t opcode,
                                 const TaskInstruction &instruction,
                                 const InstructionBlocks &blocks) {
  const RegisterTable &table = support.registers;
  const std::string what = table.getName().str() + " with the opcode " +
                           std::to_string(opcode) + ", in a block, ";
  require(instruction.code >= 1 && instruction.code <= 255,
          Twine(what) + "has the code " + Twine(instruction.code) +
              ", which is no byte or none of a task");
  const auto bytes = static_cast<int64_t>(4 * instruction.words.size());
  require(bytes <= instruction.beats * blocks.beatBytes,
          Twine(what) + "has " + Twine(bytes) + " bytes of words, more than " +
              Twine(instruction.beats) + " beats");
  int64_t numWords = 0;
  for (const Register &reg : table.getRegisters()) {
    if (!isWritten(reg.role))
      continue;
    const bool isThere =
        reg.role != RegisterRole::Opcode || blocks.hasOpcodeWord;
    numWords += isThere;
    require(llvm::count(instruction.words, static_cast<int32_t>(reg.number)) ==
                isThere,
            what + "needs " + (isThere ? "one word" : "no word") + " for " +
                reg.name);
  }
  require(llvm::count_if(instruction.words,
                         [](int32_t reg) { return reg >= 0; }) == numWords,
          what + "has words for registers that the task does not write");
}

/// A code says which registers the words are for, and which opcode starts them.
void Validator::checkInstructions(const InstructionBlocks &blocks) {
  struct Known {
    const RegisterTable *table;
    uint32_t opcode;
    TaskInstruction instruction;
  };
  std::map<int64_t, Known> codes;
  for (const auto &[kind, support] : device.getTasks()) {
    const RegisterTable &table = support.registers;
    const Register *reg = table.lookup(RegisterRole::Opcode);
    if (!support.instruction || !reg)
      continue;
    for (const NamedValue &value : reg->values) {
      const std::optional<TaskInstruction> instruction =
          support.instruction(value.value, device);
      if (!instruction)
        continue;
      checkInstruction(support, value.value, *instruction, blocks);
      auto [it, isNew] = codes.try_emplace(
          instruction->code, Known{&table, value.value, *instruction});
      const Known &known = it->second;
      require(isNew || (known.table->getOpcode().number == reg->number &&
                        known.instruction.beats == instruction->beats &&
                        known.instruction.words == instruction->words &&
                        (known.opcode == value.value || blocks.hasOpcodeWord)),
              "nothing in a block tells " + table.getName() +
                  "::" + value.name + " from other tasks with the code " +
                  Twine(instruction->code));
    }
  }
  require(!codes.empty(), "it has blocks of instructions, but no task that can "
                          "stand in one");
}

void Validator::checkBlocks() {
  const std::optional<InstructionBlocks> blocks = device.getInstructionBlocks();
  if (!blocks)
    return require(llvm::none_of(device.getTasks(),
                                 [](const auto &task) {
                                   return task.second.instruction != nullptr;
                                 }),
                   "tasks say how they stand in a block of instructions, but "
                   "it has none");
  const RegisterTable &table = blocks->registers;
  const Register *opcode = table.lookup(RegisterRole::Opcode);
  for (RegisterRole role :
       {RegisterRole::BlockAddress, RegisterRole::BlockBeats,
        RegisterRole::BlockTasks, RegisterRole::Opcode, RegisterRole::Status})
    require(llvm::count_if(
                table.getRegisters(),
                [&](const Register &reg) { return reg.role == role; }) == 1,
            Twine("blocks of instructions need one register '") +
                stringify(role) + "'");
  require(!opcode || opcode->values.size() == 1,
          "one value of a register starts a block of instructions");
  const Memory *memory = device.getMemory(blocks->memory);
  require(memory, "blocks of instructions lie in '" + Twine(blocks->memory) +
                      "', which is no memory of the device");
  const bool hasSizes = blocks->beatBytes > 0 && blocks->beatBytes % 4 == 0 &&
                        blocks->headerBytes > 0 &&
                        blocks->headerBytes % blocks->beatBytes == 0;
  require(hasSizes, "the header of a block of instructions is no whole number "
                    "of beats, or these of no words");
  require(blocks->maxTasks >= 1 && blocks->maxTasks <= blocks->headerBytes,
          "a block of instructions has " + Twine(blocks->maxTasks) +
              " tasks, but its header is for 1 to " +
              Twine(blocks->headerBytes));
  if (!opcode || opcode->values.size() != 1 || !hasSizes)
    return;
  for (const auto &[kind, support] : device.getTasks()) {
    const Register *other = support.registers.lookup(RegisterRole::Opcode);
    require(!other || other->number != opcode->number ||
                llvm::none_of(other->values,
                              [&](const NamedValue &value) {
                                return value.value ==
                                       opcode->values.front().value;
                              }),
            "the task " + support.registers.getName() +
                " starts with the same opcode as a block of instructions");
  }
  checkInstructions(*blocks);
}

Error Validator::run() {
  checkBoards();
  checkMemories();
  checkTraits();
  checkOnChip();
  for (const auto &[kind, support] : device.getTasks())
    checkTable(support.registers);
  checkKeys();
  checkBlocks();
  require(!device.encodeWeightCopy || (device.getTask(TaskKind::WeightCopy) &&
                                       device.getObject(ObjectKind::Weight) &&
                                       device.weightCopyBytes > 0),
          "it copies weights, but has no task, no weights or no bytes for it");
  if (std::optional<std::string> problem = checkConventions(device))
    problems.push_back(*problem);
  if (problems.empty())
    return Error::success();
  return llvm::createStringError(
      "the record of " + Twine(device.getName()) +
      " is not complete: " + llvm::join(problems, "; "));
}

Error dlavm::validate(const DeviceInfo &device) {
  return Validator(device).run();
}
