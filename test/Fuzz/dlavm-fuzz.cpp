//===- dlavm-fuzz.cpp - Do wrong inputs crash or hang? --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dlavm-fuzz TESTS makes inputs from those of the tests and runs them through
// every reader and every pass pipeline. docs/Fuzzing.md says how to go on from
// what it finds.
//
//===----------------------------------------------------------------------===//

#include "Child.h"
#include "Mutator.h"
#include "Reducer.h"
#include "Target.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

#include <chrono>

using namespace dlavm;
using namespace llvm;

namespace {
cl::opt<std::string> tests(cl::Positional, cl::Required, cl::desc("TESTS"));
cl::opt<uint64_t> seed("seed", cl::init(1), cl::value_desc("n"),
                       cl::desc("which inputs"));
cl::opt<uint64_t> numInputs("count", cl::init(20000), cl::value_desc("n"),
                            cl::desc("how many inputs"));
cl::opt<uint64_t> first("first", cl::init(0), cl::value_desc("n"),
                        cl::desc("the number of the first input"));
cl::opt<unsigned> seconds("time-limit", cl::init(10), cl::value_desc("s"),
                          cl::desc("CPU time of one input"));
cl::opt<std::string> output("output", cl::init("."), cl::value_desc("dir"),
                            cl::desc("where inputs that fail are kept"));
cl::opt<std::string> replay("replay", cl::value_desc("file"),
                            cl::desc("run an input that was kept"));

struct Input {
  std::string seed, target, text;
};
} // namespace

static int fail(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

/// Input \p index, the same on every machine.
static Input makeInput(const Mutator &mutator, uint64_t index) {
  // Neighbours must not have numbers alike.
  Random random(seed * 0x9E3779B97F4A7C15 + index * 0xBF58476D1CE4E5B9);
  Seed mutant = mutator.mutate(random);
  return {mutant.name, random.pick(getTargets(mutant.format)),
          std::move(mutant.text)};
}

/// Keeps an input that failed: the input, its smallest form, and what it
/// printed.
static void keep(const Input &input, const Death &death,
                 const WorkDirectory &work) {
  // What hangs shows that in less time, and there is not much of it.
  const unsigned limit =
      death.isHang ? std::min(seconds.getValue(), 2u) : seconds;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  auto run = [&](const std::string &text, StringRef log = "/dev/null") {
    return runInChild(
        0, 1, limit,
        [&](uint64_t) { TargetRunner(work).run(input.target, text); }, log);
  };
  auto fails = [&](const std::string &text) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::optional<Death> other = run(text);
    return other &&
           (death.isHang ? other->isHang : other->cause == death.cause);
  };
  const std::string base = output + "/" + std::to_string(seed) + "-" +
                           std::to_string(death.index) + "." + input.target;
  writeFile(base + ".input", input.text);
  const std::string small = reduce(input.text, fails);
  writeFile(base + ".small", small);
  run(small, base + ".log");
  errs() << "input " << death.index << ", from " << input.seed << ", "
         << input.target << ": " << death.cause << "; see " << base
         << ".small\n";
}

/// Runs the inputs; the number of those that failed.
static uint64_t runInputs(const Mutator &mutator, const WorkDirectory &work) {
  // A context grows with what it has seen, and a process is lost with it.
  constexpr uint64_t kBatch = 500;
  uint64_t failures = 0;
  const uint64_t end = first + numInputs;
  for (uint64_t begin = first; begin < end;) {
    const uint64_t batchEnd = std::min(begin + kBatch, end);
    std::unique_ptr<TargetRunner> runner;
    std::optional<Death> death =
        runInChild(begin, batchEnd, seconds, [&](uint64_t index) {
          if (!runner)
            runner = std::make_unique<TargetRunner>(work);
          const Input input = makeInput(mutator, index);
          runner->run(input.target, input.text);
        });
    begin = death ? death->index + 1 : batchEnd;
    if (!death)
      continue;
    ++failures;
    keep(makeInput(mutator, death->index), *death, work);
  }
  return failures;
}

static int runReplay(const WorkDirectory &work) {
  auto buffer = MemoryBuffer::getFile(replay, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(replay + ": " + buffer.getError().message());
  // "1-207.csb-to-cpp.small"
  StringRef target = sys::path::stem(replay).split('.').second;
  std::optional<Death> death = runInChild(
      0, 1, seconds,
      [&](uint64_t) {
        TargetRunner(work).run(target, (*buffer)->getBuffer().str());
      },
      "/dev/stderr");
  return death ? fail(death->cause) : 0;
}

int main(int argc, char **argv) {
  registerAllDevices();
  registerAllPasses();
  cl::ParseCommandLineOptions(argc, argv, "Runs wrong inputs\n");
  // Threads do not live on in children.
  parallel::strategy = hardware_concurrency(1);
  WorkDirectory work;
  if (runInChild(
          0, 1, /*seconds=*/600,
          [&](uint64_t) {
            if (!makeModels(work))
              _Exit(1);
          },
          work / "models.log")) {
    if (auto log = MemoryBuffer::getFile(work / "models.log"))
      errs() << (*log)->getBuffer();
    return fail("there are no models to start from");
  }
  if (!replay.empty())
    return runReplay(work);
  Expected<std::vector<Seed>> seeds = readCorpus(tests, work);
  if (!seeds)
    return fail(toString(seeds.takeError()));
  const uint64_t failures = runInputs(Mutator(*seeds), work);
  outs() << numInputs << " inputs from " << seeds->size() << " seeds, "
         << failures << " failed\n";
  return failures == 0 ? 0 : 1;
}
