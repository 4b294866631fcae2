//===- TaskExecution.h - What a simulated task sees -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TaskSupport::execute computes what the hardware computes in one start. It
// sees register values and memories, and nothing of the model: whatever the
// registers say is done, so that a wrong register gives a wrong result.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_TASKEXECUTION_H
#define DLAVM_DEVICE_TASKEXECUTION_H

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/Twine.h"

#include <cstring>
#include <optional>
#include <type_traits>

namespace dlavm {

/// The tokens that the 2-byte elements of an access to a KV cache belong to:
/// all to the first, or each to the next one.
struct CachePositions {
  int64_t first = -1;
  bool advances = false;
};

/// Bytes of one port that a task reads or writes at once.
struct TaskAccess {
  const Memory *memory;
  int64_t port;
  int64_t address;
  int64_t bytes;
  CachePositions positions;
  bool isWrite;
  /// False for a write of what follows from KV cache elements of no token.
  bool isDefined = true;
};

/// One start of a task. The simulator implements it.
class TaskExecution {
public:
  TaskExecution(const RegisterValues &values, const DeviceInfo &device,
                bool isWatched)
      : values(values), device(device), isWatched(isWatched) {}
  virtual ~TaskExecution() = default;

  int64_t operator[](llvm::StringRef reg) const { return values[reg]; }
  bool has(llvm::StringRef reg) const { return values.has(reg); }
  int64_t getAddress(llvm::StringRef reg) const {
    return values.getAddress(values.getTable().get(reg));
  }
  /// Whether the table of this version has the register.
  bool takes(llvm::StringRef reg) const {
    return values.getTable().lookup(reg) != nullptr;
  }
  const DeviceInfo &getDevice() const { return device; }

  /// The starts of the device before this one.
  virtual int64_t getIndex() const = 0;

  /// The tokens that the KV caches have, those of this call included, or
  /// INT64_MAX where nobody follows the calls. What lies behind them is
  /// undefined.
  virtual int64_t getCachedTokens() const = 0;

  /// Reports that the hardware cannot do what this register says: "is 0, but
  /// ..." follows the name of the register. The task should then return.
  virtual void fail(llvm::StringRef reg, const llvm::Twine &message) = 0;

  /// Sets a Result register.
  virtual void setResult(llvm::StringRef reg, uint32_t value) = 0;

  /// What the device keeps on the chip of the operand of an address register,
  /// as the last start left it, whatever the task makes of it; empty at first.
  virtual std::vector<uint8_t> &getBuffer(llvm::StringRef reg) = 0;

  /// Calls \p body with 0 .. count - 1, on several threads in any order unless
  /// the task is serial.
  virtual void parallelFor(int64_t count,
                           llvm::function_ref<void(int64_t)> body) = 0;
  /// Says that parts of the task touch the same bytes, so that their order
  /// matters.
  void setSerial() { isSerial = true; }

protected:
  /// The bytes of a memory, port after port, or null if there are none.
  virtual uint8_t *getBytes(const Memory &memory) = 0;
  /// An access outside the memory, which does not take place.
  virtual void leaveMemory(const Register &reg, const TaskAccess &access) = 0;
  /// A write of FP16 codes of which one is infinity or NaN.
  virtual void exceedRange(const Register &reg, const TaskAccess &access) = 0;
  /// Sees all others if the execution is watched. Threads call all three.
  virtual void watch(const Register &reg, const TaskAccess &access) = 0;

  const RegisterValues values;
  const DeviceInfo &device;
  const bool isWatched;
  bool isSerial = false;

  friend class TaskOperand;
};

/// The memory that a task reaches through one of its address registers.
class TaskOperand {
public:
  /// \p bankStep is the log2 of the distance between ports that the task's
  /// registers give, at most 32; none where the hardware knows its ports.
  TaskOperand(TaskExecution &execution, llvm::StringRef identifier,
              std::optional<int64_t> bankStep = std::nullopt)
      : execution(execution), reg(execution.values.getTable().get(identifier)),
        address(execution.values.getAddress(reg)),
        memory(execution.device.getMemory(execution.values, reg)),
        bytes(execution.getBytes(memory)),
        portStride(bankStep ? int64_t(1) << *bankStep : memory.portStride) {}

  /// The address, with the high bits that another register may have.
  int64_t getAddress() const { return address; }

  /// Copies \p count elements from byte \p from of a port; zeros where there is
  /// no memory.
  template <typename T>
  void read(int64_t port, int64_t from, T *to, int64_t count,
            CachePositions positions = {}) const {
    const TaskAccess access = {&memory,   port,
                               from,      count * int64_t(sizeof(T)),
                               positions, /*isWrite=*/false};
    if (const uint8_t *place = locate(access))
      std::memcpy(to, place, access.bytes);
    else
      std::memset(to, 0, access.bytes);
  }
  /// Copies elements to byte \p to of a port. Elements that are not defined
  /// count as never written.
  template <typename T>
  void write(int64_t port, int64_t to, const T *from, int64_t count,
             CachePositions positions = {}, bool isDefined = true) const {
    const TaskAccess access = {
        &memory,          port,     to, count * int64_t(sizeof(T)), positions,
        /*isWrite=*/true, isDefined};
    uint8_t *place = locate(access);
    if (!place)
      return;
    std::memcpy(place, from, access.bytes);
    if constexpr (std::is_same_v<T, uint16_t>)
      if (isDefined && !areFinite(from, count))
        execution.exceedRange(reg, access);
  }

private:
  /// Whether FP16 codes are numbers.
  static bool areFinite(const uint16_t *codes, int64_t count) {
    bool result = true;
    for (int64_t i = 0; i < count; ++i)
      result &= (codes[i] & 0x7c00) != 0x7c00;
    return result;
  }
  /// The bytes of an access, which others are told of; null outside.
  uint8_t *locate(TaskAccess access) const {
    if (access.address >= 0 && access.bytes <= memory.capacity &&
        access.address <= memory.capacity - access.bytes) {
      // A wrong bank step reaches some other place.
      if (access.port != 0) {
        const int64_t place = access.port * portStride + access.address;
        access.port = place / memory.portStride;
        access.address = place % memory.portStride;
      }
      if (access.port < memory.ports &&
          access.address <= memory.capacity - access.bytes && bytes) {
        if (execution.isWatched)
          execution.watch(reg, access);
        return bytes + access.port * memory.capacity + access.address;
      }
    }
    execution.leaveMemory(reg, access);
    return nullptr;
  }

  TaskExecution &execution;
  const Register &reg;
  int64_t address;
  const Memory &memory;
  uint8_t *bytes;
  int64_t portStride;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_TASKEXECUTION_H
