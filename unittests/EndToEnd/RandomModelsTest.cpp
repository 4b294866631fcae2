//===- RandomModelsTest.cpp - Drivers equal the reference bit for bit -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random small models of each architecture go all the way: checkpoint, driver
// source, packed parameters, simulator. Over random sequences of calls, every
// result of every op, every logit and every KV value must be the reference
// interpreter's, bit for bit; and no check may find anything.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Compare/Execution.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Pipelines/Optimizations.h"
#include "DLAVM/Plan/Instructions.h"
#include "DLAVM/Simulator/Simulator.h"
#include "DLAVM/Tool/Tool.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace dlavm;
using namespace llvm;

namespace {

/// Numbers from std::mt19937_64, which is the same everywhere, without the
/// standard's distributions, which are not.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  /// From first to last.
  int64_t range(int64_t first, int64_t last) {
    return first + static_cast<int64_t>(engine() % (last - first + 1));
  }
  bool flip() { return range(0, 1); }

private:
  std::mt19937_64 engine;
};

class TemporaryDirectory {
public:
  TemporaryDirectory() {
    EXPECT_FALSE(sys::fs::createUniqueDirectory("dlavm-test", path));
  }
  ~TemporaryDirectory() { sys::fs::remove_directories(path); }
  std::string operator/(StringRef name) const {
    SmallString<128> result(path);
    sys::path::append(result, name);
    return result.str().str();
  }

private:
  SmallString<128> path;
};

/// \p number says which ops are cut into slices of few tokens: with many inputs
/// those of linear layers, with many query heads per KV head attention.
MakeModelCommand getRandomModel(Random &random, StringRef architecture,
                                int number, StringRef output) {
  MakeModelCommand model;
  model.architecture = architecture.str();
  model.outputDirectory = output.str();
  model.seed = random.range(0, 1000000);
  model.layers = random.range(1, 3);
  model.kvHeads = random.range(1, 3);
  model.heads = *model.kvHeads * random.range(1, 4);
  if (number == 1) {
    model.kvHeads = random.range(1, 2);
    model.heads = *model.kvHeads * random.range(20, 40);
  }
  // Heads of all sizes up to the device's, hidden sizes that are multiples of
  // 32 but rarely of 128, the others of any size.
  model.headDim = 4 * random.range(1, random.flip() ? 8 : 32);
  model.hidden = 32 * random.range(1, 9);
  model.intermediate = random.range(1, 400);
  if (number == 2) {
    model.hidden = 32 * random.range(1, 2);
    model.intermediate = random.range(10000, 40000);
  }
  model.vocabulary = random.range(2, 300);
  model.context = random.range(40, 140);
  model.elementType =
      ArrayRef<const char *>({"F32", "F16", "BF16"})[random.range(0, 2)];
  model.isTied = architecture != "chatglm" && random.flip();
  return model;
}

/// Histories that grow by prompts and single tokens, up to the whole context.
std::vector<CallShape> getRandomCalls(Random &random, int64_t context) {
  std::vector<CallShape> calls;
  int64_t past = 0;
  for (int i = 0; i < 5; ++i) {
    const int64_t room = context - past;
    if (room == 0)
      break;
    const int64_t seq = random.flip() ? 1 : random.range(1, room);
    calls.push_back({seq, past});
    past += seq;
  }
  // Forget a part of the history, and fill the context to its end.
  past = random.range(0, past);
  if (past < context)
    calls.push_back({context - past, past});
  return calls;
}

/// Takes a model from its checkpoint to the simulator, and runs the calls
/// beside the reference.
class EndToEnd : public testing::Test {
protected:
  void expectEqual(const MakeModelCommand &model, StringRef deviceName,
                   StringRef scale, ArrayRef<CallShape> shapes);

  /// The optimizing passes that are chosen, of those that the device can have:
  /// blocks, and devices without a memory on the chip, refuse the one for it.
  void addPasses(StringRef deviceName, function_ref<bool()> isChosen) {
    const bool hasChip =
        mode == "direct" &&
        DeviceRegistry::instance().lookup(deviceName)->getOnChipMemory();
    for (const Optimization &optimization : getOptimizations())
      if (isChosen() &&
          (hasChip || optimization.pass != "accel-promote-onchip"))
        passes.push_back(optimization.pass.str());
  }

  TemporaryDirectory directory;
  std::string ropePairing;
  /// The optimizing passes that run, and how much a slice may take.
  std::vector<std::string> passes;
  int64_t sliceBytes = 0;
  /// How calls of one token run.
  std::string mode = "direct";
  bool doubleBuffer = false;
  ExitOnError get;
};

class RandomModels : public EndToEnd,
                     public testing::WithParamInterface<
                         std::tuple<const char *, const char *, int>> {};

} // namespace

void EndToEnd::expectEqual(const MakeModelCommand &model, StringRef deviceName,
                           StringRef scale, ArrayRef<CallShape> shapes) {
  ASSERT_EQ(runMakeModel(model), 0);
  CompileCommand compile;
  compile.model = model.outputDirectory;
  compile.device = deviceName.str();
  compile.ropePairing = ropePairing;
  compile.passes = get(chooseOptimizations(/*level=*/0, passes, {}, mode));
  auto runs = [&](StringRef pass) {
    return is_contained(compile.passes, pass);
  };
  const bool slicesSoftmax = runs("accel-stream-attention");
  if (slicesSoftmax || runs("accel-stream-ffn"))
    compile.sliceBytes = sliceBytes;
  compile.sliceSoftmax = slicesSoftmax;
  compile.mode = mode;
  compile.doubleBuffer = doubleBuffer;
  compile.mergeLinears = runs("accel-merge-linears");
  compile.outputDirectory = directory / "driver";
  ASSERT_EQ(runCompile(compile), 0);
  PackCommand pack;
  pack.checkpoint = model.outputDirectory;
  pack.directory = compile.outputDirectory;
  pack.scale = scale.str();
  ASSERT_EQ(runPack(pack), 0);

  DriverPlan plan = get(DriverPlan::read(pack.directory));
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(plan.device);
  std::unique_ptr<DriverLibrary> driver =
      get(DriverLibrary::load(pack.directory, plan));
  std::unique_ptr<Checkpoint> checkpoint =
      get(Checkpoint::open(model.outputDirectory));
  mlir::DialectRegistry dialects;
  registerAllDialects(dialects);
  mlir::MLIRContext context(dialects);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(
      directory / ("driver/" + plan.model), mlir::ParserConfig(&context));
  ASSERT_TRUE(module);
  InterpreterOptions options;
  options.arithmetic = Arithmetic::Device;
  options.device = &device;
  options.scaleChoice =
      scale == "search" ? ScaleChoice::Search : ScaleChoice::AbsMax;
  FailureOr<Reference> reference =
      Reference::create(*module, *checkpoint, options);
  ASSERT_TRUE(succeeded(reference));
  RandomCalls calls(*reference, model.hidden, model.seed);

  Simulator simulator(device, plan.getRegions(),
                      {/*sanitize=*/true, /*threads=*/0});
  Comparison comparison(simulator, device, plan, *reference, /*tolerance=*/0);
  Checker checker(device, plan.getRegions());
  if (std::optional<Instructions> instructions =
          get(assembleInstructions(plan))) {
    simulator.nameInstructions(instructions->names);
    checker.load(*instructions);
  }
  CheckingSink sink(checker, comparison);
  get(driver->loadParameters(pack.directory, simulator));
  for (const CallShape &shape : shapes) {
    const ExpectedCall call = get(calls.next(shape));
    checker.beginRun(call.seq, call.past);
    comparison.beginCall(call);
    const CallResult result =
        get(callDriver(*driver, plan, call.input, call.seq, call.past, sink));
    checker.endRun();
    comparison.endCall();
    comparison.checkResult(result.logits, result.token);
  }
  for (ArrayRef<Finding> findings :
       {checker.getFindings(), simulator.getFindings(),
        comparison.getFindings()})
    for (const Finding &finding : findings)
      ADD_FAILURE() << finding.task << " of layer " << finding.layer << ": "
                    << finding.message;
  for (const OpDistance &op : comparison.getDistances()) {
    EXPECT_GT(op.elements, 0);
    // What is 0 everywhere proves nothing.
    EXPECT_GT(op.expectedSquares, 0) << op.name;
  }
}

TEST_P(RandomModels, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  uint64_t seed = number;
  for (char c : StringRef(architecture))
    seed = seed * 131 + c;
  Random random(seed);
  const MakeModelCommand model =
      getRandomModel(random, architecture, number, directory / "checkpoint");
  const StringRef scale = random.flip() ? "absmax" : "search";
  expectEqual(model, deviceName, scale, getRandomCalls(random, model.context));
}

/// Each start writes what it changes only, where registers keep their values.
class KeptRegisters : public RandomModels {};

TEST_P(KeptRegisters, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(number);
  MakeModelCommand model =
      getRandomModel(random, architecture, number, directory / "checkpoint");
  model.layers = 2;
  model.context = 80;
  passes = {"accel-group-appends", "accel-specialize-decode",
            "csb-eliminate-redundant-writes"};
  expectEqual(model, std::string(deviceName) + ",Registers_Keep_Values=1",
              "absmax", getRandomCalls(random, model.context));
}

class MergedLinears : public RandomModels {};

/// Queries, keys and values are one product, where their heads fill rows.
TEST_P(MergedLinears, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(500 + number);
  MakeModelCommand model =
      getRandomModel(random, architecture, 0, directory / "checkpoint");
  model.layers = 2;
  model.context = 80;
  model.kvHeads = 4;
  model.heads = 8;
  passes = {"accel-merge-linears"};
  if (number == 1)
    passes.push_back("accel-specialize-decode");
  expectEqual(model, deviceName, "absmax",
              getRandomCalls(random, model.context));
  const DriverPlan plan = get(DriverPlan::read(directory / "driver"));
  EXPECT_TRUE(any_of(plan.tasks, [](const PlanTask &task) {
    return task.merges.size() == 3;
  }));
}

class Blocks : public RandomModels {};

/// One token runs from instruction blocks, after any history; with numbers from
/// 1 on, the next one's words go out meanwhile, with 2, blocks have two tasks.
TEST_P(Blocks, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(900 + number);
  MakeModelCommand model =
      getRandomModel(random, architecture, 0, directory / "checkpoint");
  model.layers = 2 + number;
  model.context = 60;
  mode = "aux";
  doubleBuffer = number > 0;
  addPasses(deviceName, [&] { return random.flip(); });
  expectEqual(model,
              deviceName + std::string(number == 2 ? ",Block_Tasks=2" : ""),
              "absmax",
              {{5, 0},
               {1, 5},
               {1, 6},
               {1, 7},
               {1, 6},
               {30, 7},
               {1, 37},
               {1, 5},
               {1, 6},
               {1, 0},
               {58, 1},
               {1, 59}});
}

class AnyPasses : public RandomModels {};

/// All optimizing passes with number 0, and else some of them, on devices whose
/// registers keep their values and on others.
TEST_P(AnyPasses, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(100 + number);
  MakeModelCommand model = getRandomModel(random, architecture, number % 3,
                                          directory / "checkpoint");
  model.layers = 2;
  model.context = 80;
  addPasses(deviceName, [&] { return number == 0 || random.flip(); });
  sliceBytes = random.flip() ? 1 : 4000;
  std::string device = deviceName;
  if (number % 2 == 0)
    device += ",Registers_Keep_Values=1";
  expectEqual(model, device, "absmax", getRandomCalls(random, model.context));
}

/// A model whose query heads share rows with none, or with empty slots.
struct HeadGroup {
  int64_t group;
  const char *architecture;
  int64_t headDim;
  const char *ropePairing;
};

class HeadGroups
    : public EndToEnd,
      public testing::WithParamInterface<std::tuple<const char *, HeadGroup>> {
};

TEST_P(HeadGroups, EqualTheReference) {
  const auto [deviceName, heads] = GetParam();
  MakeModelCommand model;
  model.architecture = heads.architecture;
  model.outputDirectory = directory / "checkpoint";
  model.hidden = 160;
  model.layers = 1;
  model.kvHeads = 2;
  model.heads = 2 * heads.group;
  model.headDim = heads.headDim;
  model.intermediate = 333;
  model.vocabulary = 97;
  model.context = 48;
  model.isTied = heads.architecture != StringRef("chatglm");
  ropePairing = heads.ropePairing;
  expectEqual(model, deviceName, "absmax", {{30, 0}, {1, 30}, {17, 31}});
}

class LargestContext : public EndToEnd,
                       public testing::WithParamInterface<const char *> {
protected:
  /// Small, with keys and values for \p heads query heads.
  MakeModelCommand getModel(int64_t heads) const {
    MakeModelCommand model;
    model.architecture = "llama";
    model.outputDirectory = directory / "checkpoint";
    model.hidden = 32;
    model.layers = 1;
    model.heads = heads;
    model.kvHeads = 1;
    model.headDim = 32;
    model.intermediate = 64;
    model.vocabulary = 33;
    model.context = tokens;
    return model;
  }

  const int64_t tokens =
      DeviceRegistry::instance().lookup(GetParam())->getTraits().maxTokens;
};

/// The largest context of the device, up to its last position: attention takes
/// the fewest tokens per start there.
TEST_P(LargestContext, EqualsTheReference) {
  expectEqual(getModel(4), GetParam(), "absmax",
              {{tokens - 1, 0}, {1, tokens - 1}});
}

/// Registers of high bits have what address registers cannot hold: of weights,
/// caches and maps.
TEST_F(EndToEnd, AddressesAbove4GiB) {
  MakeModelCommand model;
  model.architecture = "qwen2";
  model.outputDirectory = directory / "checkpoint";
  model.hidden = 160;
  model.layers = 1;
  model.heads = 4;
  model.kvHeads = 2;
  model.intermediate = 200;
  model.vocabulary = 65;
  model.context = 50;
  expectEqual(model, "ohbm-v80-apart", "absmax", {{40, 0}, {1, 40}});
  const DriverPlan plan = get(DriverPlan::read(directory / "driver"));
  auto isHigh = [](const auto &place) { return place.address >> 32 != 0; };
  EXPECT_TRUE(all_of(plan.buffers, isHigh));
  EXPECT_EQ(count_if(plan.objects,
                     [&](const PlanObject &object) {
                       return object.kind == ObjectKind::KVCache &&
                              isHigh(object);
                     }),
            2);
  EXPECT_TRUE(any_of(plan.objects, [&](const PlanObject &object) {
    return object.kind == ObjectKind::Weight && isHigh(object);
  }));
}

class BlocksOfParts : public LargestContext {};

/// Two numbers of scores have blocks of their own; words go out to one while
/// the other runs, back and forth.
TEST_P(BlocksOfParts, EqualTheReference) {
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(GetParam());
  const int64_t heads = device.getTraits().headsPerRow > 1 ? 2 : 4;
  mode = "aux";
  doubleBuffer = true;
  expectEqual(getModel(heads), GetParam(), "absmax",
              {{1022, 0},
               {1, 1022},
               {1, 1023},
               {1, 1024},
               {1, 1025},
               {1, 1023},
               {1, 1024}});
}

class ScoresOfParts : public LargestContext {};

/// Scores are cut along tokens and keys at 1024 each. Lengths around the ends
/// of one and two parts, prompts of one token among them; the last call fills
/// two parts of both exactly.
TEST_P(ScoresOfParts, EqualTheReference) {
  // So many heads fill a row, or the activation memory with 1024 tokens.
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(GetParam());
  const int64_t heads = device.getTraits().headsPerRow > 1 ? 2 : 4;
  expectEqual(getModel(heads), GetParam(), "absmax",
              {{766, 0},
               {257, 766},
               {257, 767},
               {1025, 0},
               {1025, 1022},
               {1, 2047},
               {1, 1022},
               {1, 1023},
               {2048, 0}});
}

class SmallMemories : public RandomModels {};

/// Devices whose memories hold few tokens and channels cut every task, also the
/// channels of values: 48 tokens at exact multiples, and others.
TEST_P(SmallMemories, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(number);
  MakeModelCommand model =
      getRandomModel(random, architecture, 0, directory / "checkpoint");
  model.layers = 1;
  model.context = 128;
  expectEqual(model, deviceName, "absmax",
              {{48, 0}, {1, 48}, {79, 49}, {31, 17}, {1, 17}});
}

class Decode : public RandomModels {};

/// Tokens one by one by the driver's function for that, from the first on, and
/// over the end of a group of keys.
TEST_P(Decode, EqualsTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(number);
  MakeModelCommand model =
      getRandomModel(random, architecture, number, directory / "checkpoint");
  model.layers = 1;
  model.context = 40;
  passes = {"accel-specialize-decode"};
  expectEqual(model, deviceName, "absmax",
              {{1, 0},
               {1, 1},
               {1, 2},
               {28, 3},
               {1, 31},
               {1, 32},
               {1, 7},
               {31, 8},
               {1, 39}});
}

class OnChip : public RandomModels {};

/// Maps of single tokens that stay on the chip, with what the register document
/// leaves open about residuals, and KV caches in either memory.
TEST_P(OnChip, EqualsTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  Random random(number);
  MakeModelCommand model =
      getRandomModel(random, architecture, number, directory / "checkpoint");
  model.layers = 2;
  model.context = 40;
  passes = {"accel-promote-onchip"};
  expectEqual(model, deviceName, "absmax",
              {{1, 0}, {1, 1}, {29, 2}, {1, 31}, {1, 32}, {31, 8}, {1, 39}});
  const DriverPlan plan = get(DriverPlan::read(directory / "driver"));
  EXPECT_TRUE(any_of(plan.tasks, [](const PlanTask &task) {
    return !task.decodeResult.empty();
  }));
}

class Streams : public RandomModels {
protected:
  /// Either pass alone, or both.
  void choosePasses(int number) {
    if (number != 1)
      passes.push_back("accel-stream-attention");
    if (number != 0)
      passes.push_back("accel-stream-ffn");
  }
  /// The tokens of the slices that tasks run over.
  std::set<int64_t> getSlices() {
    const DriverPlan plan = get(DriverPlan::read(directory / "driver"));
    std::set<int64_t> slices;
    for (const PlanTask &task : plan.tasks)
      if (task.slice)
        slices.insert(*task.slice);
    return slices;
  }
};

/// Slices of few tokens, so that each call has many, the last one with fewer.
TEST_P(Streams, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  uint64_t seed = number;
  for (char c : StringRef(architecture))
    seed = seed * 131 + c;
  Random random(seed);
  const MakeModelCommand model =
      getRandomModel(random, architecture, 0, directory / "checkpoint");
  choosePasses(number);
  sliceBytes = random.flip() ? 1 : 4000;
  expectEqual(model, deviceName, "absmax",
              getRandomCalls(random, model.context));
  if (sliceBytes == 1) {
    EXPECT_EQ(getSlices().size(), 1u);
  }
}

class CutStreams : public Streams {};

/// Slices in the device's largest context, which are cut to the chip again.
TEST_P(CutStreams, EqualTheReference) {
  const auto [deviceName, architecture, number] = GetParam();
  MakeModelCommand model;
  model.architecture = architecture;
  model.outputDirectory = directory / "checkpoint";
  model.hidden = 32;
  model.layers = 2;
  model.kvHeads = 1;
  model.heads = 36;
  model.headDim = 32;
  model.intermediate = 9000;
  model.vocabulary = 33;
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(deviceName);
  model.context = device.getTraits().maxTokens;
  choosePasses(number);
  sliceBytes = (12 << 20) / device.getMapMemory().ports;
  expectEqual(model, deviceName, "absmax", {{270, 0}, {1, 270}, {131, 271}});
  EXPECT_FALSE(getSlices().empty());
}

static const char *const newest = "edgellm-20241128";
static const char *const architectures[] = {"llama", "llama3", "mistral",
                                            "qwen2", "chatglm"};

static std::string getTestName(StringRef device) {
  std::string name = device.str();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

static std::string
getModelName(const testing::TestParamInfo<RandomModels::ParamType> &info) {
  const auto [device, architecture, number] = info.param;
  return getTestName(device) + "_" + architecture + "_" +
         std::to_string(number);
}

INSTANTIATE_TEST_SUITE_P(Newest, RandomModels,
                         testing::Combine(testing::Values(newest),
                                          testing::ValuesIn(architectures),
                                          testing::Range(0, 3)),
                         getModelName);
INSTANTIATE_TEST_SUITE_P(
    Subsets, AnyPasses,
    testing::Values(std::tuple(newest, "llama", 0),
                    std::tuple(newest, "mistral", 1),
                    std::tuple(newest, "qwen2", 2),
                    std::tuple("edgellm-20240831", "chatglm", 3),
                    std::tuple("ohbm-20250407", "llama3", 0),
                    std::tuple("ohbm-v80-20250326", "qwen2", 4),
                    std::tuple("ohbm-20250312", "chatglm", 5),
                    std::tuple("ohbm-20250326", "llama", 6),
                    std::tuple("edgellm-20240923", "qwen2", 0)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(
    Modes, Blocks,
    testing::Values(std::tuple(newest, "chatglm", 0),
                    std::tuple(newest, "qwen2", 1),
                    std::tuple("edgellm-20240831", "llama", 2),
                    std::tuple("ohbm-20250407", "chatglm", 1),
                    std::tuple("ohbm-v80-20250326", "qwen2", 2)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(
    Families, MergedLinears,
    testing::Values(std::tuple(newest, "chatglm", 0),
                    std::tuple(newest, "llama", 1),
                    std::tuple("ohbm-20250407", "qwen2", 0),
                    std::tuple("ohbm-v80-20250326", "llama", 1)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(
    Devices, Decode,
    testing::Values(std::tuple(newest, "chatglm", 1),
                    std::tuple("edgellm-20240831", "llama", 0),
                    std::tuple("ohbm-20250407", "qwen2", 0)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(
    Versions, OnChip,
    testing::Values(
        std::tuple("edgellm-20240923", "llama", 0),
        std::tuple("edgellm-20240912,On_Chip_Residual=1", "qwen2", 0),
        std::tuple("edgellm-20240831,On_Chip_Residual=1", "chatglm", 2),
        std::tuple("edgellm-20240824", "mistral", 0)),
    [](const testing::TestParamInfo<RandomModels::ParamType> &info) {
      return std::string(std::get<1>(info.param));
    });
INSTANTIATE_TEST_SUITE_P(Families, CutStreams,
                         testing::Values(std::tuple(newest, "llama3", 2),
                                         std::tuple("ohbm-20250312", "qwen2",
                                                    2)),
                         getModelName);
INSTANTIATE_TEST_SUITE_P(
    All, Streams,
    testing::Values(std::tuple(newest, "chatglm", 0),
                    std::tuple(newest, "qwen2", 1),
                    std::tuple(newest, "llama3", 2),
                    std::tuple("edgellm-20240831", "mistral", 2),
                    std::tuple("ohbm-20250407", "llama", 0),
                    std::tuple("ohbm-v80-20250326", "chatglm", 1),
                    std::tuple("ohbm-20250312", "qwen2", 2),
                    std::tuple("ohbm-20250407", "llama3", 2)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(
    InHBM, RandomModels,
    testing::Combine(testing::Values("ohbm-20250407", "ohbm-v80-20250326"),
                     testing::ValuesIn(architectures), testing::Range(0, 3)),
    getModelName);
INSTANTIATE_TEST_SUITE_P(Older, RandomModels,
                         testing::Combine(testing::Values("edgellm-20240923",
                                                          "edgellm-20240831",
                                                          "ohbm-20250326"),
                                          testing::ValuesIn(architectures),
                                          testing::Range(1, 2)),
                         getModelName);
// One model each; the records say what differs.
INSTANTIATE_TEST_SUITE_P(
    Others, RandomModels,
    testing::Values(std::tuple("edgellm-20240912", "llama", 0),
                    std::tuple("edgellm-20240824", "llama3", 1),
                    std::tuple("edgellm-20240725", "mistral", 0),
                    std::tuple("edgellm-20240721", "qwen2", 1),
                    std::tuple("edgellm-20240720", "chatglm", 0),
                    std::tuple("edgellm-20240603", "mistral", 1),
                    std::tuple("ohbm-20250329", "llama3", 0),
                    std::tuple("ohbm-20250323", "llama", 1),
                    std::tuple("ohbm-20250316", "qwen2", 1),
                    std::tuple("ohbm-20250314", "chatglm", 0),
                    std::tuple("ohbm-20250312", "mistral", 1)),
    getModelName);

INSTANTIATE_TEST_SUITE_P(
    Some, KeptRegisters,
    testing::Values(std::tuple(newest, "chatglm", 0),
                    std::tuple(newest, "llama3", 2),
                    std::tuple("edgellm-20240831", "qwen2", 1),
                    std::tuple("ohbm-20250407", "qwen2", 0),
                    std::tuple("ohbm-v80-20250326", "chatglm", 1),
                    std::tuple("ohbm-small", "qwen2", 0),
                    std::tuple("ohbm-smallbycall", "chatglm", 0)),
    getModelName);

static std::string
getGroupName(const testing::TestParamInfo<HeadGroups::ParamType> &info) {
  const auto [device, heads] = info.param;
  return getTestName(device) + "_" + std::to_string(heads.group);
}

static const HeadGroup headGroups[] = {{1, "llama", 128, "halves"},
                                       {3, "qwen2", 52, "neighbours"},
                                       {5, "qwen2", 128, "halves"},
                                       {7, "chatglm", 64, "neighbours"}};

INSTANTIATE_TEST_SUITE_P(InHBM, HeadGroups,
                         testing::Combine(testing::Values("ohbm-20250407",
                                                          "ohbm-20250326",
                                                          "ohbm-v80-20250326"),
                                          testing::ValuesIn(headGroups)),
                         getGroupName);

static std::string
getDeviceName(const testing::TestParamInfo<const char *> &info) {
  return getTestName(info.param);
}

INSTANTIATE_TEST_SUITE_P(All, LargestContext,
                         testing::Values(newest, "edgellm-20240923",
                                         "edgellm-20240831",
                                         "edgellm-synthetic", "ohbm-20250326",
                                         "ohbm-synthetic"),
                         getDeviceName);
INSTANTIATE_TEST_SUITE_P(Modes, BlocksOfParts, testing::Values("ohbm-20250407"),
                         getDeviceName);
INSTANTIATE_TEST_SUITE_P(All, ScoresOfParts,
                         testing::Values("ohbm-20250407", "ohbm-v80-20250326"),
                         getDeviceName);

INSTANTIATE_TEST_SUITE_P(InHBM, SmallMemories,
                         testing::Combine(testing::Values("ohbm-small",
                                                          "ohbm-smallbycall",
                                                          "ohbm-v80-small"),
                                          testing::Values("qwen2", "chatglm"),
                                          testing::Range(0, 2)),
                         getModelName);

/// Versions that no one built: other memories, and the number of a register.
/// Driver and simulator follow.
static void addSyntheticVersions() {
  DeviceRegistry &registry = DeviceRegistry::instance();
  // Values are computed in slices of so many tokens, or fewer; the rotary task
  // says where keys go.
  DeviceInfo device = registry.lookup("edgellm-20240831")->derive("synthetic");
  device.setParameter("MAX_TOKEN", 512);
  device.setParameter("DAT_BRAM_DEPTH", 64);
  device.addTask(TaskKind::Rope).registers.renumber("OutputAddress", 210);
  // A block's beat has no word for it.
  device.addTask(TaskKind::Rope).instruction = nullptr;
  cantFail(registry.add(std::move(device)));
  // The parts of all tasks are a sixteenth of what they are.
  device = registry.lookup("ohbm-20250407")->derive("synthetic");
  device.setParameter("MAX_TOKEN", 512);
  device.setParameter("Activation_Memory_Bits", 1 << 19);
  device.addTask(TaskKind::Scores).registers.renumber("CacheAddress", 35);
  // Other products with its code in a block have other words.
  device.addTask(TaskKind::Scores).instruction = nullptr;
  cantFail(registry.add(std::move(device)));
}

/// Objects and buffers so far apart that most lie above 4 GiB of a port.
static DeviceInfo createApart() {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  DeviceInfo device = registry.lookup("ohbm-v80-20250326")->derive("apart");
  Board board = device.getBoard();
  board.memories.front().alignment = 1 << 28;
  device.setBoards({board});
  return device;
}

int main(int argc, char **argv) {
  registerAllDevices();
  cantFail(DeviceRegistry::instance().add(createApart()));
  addSyntheticVersions();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
