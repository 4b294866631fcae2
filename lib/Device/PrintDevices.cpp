//===- PrintDevices.cpp - What dlavm devices prints -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace dlavm;

/// "0x400": addresses are read in this form, sizes in decimal.
static std::string hex(int64_t value) {
  return "0x" + llvm::utohexstr(value, /*LowerCase=*/true);
}

/// The meaning of a register, and of its bits and values.
static std::string describe(const Register &reg) {
  std::string text = reg.meaning;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator separator("; ");
  if (!reg.values.empty() || !reg.fields.empty())
    os << ": ";
  for (const BitField &field : reg.fields)
    os << separator << "bits " << field.low + field.bits - 1 << ".."
       << field.low << " " << field.name;
  for (const NamedValue &value : reg.values)
    os << separator << value.value << " = " << value.name;
  return text;
}

//===----------------------------------------------------------------------===//
// One device
//===----------------------------------------------------------------------===//

static void printBoard(const Board &board, llvm::raw_ostream &os) {
  os << board.name << ": " << board.description << "\n"
     << "    host: " << board.hostInterface << "\n";
  if (board.registerWindow)
    os << "    register r: at " << hex(*board.registerWindow)
       << " + 4 * r of the control window\n";
  for (const Memory &memory : board.memories) {
    if (memory.isOnChip) {
      os << "    " << memory.name << ": " << memory.capacity
         << " bytes on the chip for maps of one token, at multiples of "
         << memory.alignment << "\n";
      continue;
    }
    os << "    " << memory.name << ": " << memory.ports
       << (memory.ports == 1 ? " port of " : " ports of ") << memory.capacity
       << " bytes, buffers at multiples of " << memory.alignment << "; host at "
       << hex(memory.dmaBase);
    if (memory.ports > 1)
      os << ", ports " << hex(memory.portStride) << " apart";
    os << (memory.isOpen ? " (--dma-base, --port-stride)" : "") << "\n";
  }
}

static void printBlocks(const DeviceInfo &device,
                        const InstructionBlocks &blocks,
                        llvm::raw_ostream &os) {
  os << "  blocks of instructions in " << blocks.memory << ": "
     << blocks.maxTasks << " tasks at most, beats of " << blocks.beatBytes
     << " bytes, header " << blocks.headerBytes << " bytes"
     << (blocks.countsHeader ? ", counted" : ", not counted") << "; opcodes "
     << (blocks.hasOpcodeWord ? "among the words" : "not among the words")
     << "; rewritten "
     << (blocks.rewritesWhileRunning ? "while they run" : "between runs")
     << "\n";
  for (const auto &[kind, support] : device.getTasks())
    for (const NamedValue &value : support.registers.getOpcode().values) {
      const std::optional<TaskInstruction> instruction =
          support.instruction ? support.instruction(value.value, device)
                              : std::nullopt;
      os << "    " << support.registers.getName() << " " << value.value << ": ";
      if (instruction)
        os << "code " << hex(instruction->code) << ", " << instruction->beats
           << (instruction->beats == 1 ? " beat\n" : " beats\n");
      else
        os << "in no block\n";
    }
}

static void printRates(const Rates &rates, llvm::raw_ostream &os) {
  os << llvm::format("  rates: %g MHz", rates.clock / 1e6);
  for (const Rates::MemoryRate &rate : rates.memories)
    os << ", " << rate.memory
       << llvm::format(" %g bits a cycle", rate.bitsPerCycle);
  os << llvm::format(", weights at %.1f %% of it\n",
                     100 * rates.weightEfficiency)
     << llvm::format("    %g multiplications and additions of INT4 weights a "
                     "cycle\n",
                     rates.operationsPerCycle)
     << "    " << rates.source << "\n";
}

void dlavm::printDevice(const DeviceInfo &device, llvm::raw_ostream &os) {
  os << device.getName() << "\n";
  for (const Parameter &parameter : device.getParameters())
    os << llvm::format("  %-24s %10lld  ", parameter.name.c_str(),
                       static_cast<long long>(parameter.value))
       << parameter.meaning << "\n";
  os << llvm::format("  %-24s %10g  ", "Norm_Epsilon",
                     device.getTraits().normEpsilon)
     << "what norms add to the mean square\n";
  if (std::optional<Rates> rates = device.getRates())
    printRates(*rates, os);
  if (std::optional<InstructionBlocks> blocks = device.getInstructionBlocks())
    printBlocks(device, *blocks, os);
  // A device that was put on a board is on no other.
  const bool isDefault = &device.getBoard() == device.getBoards().data();
  for (const Board &board :
       isDefault ? device.getBoards() : llvm::ArrayRef(device.getBoard()))
    printBoard(board, os << "  board ");
}

static void printTable(const RegisterTable &table, llvm::raw_ostream &os) {
  os << "\n## " << table.getName() << ": " << table.getTitle() << "\n\n"
     << "| register | name | role | unit | meaning |\n"
     << "|---|---|---|---|---|\n";
  for (const Register &reg : table.getRegisters())
    os << "| " << reg.number << " | " << reg.name << " | "
       << stringify(reg.role) << " | " << reg.unit << " | " << describe(reg)
       << " |\n";
}

void dlavm::printRegisterPage(const DeviceInfo &device, llvm::raw_ostream &os) {
  os << "# Registers of " << device.getName() << "\n\n"
     << "Generated from the register tables that encoders and checker use. A "
        "task's\nregisters are written in this order; the opcode starts it.\n";
  for (const auto &[kind, support] : device.getTasks())
    printTable(support.registers, os);
  if (std::optional<InstructionBlocks> blocks = device.getInstructionBlocks())
    printTable(blocks->registers, os);
}

//===----------------------------------------------------------------------===//
// What differs
//===----------------------------------------------------------------------===//

/// What is written into a register, or read from it.
static std::string describe(const Register *reg) {
  if (!reg)
    return "no register";
  std::string text = reg->name + ", " + stringify(reg->role).str();
  if (!reg->unit.empty())
    text += ", " + reg->unit;
  text += ": " + describe(*reg);
  if (reg->high)
    text += "; high bits in " + reg->high->reg;
  return text;
}

static void printDifferences(const RegisterTable &table,
                             const RegisterTable &origin,
                             llvm::raw_ostream &os) {
  std::set<uint32_t> numbers;
  for (const RegisterTable *each : {&table, &origin})
    for (const Register &reg : each->getRegisters())
      numbers.insert(reg.number);
  for (uint32_t number : numbers) {
    const std::string now = describe(table.lookup(number));
    const std::string was = describe(origin.lookup(number));
    if (now != was)
      os << "  " << table.getName() << " " << number << ": " << now
         << "\n    was " << was << "\n";
  }
}

void dlavm::printDifferences(const DeviceInfo &device, const DeviceInfo &origin,
                             llvm::raw_ostream &os) {
  auto find = [](const DeviceInfo &in, llvm::StringRef name) {
    return llvm::find_if(in.getParameters(),
                         [&](const Parameter &p) { return p.name == name; });
  };
  for (const Parameter &parameter : device.getParameters()) {
    const auto *was = find(origin, parameter.name);
    if (was == origin.getParameters().end())
      os << "  " << parameter.name << " " << parameter.value << ", new\n";
    else if (was->value != parameter.value)
      os << "  " << parameter.name << " " << parameter.value << ", was "
         << was->value << "\n";
  }
  for (const Memory &memory : device.getMemories())
    if (!origin.getMemory(memory.name))
      os << "  new memory " << memory.name << "\n";
  for (const Memory &memory : origin.getMemories())
    if (!device.getMemory(memory.name))
      os << "  no memory " << memory.name << "\n";
  for (const auto &[kind, support] : device.getTasks())
    if (const TaskSupport *was = origin.getTask(kind))
      ::printDifferences(support.registers, was->registers, os);
    else
      os << "  new task " << support.registers.getName() << "\n";
  for (const auto &[kind, support] : origin.getTasks())
    if (!device.getTask(kind))
      os << "  no task " << support.registers.getName() << "\n";
}

void dlavm::printDevices(const DeviceRegistry &registry,
                         llvm::raw_ostream &os) {
  for (const auto &[name, device] : registry.getDevices()) {
    os << name << "\n  boards: ";
    llvm::interleaveComma(device.getBoards(), os,
                          [&](const Board &board) { os << board.name; });
    os << "\n";
    const DeviceInfo *origin = registry.lookup(device.getOrigin());
    if (!origin)
      continue;
    std::string differences;
    llvm::raw_string_ostream stream(differences);
    printDifferences(device, *origin, stream);
    os << (differences.empty() ? "  equal to " : "  differs from ")
       << origin->getName() << "\n"
       << differences;
  }
}
