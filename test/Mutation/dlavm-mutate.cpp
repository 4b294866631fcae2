//===- dlavm-mutate.cpp - Are wrong drivers found? ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dlavm-mutate DIR --calls=1:0,3:1 puts single faults into the driver that
// `dlavm compile` wrote into DIR, one at a time, and prints how many are found.
// docs/Mutation.md explains the table.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "Score.h"
#include "Screening.h"
#include "Simulation.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

#include <thread>

using namespace dlavm;
using namespace llvm;

namespace {
cl::opt<std::string> directory(cl::Positional, cl::Required, cl::desc("DIR"));
cl::list<std::string> callOptions("calls", cl::CommaSeparated, cl::Required,
                                  cl::value_desc("seq:past"),
                                  cl::desc("the calls that are executed"));
cl::opt<unsigned> sample("sample", cl::init(0), cl::value_desc("n"),
                         cl::desc("take about n mutants only; 0 takes all"));
cl::opt<bool> onlyDecode("only-decode",
                         cl::desc("take mutants of the function for calls of "
                                  "one token and of its instruction blocks"));
cl::opt<unsigned> jobs("jobs", cl::init(std::thread::hardware_concurrency()),
                       cl::value_desc("n"), cl::desc("processes at a time"));
cl::opt<std::string> listFile("list", cl::value_desc("file"),
                              cl::desc("write all mutants with what was found "
                                       "in them"));
} // namespace

static int fail(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

/// Parses the calls; an empty list where they are none.
static std::vector<CallShape> parseCalls() {
  std::vector<CallShape> shapes;
  for (StringRef text : callOptions) {
    CallShape shape;
    const auto [seq, past] = text.split(':');
    if (!to_integer(seq, shape.seq) || !to_integer(past, shape.past))
      return {};
    shapes.push_back(shape);
  }
  return shapes;
}

/// About `sample` of the faults at equal distances.
static std::vector<Fault> takeSample(std::vector<Fault> faults) {
  if (sample == 0 || sample >= faults.size())
    return faults;
  std::vector<Fault> result;
  for (size_t i = 0; i < sample; ++i)
    result.push_back(faults[i * faults.size() / sample]);
  return result;
}

int main(int argc, char **argv) {
  registerAllDevices();
  cl::ParseCommandLineOptions(argc, argv, "Puts faults into a driver\n");
  const std::vector<CallShape> shapes = parseCalls();
  if (shapes.empty())
    return fail("--calls has the form 19:0,1:19: tokens and history");
  Expected<std::unique_ptr<Subject>> subject =
      Subject::create(directory, shapes);
  if (!subject)
    return fail(toString(subject.takeError()));
  const FaultModel model(*(*subject)->device, (*subject)->plan,
                         (*subject)->sites);
  Screening screening(**subject, model);
  if (llvm::Error error = screening.runOriginal())
    return fail(toString(std::move(error)));

  std::vector<Fault> all = model.enumerate(screening.getProfiles());
  if (onlyDecode)
    erase_if(all, [&](const Fault &fault) {
      return fault.site ? !(*subject)->sites[*fault.site].isInDecode
                        : fault.object->kind != ObjectKind::Instructions;
    });
  const std::vector<Fault> faults = takeSample(std::move(all));
  Outcomes outcomes(faults.size());
  auto select = [&](Verdict verdict) {
    std::vector<size_t> indices;
    for (size_t index : seq<size_t>(0, faults.size()))
      if (outcomes[index].verdict == verdict)
        indices.push_back(index);
    return indices;
  };
  bool isFine =
      outcomes.forEach(select(Verdict::Undecided), jobs, [&](size_t index) {
        screening.screen(faults[index], outcomes[index]);
      });
  Simulation simulation(**subject, model, screening, faults, outcomes, jobs);
  if (llvm::Error error = simulation.run())
    return fail(toString(std::move(error)));
  isFine &=
      outcomes.forEach(select(Verdict::Survived), jobs, [&](size_t index) {
        screening.sweep(faults[index], outcomes[index]);
      });
  if (!isFine || !select(Verdict::Crashed).empty())
    WithColor::error(errs()) << "a process died; see the list of survivors\n";

  const Score score(model, faults, outcomes);
  score.print(outs());
  if (!listFile.empty()) {
    std::error_code error;
    raw_fd_ostream os(listFile, error);
    if (error)
      return fail("cannot write " + listFile + ": " + error.message());
    score.printList(os);
  }
  return isFine && score.isEnough() ? 0 : 1;
}
