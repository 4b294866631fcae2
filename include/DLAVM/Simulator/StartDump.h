//===- StartDump.h - Memory images of starts ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SIMULATOR_STARTDUMP_H
#define DLAVM_SIMULATOR_STARTDUMP_H

#include "DLAVM/Check/Plan.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Simulator/Simulator.h"
#include "DLAVM/Support/OutputDirectory.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace dlavm {

/// The file that lists the others.
inline constexpr llvm::StringLiteral kDumpIndexFile = "index.json";

/// Which starts are dumped: those for which all holds that is given.
struct DumpSelection {
  std::optional<std::string> task;
  /// -1 for the tasks of no layer.
  std::optional<int64_t> layer;
  /// Counted from 0.
  std::optional<int64_t> call;

  bool includes(int64_t taskLayer, llvm::StringRef name) const {
    return (!task || *task == name) && (!layer || *layer == taskLayer);
  }
};

/// Watches a simulator and writes what a testbench needs to replay single
/// starts: the registers, what lay in memory before, and what the start left
/// there. docs/Driver.md, "Memory images", describes the files.
class StartDump : public InterposedSink<> {
public:
  /// Simulator and device must outlive the dump; the simulator gets no events
  /// after it. The plan names what lies in memory.
  static llvm::Expected<std::unique_ptr<StartDump>>
  create(OutputDirectory output, DumpSelection selection,
         const DeviceInfo &device, std::vector<PlanRegion> plan,
         Simulator &simulator);
  ~StartDump() override;

  /// The next call of the driver begins.
  void beginCall(int64_t seq, int64_t past);
  /// Fails if something could not be written since the call began.
  llvm::Error endCall();
  /// Lets the files appear; there must be a start. Without it nothing has
  /// changed.
  llvm::Error commit();

  /// Calls that have begun.
  int64_t getCalls() const { return call + 1; }
  /// Starts that were dumped.
  int64_t getCount() const { return count; }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;

private:
  StartDump(OutputDirectory output, DumpSelection selection,
            const DeviceInfo &device, Plan plan, Simulator &simulator,
            std::unique_ptr<llvm::raw_fd_ostream> indexFile);

  using Writes = std::vector<std::pair<uint32_t, uint32_t>>;
  /// Hands the write on that starts the task.
  void dump(const DecodedTask &task, uint32_t reg, uint32_t value);
  void writeImages(const RegisterValues &values, llvm::ArrayRef<Extent> extents,
                   llvm::StringRef when);
  void writeImage(const Extent &extent, const Memory &memory, int64_t port,
                  llvm::StringRef when);
  /// Writes the registers of the start that was dumped last; \p status is the
  /// poll that ended it.
  void finishStart(std::optional<std::pair<uint32_t, uint32_t>> status);
  void closeIndex();
  /// Keeps the first error.
  void check(llvm::Error error);

  OutputDirectory output;
  const DumpSelection selection;
  const DeviceInfo &device;
  const Plan plan;
  const Simulator &simulator;
  StartDecoder decoder;

  std::unique_ptr<llvm::raw_fd_ostream> indexFile;
  std::optional<llvm::json::OStream> index;
  std::string error;

  int64_t call = -1, seq = 0, past = 0;
  /// Of the call so far.
  int64_t starts = 0;
  int64_t count = 0;
  int32_t layer = -1;
  std::string name;
  /// Since the last start.
  Writes writes;
  /// Of the start whose registers are still to be written: its directory,
  /// empty if there is none, and its writes.
  std::string directory;
  Writes startWrites;
};

} // namespace dlavm

#endif // DLAVM_SIMULATOR_STARTDUMP_H
