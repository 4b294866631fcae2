//===- TranslateToReport.cpp - report.txt from csb ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Target/TranslateToPlan.h"
#include "Steps.h"

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Run/Program.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <map>
#include <set>

using namespace mlir;
using namespace dlavm;

static double toMiB(uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

namespace {

/// Counts the starts of each task, too, outside the layers or in the first.
class StartCounts : public CountingSink {
public:
  void task(int32_t layer, StringRef name) override {
    if (layer <= 0)
      ++starts[name];
  }
  llvm::StringMap<int64_t> starts;
};

class Report {
public:
  Report(ModuleOp module, SmallVector<csb::TaskOp> steps, raw_ostream &os)
      : module(module), os(os), steps(std::move(steps)),
        buffers(module.getOps<csb::BufferOp>()) {
    module.walk([&](csb::LoadParametersOp op) {
      if (std::optional<StringRef> name = op.getScratch())
        scratch.insert(*name);
    });
  }

  LogicalResult print();

private:
  LogicalResult printCalls(int64_t maxTokens);
  void printLimits(int64_t maxTokens);
  void printEmptyHeads();
  void printArenas();
  void printBuffers();
  void printPicture();
  void printPeak();
  /// True for what load_parameters needs, and no task of a run.
  bool isScratch(csb::BufferOp buffer) const {
    return scratch.contains(buffer.getSymName());
  }
  std::string getStepName(int64_t step) {
    return step < static_cast<int64_t>(steps.size())
               ? steps[step].getName().str()
               : "end";
  }
  /// Calls \p visit for each step in order, and before it \p change for each
  /// map that is live at this step and was not at the one before, or the other
  /// way around; of the maps that lie at one address only for the first.
  void forEachStep(llvm::function_ref<void(unsigned, bool isLive)> change,
                   llvm::function_ref<void(int64_t)> visit);

  ModuleOp module;
  raw_ostream &os;
  /// Null where nobody knows the device of the module.
  const DeviceInfo *device = nullptr;
  SmallVector<csb::TaskOp> steps;
  SmallVector<csb::BufferOp> buffers;
  llvm::StringSet<> scratch;
  /// The buffers that tasks use, but for those on the chip.
  SmallVector<csb::BufferOp> maps;
  /// Starts of one layer in a call of the most tokens.
  llvm::StringMap<int64_t> starts;
  /// Of each map, in bytes.
  SmallVector<int64_t> sizes;
};

} // namespace

LogicalResult Report::printCalls(int64_t maxTokens) {
  FailureOr<Program> program = Program::create(module);
  if (failed(program))
    return failure();
  os << "Register program\n\n"
     << "  tokens    past        starts        writes         polls\n";
  std::vector<std::pair<int64_t, int64_t>> calls = {{1, 0}};
  for (int64_t seq : {19, 128, 1024})
    if (seq < maxTokens)
      calls.push_back({seq, 0});
  if (maxTokens > 1)
    calls.insert(calls.end(), {{maxTokens, 0}, {1, maxTokens - 1}});
  for (auto [seq, past] : calls) {
    StartCounts counts;
    if (failed(program->run(seq, past, counts, /*someLayers=*/true)))
      return emitError(program->getPlace(), "cannot run ")
             << seq << " tokens after " << past << ": "
             << program->getMessage();
    os << llvm::format("%8lld%8lld%14lld%14lld%14lld\n",
                       static_cast<long long>(seq),
                       static_cast<long long>(past),
                       static_cast<long long>(program->getPolls()),
                       static_cast<long long>(program->getWrites()),
                       static_cast<long long>(program->getPolls()));
    if (seq == maxTokens)
      starts = std::move(counts.starts);
  }
  return success();
}

/// The loops over the starts of a task that the chip cannot do in one.
void Report::printLimits(int64_t maxTokens) {
  bool isFirst = true;
  // Loops in either order have the same limits.
  std::set<std::pair<StringRef, StringRef>> printed;
  module.walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
    auto limit =
        loop->getAttrOfType<StringAttr>(csb::CSBDialect::getLimitAttrName());
    if (!limit)
      return;
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    auto print = [&](csb::TaskOp task) {
      if (!printed.insert({task.getName(), limit.getValue()}).second)
        return;
      if (std::exchange(isFirst, false))
        os << "\nSlices (starts in a layer, for " << maxTokens << " tokens)\n\n"
           << "  task                    starts    step  limited by\n";
      os << llvm::format("  %-20s%10lld%8s  ", task.getName().str().c_str(),
                         static_cast<long long>(starts.lookup(task.getName())),
                         step ? std::to_string(*step).c_str() : "varies")
         << limit.getValue() << "\n";
    };
    loop.walk(print);
    // Loops in either order call one function.
    loop.walk([&](func::CallOp call) {
      if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee()))
        callee.walk(print);
    });
  });
}

/// What the empty heads of llm-pad-groups cost. Weights are most of the work:
/// each is read and multiplied for every token.
void Report::printEmptyHeads() {
  bool isFirst = true;
  double weights = 0, emptyWeights = 0;
  module.walk([&](csb::ParameterOp parameter) {
    const ParameterInfo info = csb::getParameterInfo(parameter);
    if (parameter.getType().getElementType().isInteger(4)) {
      double all = static_cast<double>(std::max<int64_t>(info.layers, 1)), own;
      for (int64_t size : info.shape)
        all *= static_cast<double>(size);
      own = all;
      for (const std::optional<HeadLayout> &heads :
           {info.rowHeads, info.columnHeads})
        if (heads && heads->emptyHeads > 0)
          own *= static_cast<double>(heads->heads) /
                 static_cast<double>(heads->groups * heads->getSlots());
      weights += own;
      emptyWeights += all - own;
    }
    for (llm::HeadsAttr heads :
         {parameter.getRowHeadsAttr(), parameter.getColumnHeadsAttr()}) {
      const HeadLayout layout = heads ? heads.getLayout() : HeadLayout();
      if (layout.emptyHeads == 0)
        continue;
      if (std::exchange(isFirst, false))
        os << "\nEmpty heads (the queries of each KV head fill whole rows)\n\n"
           << "  parameter                heads  with empty ones\n";
      const int64_t slots = layout.groups * layout.getSlots();
      os << llvm::format(
          "  %-20s%10lld%17lld  (%.2f times the size)\n",
          parameter.getSymName().str().c_str(),
          static_cast<long long>(layout.heads), static_cast<long long>(slots),
          static_cast<double>(slots) / static_cast<double>(layout.heads));
    }
  });
  if (!isFirst)
    os << llvm::format("  with them, %.2f times the weights are read and "
                       "multiplied for a token\n",
                       (weights + emptyWeights) / weights);
}

void Report::forEachStep(llvm::function_ref<void(unsigned, bool)> change,
                         llvm::function_ref<void(int64_t)> visit) {
  const auto end = static_cast<int64_t>(steps.size());
  // The maps whose intervals begin at a step, or ended before it.
  std::vector<SmallVector<unsigned, 2>> begins(end + 1), ends(end + 1);
  for (auto [i, map] : llvm::enumerate(maps)) {
    ArrayRef<int64_t> live = map.getLive();
    for (size_t k = 0; k + 1 < live.size(); k += 2) {
      const int64_t first = std::clamp<int64_t>(live[k], 0, end);
      const int64_t last = std::clamp<int64_t>(live[k + 1], -1, end - 1);
      if (first > last)
        continue;
      begins[first].push_back(i);
      ends[last + 1].push_back(i);
    }
  }
  std::map<int64_t, std::multiset<unsigned>> places;
  for (int64_t step = 0; step < end; ++step) {
    auto update = [&](unsigned map, bool begins) {
      std::multiset<unsigned> &place = places[maps[map].getAddress()];
      auto getFirst = [&]() -> std::optional<unsigned> {
        return place.empty() ? std::nullopt : std::optional(*place.begin());
      };
      const std::optional<unsigned> before = getFirst();
      if (begins)
        place.insert(map);
      else
        place.erase(place.find(map));
      const std::optional<unsigned> after = getFirst();
      if (before == after)
        return;
      if (before)
        change(*before, /*isLive=*/false);
      if (after)
        change(*after, /*isLive=*/true);
    };
    for (unsigned map : ends[step])
      update(map, /*begins=*/false);
    for (unsigned map : begins[step])
      update(map, /*begins=*/true);
    visit(step);
  }
}

void Report::printArenas() {
  struct Arena {
    std::string memory;
    int64_t begin = std::numeric_limits<int64_t>::max();
    int64_t end = 0;
    void add(int64_t first, int64_t last) {
      begin = std::min(begin, first);
      end = std::max(end, last);
    }
  };
  std::map<std::string, Arena> arenas;
  auto getArena = [&](StringRef memory, StringRef content) -> Arena & {
    Arena &arena = arenas[(memory + ", " + content).str()];
    arena.memory = memory.str();
    return arena;
  };
  for (auto object : module.getOps<csb::ObjectOp>()) {
    const bool isCache = !object.getFile();
    getArena(object.getSpace(), isCache ? "KV caches" : "parameters")
        .add(object.getAddress(), object.getEnd());
  }
  for (csb::BufferOp buffer : buffers)
    getArena(buffer.getSpace(), "feature maps")
        .add(buffer.getAddress(), buffer.getEnd());
  std::string ports;
  ArrayRef<Memory> memories;
  if (device)
    memories = device->getMemories();
  for (const Memory &memory : memories) {
    if (memory.ports > 1)
      ports += " (" + memory.name + ": in each of its " +
               std::to_string(memory.ports) + " ports)";
    // What lies behind all else.
    int64_t end = 0;
    for (auto &[name, arena] : arenas)
      if (arena.memory == memory.name)
        end = std::max(end, arena.end);
    if (end < memory.capacity)
      getArena(memory.name, "unused").add(end, memory.capacity);
  }
  os << "\nArenas" << ports << "\n\n"
     << "  arena                       from            to         bytes"
        "       MiB  of memory\n";
  for (auto &[name, arena] : arenas) {
    const int64_t bytes = arena.end - arena.begin;
    os << llvm::format("  %-18s%14lld%14lld%14lld%10.1f", name.c_str(),
                       static_cast<long long>(arena.begin),
                       static_cast<long long>(arena.end),
                       static_cast<long long>(bytes), toMiB(bytes));
    const auto *memory = llvm::find_if(memories, [&](const Memory &memory) {
      return memory.name == arena.memory;
    });
    if (memory != memories.end())
      os << llvm::format("%9.1f %%", 100.0 * static_cast<double>(bytes) /
                                         static_cast<double>(memory->capacity));
    os << "\n";
  }
}

void Report::printBuffers() {
  os << "\nFeature maps (live from the first to the last of these tasks)\n\n"
     << "  name                       address         bytes       MiB  live\n";
  for (csb::BufferOp buffer : buffers) {
    os << llvm::format(
        "  %-20s%14lld%14lld%10.1f", buffer.getSymName().str().c_str(),
        static_cast<long long>(buffer.getAddress()),
        static_cast<long long>(buffer.getBytes()), toMiB(buffer.getBytes()));
    ArrayRef<int64_t> live = buffer.getLive();
    if (isScratch(buffer)) {
      os << "  load_parameters";
      live = {};
    }
    // Each call of a function has the same tasks.
    llvm::StringSet<> spans;
    for (size_t i = 0; i + 1 < live.size(); i += 2) {
      const std::string span =
          getStepName(live[i]) + " .. " + getStepName(live[i + 1]);
      if (spans.insert(span).second)
        os << (i == 0 ? "  " : ", ") << span;
    }
    os << "\n";
  }
}

/// One column per step, one line per piece of the arena; a letter per place.
void Report::printPicture() {
  if (maps.empty() || steps.empty())
    return;
  int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
  for (csb::BufferOp buffer : maps) {
    begin = std::min<int64_t>(begin, buffer.getAddress());
    end = std::max<int64_t>(end, buffer.getAddress() + buffer.getBytes());
  }
  constexpr int64_t lines = 24;
  const int64_t piece =
      std::max<int64_t>(llvm::divideCeil(end - begin, lines), 1);
  os << "\nMemory over time (a column is a task, a line " << piece
     << " bytes of " << maps.front().getSpace() << ")\n\n";
  auto getLetter = [&](size_t index) -> char {
    const char *letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return index < 52 ? letters[index] : '#';
  };
  std::vector<std::string> rows;
  for (int64_t first = begin;
       first<end; first = end - first> piece ? first + piece : end)
    rows.emplace_back(steps.size(), '.');
  // What a row holds, what covers most of it first, then by address.
  using Cover = std::tuple<int64_t, int64_t, unsigned>;
  std::vector<std::set<Cover>> covers(rows.size());
  auto change = [&](unsigned map, bool isLive) {
    const int64_t address = maps[map].getAddress();
    const int64_t last = address + sizes[map];
    for (int64_t row = (address - begin) / piece;
         row < static_cast<int64_t>(rows.size()); ++row) {
      const int64_t from = begin + row * piece;
      const int64_t to = end - from > piece ? from + piece : end;
      const int64_t bytes = std::min(to, last) - std::max(from, address);
      if (bytes <= 0)
        break;
      const Cover cover(-bytes, address, map);
      if (isLive)
        covers[row].insert(cover);
      else
        covers[row].erase(cover);
    }
  };
  forEachStep(change, [&](int64_t step) {
    for (auto [row, cover] : llvm::zip_equal(rows, covers))
      if (!cover.empty())
        row[step] = getLetter(std::get<unsigned>(*cover.begin()));
  });
  for (auto [i, row] : llvm::enumerate(rows))
    os << llvm::format("%12lld  ", static_cast<long long>(begin + i * piece))
       << row << "\n";
  os << "\n";
  for (auto [i, buffer] : llvm::enumerate(maps))
    os << "  " << getLetter(i) << " " << buffer.getSymName() << "\n";
}

void Report::printPeak() {
  // Sums that 64 bits may not hold.
  unsigned __int128 bytes = 0;
  uint64_t peak = 0;
  int64_t peakStep = 0;
  auto add = [&](unsigned map, bool isLive) {
    isLive ? bytes += sizes[map] : bytes -= sizes[map];
  };
  forEachStep(add, [&](int64_t step) {
    constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
    const uint64_t sum = bytes > most ? most : static_cast<uint64_t>(bytes);
    if (sum > peak) {
      peak = sum;
      peakStep = step;
    }
  });
  os << "\nPeak\n\n  " << peak << " bytes"
     << llvm::format(" (%.1f MiB)", toMiB(peak)) << " are live during "
     << getStepName(peakStep) << ":\n";
  std::map<int64_t, unsigned> live;
  auto remember = [&](unsigned map, bool isLive) {
    if (isLive)
      live[maps[map].getAddress()] = map;
    else
      live.erase(maps[map].getAddress());
  };
  forEachStep(remember, [&](int64_t step) {
    if (step != peakStep)
      return;
    for (auto [address, map] : live)
      os << "    " << maps[map].getSymName() << ", " << sizes[map] << " bytes"
         << llvm::format(" (%.1f MiB)\n", toMiB(sizes[map]));
  });
  int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
  for (csb::BufferOp buffer : maps) {
    begin = std::min<int64_t>(begin, buffer.getAddress());
    end = std::max<int64_t>(end, buffer.getEnd());
  }
  if (peak > 0)
    os << "  arena " << end - begin << " bytes, lower bound " << peak
       << llvm::format(" bytes, ratio %.2f\n",
                       static_cast<double>(end - begin) /
                           static_cast<double>(peak));
}

LogicalResult Report::print() {
  auto deviceName =
      module->getAttrOfType<StringAttr>(csb::CSBDialect::getDeviceAttrName());
  std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
  if (!deviceName || !maxTokens)
    return module.emitError("names no device or no largest context; compile it "
                            "with --dlavm-compile before");
  os << "Driver of " << module.getName().value_or("driver") << " for "
     << deviceName.getValue() << ", at most " << *maxTokens << " tokens\n\n";
  if (failed(printCalls(*maxTokens)))
    return failure();
  device = DeviceRegistry::instance().lookup(deviceName.getValue());
  const Memory *chip = device ? device->getOnChipMemory() : nullptr;
  llvm::copy_if(buffers, std::back_inserter(maps), [&](csb::BufferOp buffer) {
    return !isScratch(buffer) && !(chip && buffer.getSpace() == chip->name);
  });
  for (csb::BufferOp map : maps)
    sizes.push_back(map.getBytes());
  printLimits(*maxTokens);
  printEmptyHeads();
  printArenas();
  printBuffers();
  printPicture();
  printPeak();
  return success();
}

LogicalResult dlavm::translateToReport(ModuleOp module, raw_ostream &os) {
  std::string text;
  llvm::raw_string_ostream buffer(text);
  FailureOr<SmallVector<csb::TaskOp>> steps = getSteps(module);
  if (failed(steps) ||
      failed(Report(module, std::move(*steps), buffer).print()))
    return failure();
  os << text;
  return success();
}
