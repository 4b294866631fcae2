//===- Sanitizer.h - Where what a driver reads comes from ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_SIMULATOR_SANITIZER_H
#define DLAVM_LIB_SIMULATOR_SANITIZER_H

#include "DLAVM/Check/Plan.h"
#include "DLAVM/Device/TaskExecution.h"
#include "SparseMemory.h"

#include "llvm/ADT/DenseMap.h"

#include <atomic>
#include <deque>
#include <mutex>

namespace dlavm {

/// What the sanitizer keeps of an element of a KV cache: the run that appended
/// it and its position, modulo 2^20 and 2^12.
class CacheStamp {
public:
  static uint32_t make(unsigned run, int64_t position) {
    return run << positionBits |
           (static_cast<uint32_t>(position) & ((1u << positionBits) - 1));
  }
  static unsigned getRun(uint32_t stamp) { return stamp >> positionBits; }
  static int64_t getPosition(uint32_t stamp) {
    return stamp & ((1u << positionBits) - 1);
  }

private:
  static constexpr unsigned positionBits = 12;
};

/// Follows every element, two bytes, from its write to its reads. What a task
/// reads must have been written, a map by one op of this call or by the host
/// since the last call, a parameter by the host; and elements of a KV cache
/// must hold the positions that the calls have made.
class Sanitizer {
public:
  /// All must outlive the sanitizer.
  Sanitizer(const DeviceInfo &device, const Plan &plan, FindingLog &log);

  /// The bytes of a port that have one last writer, a row of a map or a part of
  /// it; threads must not share them.
  int64_t getPixelBytes() const { return pixelBytes; }

  /// False if the system refuses the address space that all this needs.
  bool hasMemory() const;

  /// The tokens of KV caches, those of the current run included; INT64_MAX
  /// between runs.
  int64_t getCachedTokens() const {
    return isRunning ? static_cast<int64_t>(history.size()) : INT64_MAX;
  }

  void beginRun(int64_t seq, int64_t past);
  void endRun() { isRunning = false; }

  void beginStart(const DecodedTask &task, const RegisterValues &values,
                  Mark mark, unsigned start);
  /// An access of the task, in any thread.
  void watch(const Register &reg, const TaskAccess &access);
  void endStart();

  /// DMA to and from bytes of one port.
  void dmaWrite(const Memory &memory, int64_t port, ByteRange bytes);
  void dmaRead(const Memory &memory, int64_t port, ByteRange bytes);

  /// The first of these bytes of port 0 that nobody has written.
  std::optional<int64_t> findUnwritten(const Memory &memory,
                                       ByteRange bytes) const;

private:
  enum class WriterKind : uint8_t { Nobody, Task, Host, HostParameter };
  /// Who wrote something: an op in one run, or the host between two.
  struct Writer {
    WriterKind kind;
    Mark mark;
    /// Runs that had begun.
    unsigned run;
  };

  /// The last writer of a pixel's worth of bytes, and which of its elements
  /// anybody has written.
  struct PixelState {
    uint32_t writer;
    uint32_t written;
  };
  static constexpr int64_t elementBytes = 2;
  /// PixelState has a bit for each element.
  static constexpr int64_t maxPixelBytes = 32 * elementBytes;

  struct MemoryState {
    SparseArray<PixelState> pixels;
    /// A CacheStamp for each element; 0 where nothing was appended.
    SparseArray<uint32_t> stamps;
    /// On the chip, the writer of each pixel that nobody has read since; 0
    /// where there is none.
    SparseArray<uint32_t> unread;
  };

  /// A kind of event during a start, of which only the number and the one that
  /// is first in some order are kept, so that threads do not matter.
  struct Events {
    int64_t first = INT64_MAX;
    int64_t count = 0;
    /// Of the first.
    int64_t place = 0;
    uint32_t stamp = 0;
    void add(int64_t order, int64_t where, uint32_t what = 0);
  };
  /// Places of a memory are port * capacity + address.
  struct Seen {
    uint32_t writer;
    int64_t first;
  };
  /// What a start does through one register.
  struct Operand {
    /// Null if the start does not use the register.
    std::atomic<const Memory *> memory = nullptr;
    /// The writer that all reads find, as a rule; UINT32_MAX before the first.
    std::atomic<uint32_t> writer = UINT32_MAX;
    std::atomic<int64_t> first = INT64_MAX;
    // Guarded by the mutex: what is not as a rule.
    llvm::SmallVector<Seen, 2> others;
    Events unwritten, overwritten, lost;
    /// The KV cache that the start writes as a map.
    std::optional<int64_t> cacheBegin;
    // Positions of KV caches.
    Events missing, forgotten, misplaced, beyond, outOfCall;
  };

  /// Before the first run: reports parameters of the plan that nobody has
  /// loaded, and caches that nobody has cleared for a device that reads what no
  /// token has written; or only in part.
  void checkLoaded();
  /// Reports the first of these bytes of all ports that nobody has written.
  void checkWritten(const std::string &name, unsigned index, ByteRange bytes,
                    const llvm::Twine &what);
  bool holdsCaches(const Memory &memory) const;
  unsigned getIndex(const Memory &memory) const;
  const MemoryState &getState(const Memory &memory) const;
  uint32_t addWriter(WriterKind kind, Mark mark);
  uint32_t getTaskWriter(Mark mark);
  uint32_t getHostWriter(WriterKind kind);
  std::string describe(const Writer &writer) const;
  /// "an earlier call (19 tokens after 0)"
  std::string describeCall(unsigned which) const;
  /// "byte 64 of port 3"
  std::string describePlace(const Operand &operand, int64_t place) const;

  void watchRead(Operand &operand, TaskAccess access);
  void watchWrite(Operand &operand, const TaskAccess &access);
  /// On the chip, what is left for a task must be taken.
  void followUnread(Operand &operand, const TaskAccess &access);
  void noteWriter(Operand &operand, uint32_t writer, int64_t place);
  void checkPositions(Operand &operand, const TaskAccess &access);
  void stampPositions(Operand &operand, const TaskAccess &access);

  // After the start, in one thread.
  void report(const Register &reg, const Operand &operand);
  void reportMap(const Register &reg, const Operand &operand,
                 llvm::ArrayRef<Seen> seen);
  void reportParameter(const Register &reg, const Operand &operand,
                       llvm::ArrayRef<Seen> seen);
  void reportCache(const Register &reg, const Operand &operand,
                   llvm::ArrayRef<Seen> seen);
  void report(const Register &reg, const Operand &operand, int64_t place,
              const llvm::Twine &message);

  int64_t getPixel(int64_t place) const { return place >> pixelShift; }
  /// The bits of the elements of a pixel that \p bytes have a part of, or with
  /// \p isWhole have all of.
  uint32_t getElements(ByteRange bytes, int64_t pixel, bool isWhole) const;

  const DeviceInfo &device;
  const Traits traits;
  const Plan &plan;
  FindingLog &log;
  const unsigned pixelShift;
  const int64_t pixelBytes;
  std::vector<MemoryState> memories;

  std::vector<Writer> writers;
  /// Of the current run.
  llvm::DenseMap<std::pair<int32_t, unsigned>, uint32_t> taskWriters;
  std::array<uint32_t, 2> hostWriters = {};

  unsigned run = 0;
  bool isRunning = false;
  int64_t seq = 0, past = 0;
  /// seq and past of all runs.
  std::vector<std::pair<int64_t, int64_t>> calls;
  /// The run that made each position of the KV caches; 0 if none has.
  std::vector<unsigned> history;

  // Of the current start.
  const DecodedTask *task = nullptr;
  Mark mark;
  unsigned start = 0;
  uint32_t startWriter = 0;
  std::deque<Operand> operands;
  std::mutex mutex;
};

} // namespace dlavm

#endif // DLAVM_LIB_SIMULATOR_SANITIZER_H
