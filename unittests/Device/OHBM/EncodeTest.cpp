//===- EncodeTest.cpp - What ohbm drivers write ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tasks are compiled by themselves, one op of accel each. What a call writes is
// compared with the worked values of the register document, and with the tasks
// of the same op in the reference traces.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Device/OHBM/Encode/Partition.h"
#include "../../../lib/Device/OHBM/Record/Layouts.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Run/Program.h"
#include "LookUp.h"
#include "Traces.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <set>
#include <tuple>

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;

namespace {

/// True if \p start is \p task with the buffers at these places; adds those of
/// new buffers.
bool matches(const Start &start, const ReferenceTask &task,
             std::map<std::string, int64_t> &places) {
  if (start.poll != task.poll || start.writes.size() != task.writes.size())
    return false;
  for (auto [ours, reference] : llvm::zip_equal(start.writes, task.writes)) {
    const int64_t value = static_cast<int64_t>(ours.second) - reference.value;
    if (ours.first != reference.reg)
      return false;
    if (reference.buffer.empty()
            ? value != 0
            : places.try_emplace(reference.buffer, value).first->second !=
                  value)
      return false;
  }
  return true;
}

/// How many tasks from some task on are \p starts, at most.
size_t countMatches(llvm::ArrayRef<Start> starts,
                    llvm::ArrayRef<ReferenceTask> tasks) {
  size_t most = 0;
  for (size_t first = 0; first + starts.size() <= tasks.size(); ++first) {
    std::map<std::string, int64_t> places;
    size_t count = 0;
    while (count < starts.size() &&
           matches(starts[count], tasks[first + count], places))
      ++count;
    most = std::max(most, count);
  }
  return most;
}

/// The text of a module with one op.
class OpText {
public:
  explicit OpText(const DeviceInfo &device)
      : device(device), lanes(ohbm::lanes(device)) {}

  /// The type of a map of so many channels.
  std::string type(int64_t channels, const std::string &tokens = "seq") const {
    return "memref<" + std::to_string(surfaces(channels)) + "x" +
           (tokens == "seq" ? "?" : tokens) + "x" + std::to_string(lanes) +
           "xf16, #accel.space<HBM>>";
  }
  /// Adds a map and returns it with its type.
  std::string map(const std::string &name, int64_t channels,
                  const std::string &tokens = "seq") {
    body += "%" + name + " = accel.buffer \"" + name +
            "\" : " + type(channels, tokens) + ", <" +
            std::to_string(surfaces(channels)) + ", " + tokens + ", " +
            std::to_string(lanes) + ">\n";
    return "%" + name + " : " + type(channels, tokens);
  }
  /// Adds the scores or probabilities of so many heads.
  std::string columns(const std::string &name, int64_t heads) {
    const std::string type =
        "memref<?x?x" + std::to_string(lanes) + "xf16, #accel.space<HBM>>";
    body += "%" + name + " = accel.buffer \"" + name + "\" : " + type + ", <" +
            std::to_string(heads) + " * ((seq + past) ceildiv " +
            std::to_string(lanes) + "), seq, " + std::to_string(lanes) + ">\n";
    return "%" + name + " : " + type;
  }
  std::string object(const std::string &name, const std::string &kind,
                     const std::string &shape) {
    objects +=
        "accel.object @" + name + " " + kind + " [" + shape + "] in <HBM>\n";
    body += "%" + name + " = accel.get_object @" + name + " : !accel.object\n";
    return "(%" + name + ")";
  }
  OpText &add(const std::string &text) {
    body += text + "\n";
    return *this;
  }

  std::string str() const {
    return "module attributes {accel.device = \"" + device.getName() +
           "\", llm.max_tokens = 2048 : i64} {\n" + objects +
           "func.func @run() {\n" + body + "return\n}\n}\n";
  }

private:
  int64_t surfaces(int64_t channels) const {
    return llvm::divideCeil(channels, lanes);
  }

  const DeviceInfo &device;
  int64_t lanes;
  std::string objects, body;
};

enum class Form { Plain, ScaleBias, Argmax };

std::string linear(const DeviceInfo &device, int64_t inputs, int64_t outputs,
                   Form form = Form::ScaleBias) {
  OpText text(device);
  const std::string tokens = form == Form::Argmax ? "1" : "seq";
  const std::string shape = std::to_string(inputs) + ", ";
  const std::string x = text.map("x", inputs, tokens);
  const std::string y = text.map("y", outputs, tokens);
  const std::string w = text.object(
      "w", "weight", std::to_string(outputs) + ", " + std::to_string(inputs));
  std::string op = "accel.linear \"l\" ins(" + x + ") weight" + w;
  if (form != Form::Plain)
    op +=
        " scale_bias" + text.object("b", "scale_bias", std::to_string(outputs));
  op += " outs(" + y + ")";
  if (form == Form::Argmax) {
    text.add("%t = accel.buffer \"t\" : memref<1xi32, #accel.space<HBM>>, <1>");
    op += " argmax(%t : memref<1xi32, #accel.space<HBM>>)";
  }
  return text
      .add(op + " [" + std::to_string(inputs) + ", " + std::to_string(outputs) +
           "]")
      .str();
}

std::string norm(const DeviceInfo &device, int64_t channels,
                 const std::string &kind = "rms") {
  OpText text(device);
  const std::string x = text.map("x", channels), y = text.map("y", channels);
  const std::string n =
      text.object("n", "norm_weight", std::to_string(channels));
  return text
      .add("accel.norm " + kind + " \"n\" ins(" + x + ") weight" + n +
           " outs(" + y + ") [" + std::to_string(channels) + "]")
      .str();
}

/// The norm of the last token, which is a view of a map of all.
std::string normOfLast(const DeviceInfo &device, int64_t channels) {
  OpText text(device);
  const std::string x = text.map("x", channels);
  const std::string y = text.map("y", channels, "1");
  const std::string n =
      text.object("n", "norm_weight", std::to_string(channels));
  const int64_t lanes = ohbm::lanes(device);
  const std::string surfaces = std::to_string(channels / lanes);
  const std::string view = "memref<" + surfaces + "x1x" +
                           std::to_string(lanes) + "xf16, strided<[?, " +
                           std::to_string(lanes) +
                           ", 1], offset: ?>, #accel.space<HBM>>";
  return text.add("%last = accel.tokens seq - 1")
      .add("%v = memref.subview %x[0, %last, 0] [" + surfaces + ", 1, " +
           std::to_string(lanes) + "] [1, 1, 1] : " + text.type(channels) +
           " to " + view)
      .add("accel.norm rms \"n\" ins(%v : " + view + ") weight" + n + " outs(" +
           y + ") [" + std::to_string(channels) + "]")
      .str();
}

std::string activation(const DeviceInfo &device, int64_t channels) {
  OpText text(device);
  const std::string x = text.map("x", channels), y = text.map("y", channels);
  const std::string t = text.object("t", "activation_table", "");
  return text
      .add("accel.activation \"a\" ins(" + x + ") table" + t + " outs(" + y +
           ") [" + std::to_string(channels) + "]")
      .str();
}

std::string elementwise(const DeviceInfo &device, const std::string &kind,
                        int64_t channels) {
  OpText text(device);
  text.map("x", channels);
  text.map("z", channels);
  const std::string y = text.map("y", channels);
  return text
      .add("accel.elementwise " + kind + " \"e\" ins(%x, %z : " +
           text.type(channels) + ", " + text.type(channels) + ") outs(" + y +
           ") [" + std::to_string(channels) + "]")
      .str();
}

std::string rope(const DeviceInfo &device, int64_t heads,
                 const std::string &pairing = "") {
  OpText text(device);
  const std::string x = text.map("x", 128 * heads),
                    y = text.map("y", 128 * heads);
  const std::string t = text.object("t", "rope_table", "");
  return text.add("%past = accel.tokens past")
      .add("accel.rope \"r\" ins(" + x + ") table" + t + " at(%past) outs(" +
           y + ") [" + std::to_string(heads) + ", 128]" + pairing)
      .str();
}

std::string append(const DeviceInfo &device, const std::string &side,
                   int64_t heads) {
  OpText text(device);
  const std::string x = text.map("x", 128 * heads);
  const std::string c = text.object("c", "kv_cache", std::to_string(heads));
  return text.add("%past = accel.tokens past")
      .add("accel.kv_append " + side + " \"k\" ins(" + x + ") at(%past) outs" +
           c + " [" + std::to_string(heads) + ", 128]")
      .str();
}

std::string softmax(const DeviceInfo &device, int64_t heads) {
  OpText text(device);
  const std::string x = text.columns("x", heads), y = text.columns("y", heads);
  return text.add("%past = accel.tokens past")
      .add("%keys = accel.tokens seq + past")
      .add("accel.softmax \"s\" ins(" + x + ") keys(%keys) at(%past) outs(" +
           y + ") [" + std::to_string(heads) + "]")
      .str();
}

/// The head slots of all KV heads, where each begins a row.
int64_t countSlots(const DeviceInfo &device, int64_t heads, int64_t kvHeads) {
  return llvm::alignTo(heads / kvHeads, headsPerRow(device)) * kvHeads;
}

/// Scores or values: the op between its operands, and the end of both.
std::string attention(const DeviceInfo &device, bool isScores, int64_t heads,
                      int64_t kvHeads) {
  OpText text(device);
  const int64_t slots = countSlots(device, heads, kvHeads);
  const std::string q = text.map("q", 128 * slots);
  const std::string s = text.columns("s", heads);
  const std::string c = text.object("c", "kv_cache", std::to_string(kvHeads));
  std::string end =
      " [" + std::to_string(heads) + ", " + std::to_string(kvHeads) + ", 128]";
  if (slots != heads)
    end += " slots " + std::to_string(slots / kvHeads);
  return text.add("%keys = accel.tokens seq + past")
      .add(isScores ? "accel.scores \"s\" ins(" + q + ") cache" + c +
                          " keys(%keys) scale 0.08838834764831845 outs(" + s +
                          ")" + end
                    : "accel.values \"v\" ins(" + s + ") cache" + c +
                          " keys(%keys) outs(" + q + ")" + end)
      .str();
}

class OHBMEncodeTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    for (const DeviceInfo &device : getDevices())
      llvm::cantFail(DeviceRegistry::instance().add(device));
  }

  OHBMEncodeTest() {
    DialectRegistry dialects;
    registerAllDialects(dialects);
    context.appendDialectRegistry(dialects);
  }

  /// The program of an op, which nothing checks yet.
  OwningOpRef<ModuleOp> compile(const std::string &text) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "no module:\n" << text;
      return {};
    }
    PassManager manager(&context);
    manager.addPass(accel::createPartitionTasks());
    manager.addPass(accel::createPlaceObjects());
    manager.addPass(accel::createPlanMemory());
    manager.addPass(accel::createOutlineStarts());
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    manager.addPass(createConvertAccelToCSB());
    manager.addPass(createLoopInvariantCodeMotionPass());
    manager.addPass(createCSEPass());
    return succeeded(manager.run(*module)) ? std::move(module)
                                           : OwningOpRef<ModuleOp>();
  }

  std::vector<Start> run(ModuleOp module, int64_t seq, int64_t past) {
    StartRecorder recorder;
    FailureOr<Program> program = Program::create(module);
    if (failed(program) || failed(program->run(seq, past, recorder)))
      ADD_FAILURE() << "the program does not run";
    return recorder.starts;
  }
  std::vector<Start> run(const std::string &text, int64_t seq, int64_t past) {
    OwningOpRef<ModuleOp> module = compile(text);
    if (!module) {
      ADD_FAILURE() << "does not compile:\n" << text;
      return {};
    }
    return run(*module, seq, past);
  }

  /// What the device says of the op of \p text.
  std::string refuse(const DeviceInfo &device, const std::string &text) {
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    auto module = parseSourceString<ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "no module:\n" << text;
      return message;
    }
    module->walk([&](accel::TaskOpInterface task) {
      EXPECT_TRUE(
          failed(device.getTask(task.getTaskKind())->verify(task, device)));
    });
    return message;
  }

  MLIRContext context;
};

//===----------------------------------------------------------------------===//
// Decisions (section 5.5)
//===----------------------------------------------------------------------===//

TEST_F(OHBMEncodeTest, EstimatesOfTheDocument) {
  struct Row {
    int64_t outputs, inputs, tokens, keepingWeight, keepingInput;
  };
  const Row rows[] = {
      {4096, 4096, 19, 1684, 1228},       {4096, 4096, 300, 10676, 5588},
      {4096, 4096, 2048, 66612, 33300},   {256, 4096, 19, 238, 238},
      {256, 4096, 300, 2486, 2618},       {256, 4096, 2048, 16470, 17460},
      {13696, 4096, 19, 5679, 3703},      {13696, 4096, 300, 37151, 13013},
      {13696, 4096, 2048, 232927, 72900}, {4096, 13696, 19, 11764, 4069},
      {4096, 13696, 300, 133156, 39944},  {4096, 13696, 2048, 888292, 253332},
      {65024, 4096, 1, 17296, 16792},     {4096, 3584, 19, 1480, 1081},
      {4096, 3584, 300, 9348, 4904},      {4096, 3584, 2048, 58292, 28276},
      {512, 3584, 19, 269, 269},          {512, 3584, 300, 2236, 2468},
      {512, 3584, 2048, 14472, 16096},    {3584, 4096, 300, 10544, 5192},
      {18944, 3584, 300, 44212, 14996},   {18944, 3584, 2048, 276696, 78736},
      {3584, 18944, 300, 315104, 62528},  {3584, 18944, 2048, 2126032, 401380},
      {152064, 3584, 1, 35515, 34479}};
  for (const Row &row : rows) {
    SCOPED_TRACE(std::to_string(row.outputs) + " " +
                 std::to_string(row.inputs) + " " + std::to_string(row.tokens));
    const Clocks clocks =
        estimateLinear(newest(), row.inputs, row.outputs, row.tokens);
    EXPECT_EQ(clocks.keepingWeight.getConstant(), row.keepingWeight);
    EXPECT_EQ(clocks.keepingInput.getConstant(), row.keepingInput);
  }
  EXPECT_EQ(estimateLinear(v80(), 3584, 3584, 300).keepingWeight.getConstant(),
            36868);
  EXPECT_EQ(estimateLinear(v80(), 3584, 3584, 300).keepingInput.getConstant(),
            18164);
  EXPECT_EQ(estimateLinear(v80(), 18944, 3584, 300).keepingInput.getConstant(),
            250052);
}

TEST_F(OHBMEncodeTest, EstimatesOfScores) {
  struct Row {
    bool isV80;
    int64_t group, tokens, keys, keepingCache, keepingQueries;
  };
  const Row rows[] = {{false, 16, 19, 19, 100, 100},
                      {false, 16, 300, 377, 1224, 1228},
                      {false, 16, 2048, 2048, 16408, 8244},
                      {false, 7, 19, 19, 62, 62},
                      {false, 7, 300, 377, 624, 624},
                      {false, 7, 2048, 2048, 8216, 4132},
                      {true, 7, 300, 377, 2136, 2136},
                      {true, 7, 2048, 2048, 28708, 14420}};
  for (const Row &row : rows) {
    SCOPED_TRACE(std::to_string(row.group) + " " + std::to_string(row.tokens));
    const Clocks clocks = estimateScores(row.isV80 ? v80() : newest(),
                                         row.group, row.tokens, row.keys);
    EXPECT_EQ(clocks.keepingWeight.getConstant(), row.keepingCache);
    EXPECT_EQ(clocks.keepingInput.getConstant(), row.keepingQueries);
  }
}

// The driver compares the estimates only where calls want different orders.
TEST_F(OHBMEncodeTest, OrdersOfAllCalls) {
  auto countComparisons = [&](const std::string &text) {
    OwningOpRef<ModuleOp> module = compile(text);
    unsigned count = 0;
    module->walk([&](scf::IfOp) { ++count; });
    return count;
  };
  // 4 parts of the channels are never as cheap as the input again.
  EXPECT_EQ(countComparisons(linear(newest(), 4096, 4096)), 0u);
  const std::vector<Start> q = run(linear(newest(), 4096, 4096), 200, 0);
  ASSERT_EQ(q.size(), 2u * 4);
  EXPECT_EQ(q[1][16], 6u);
  // With 2 parts of the keys the queries are cheaper, with 1 the keys.
  EXPECT_EQ(countComparisons(attention(newest(), true, 32, 2)), 1u);
  const std::vector<Start> one = run(attention(newest(), true, 32, 2), 300, 0);
  ASSERT_EQ(one.size(), 2u * 2);
  EXPECT_EQ(one[1][16], 1u);
  const std::vector<Start> two =
      run(attention(newest(), true, 32, 2), 300, 1000);
  ASSERT_EQ(two.size(), 2u * 2 * 2);
  EXPECT_EQ(two[1][16], 2u);
}

// Sections 5.1 to 5.3.
TEST_F(OHBMEncodeTest, Slices) {
  EXPECT_EQ(linearTokens(newest(), 3584), 146);
  EXPECT_EQ(linearTokens(newest(), 4096), 128);
  EXPECT_EQ(linearTokens(newest(), 13696), 37);
  EXPECT_EQ(linearTokens(newest(), 18944), 27);
  EXPECT_EQ(linearTokens(v80(), 13696), 38);
  EXPECT_EQ(linearChannels(newest(), 3584, 1 << 20), 1024);
  EXPECT_EQ(linearChannels(newest(), 4096, 1 << 20), 1024);
  EXPECT_EQ(linearChannels(newest(), 13696, 1 << 20), 256);
  EXPECT_EQ(linearChannels(newest(), 18944, 1 << 20), 128);
  EXPECT_EQ(linearChannels(newest(), 4096, 100), 128);
  EXPECT_EQ(linearChannels(newest(), 131072, 4096), 32);
  EXPECT_EQ(linearChannels(newest(), 131073, 4096), 0);
  EXPECT_EQ(scoresTokens(newest(), 16), 256);
  EXPECT_EQ(scoresTokens(newest(), 7), 512);
  EXPECT_EQ(scoresTokens(v80(), 7), 585);
  EXPECT_EQ(scoresKeys(newest()), 1024);
  EXPECT_EQ(valuesTokens(newest(), 32, 377).getConstant(), 32);
  EXPECT_EQ(valuesTokens(newest(), 32, 2048).getConstant(), 8);
  EXPECT_EQ(valuesTokens(newest(), 28, 377).getConstant(), 36);
  EXPECT_EQ(valuesTokens(newest(), 28, 2048).getConstant(), 9);
  EXPECT_EQ(valuesTokens(v80(), 28, 377).getConstant(), 48);
  EXPECT_EQ(valuesChannels(newest(), 2048), 512);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// The registers 3, 10, 11, 13, 16 and 25, addresses from the first start on.
std::vector<int64_t> relate(const Start &start, const Start &first) {
  std::vector<int64_t> values = {start[3]};
  for (uint32_t reg : {10, 11, 13})
    values.push_back(int64_t(start[reg]) - first[reg]);
  values.push_back(start[16]);
  values.push_back(int64_t(start[25]) - first[25]);
  return values;
}

TEST_F(OHBMEncodeTest, AddressesOfTheDocument) {
  std::vector<Start> q = run(linear(newest(), 4096, 4096), 300, 77);
  ASSERT_EQ(q.size(), 12u);
  EXPECT_EQ(relate(q[2 * 4 + 1], q[0]),
            (std::vector<int64_t>{44, 8192, 67584, 27392, 6, 128}));
  std::vector<Start> k = run(linear(newest(), 4096, 256), 300, 77);
  ASSERT_EQ(k.size(), 3u);
  EXPECT_EQ(relate(k[1], k[0]),
            (std::vector<int64_t>{128, 4096, 0, 4096, 5, 0}));
  std::vector<Start> l = run(linear(newest(), 13696, 4096), 300, 77);
  ASSERT_EQ(l.size(), 9u * 16);
  EXPECT_EQ(relate(l[8 * 16 + 15], l[0]),
            (std::vector<int64_t>{4, 9472, 848640, 76672, 6, 480}));
  std::vector<Start> out =
      run(linear(newest(), 4096, 65024, Form::Argmax), 300, 77);
  ASSERT_EQ(out.size(), 64u);
  EXPECT_EQ(relate(out[63], out[0]),
            (std::vector<int64_t>{1, 0, 4257792, 4032, 6, 8064}));
  EXPECT_EQ(out[63][7], 512u);
  EXPECT_EQ(out[63][8], 64512u);
  EXPECT_EQ(out[63][9], 63u);
  EXPECT_EQ(out[0][9], 63u);
  EXPECT_EQ(out[0][34], 63u);
}

TEST_F(OHBMEncodeTest, AddressesOfAttention) {
  // Registers 3, 10, 11, 13, 16 and 25 from the first start on.
  auto relateHeads = [](const Start &start, const Start &first) {
    EXPECT_EQ(start[25], 0u);
    return relate(start, first);
  };
  std::vector<Start> scores = run(attention(newest(), true, 32, 2), 300, 77);
  ASSERT_EQ(scores.size(), 2u * 2);
  EXPECT_EQ(relateHeads(scores[3], scores[0]),
            (std::vector<int64_t>{44, 46592, 16384, 161792, 1, 0}));
  std::vector<Start> values = run(attention(newest(), false, 32, 2), 300, 77);
  ASSERT_EQ(values.size(), 2u * 10);
  EXPECT_EQ(relateHeads(values[19], values[0]),
            (std::vector<int64_t>{12, 162816, 16384, 47616, 1, 0}));
  scores = run(attention(newest(), true, 28, 4), 300, 77);
  ASSERT_EQ(scores.size(), 4u);
  EXPECT_EQ(relateHeads(scores[3], scores[0]),
            (std::vector<int64_t>{300, 57600, 49152, 201600, 0, 0}));
  EXPECT_EQ(scores[3][4], 8u);
  EXPECT_EQ(scores[3][6], 7u);
  EXPECT_EQ(scores[3][27], 516u);
  values = run(attention(newest(), false, 28, 4), 300, 77);
  ASSERT_EQ(values.size(), 4u * 9);
  EXPECT_EQ(relateHeads(values[35], values[0]),
            (std::vector<int64_t>{12, 210816, 49152, 66816, 1, 0}));
}

// E1 of the additions: parts of the tokens and of the keys meet in no trace.
// The surfaces of the scores are a whole map's tokens apart, not a part's.
TEST_F(OHBMEncodeTest, ScoresOfPartsOfTokensAndKeys) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    const int64_t row = rowBytes(*device), line = row * 1200;
    const int64_t lanes = ohbm::lanes(*device), group = 7;
    const int64_t head = line * llvm::divideCeil(2000, lanes);
    const int64_t step = scoresTokens(*device, group);
    const std::vector<Start> starts =
        run(attention(*device, true, 28, 4), 1200, 800);
    const int64_t parts = llvm::divideCeil(1200, step);
    ASSERT_EQ(starts.size(), 4u * 2 * parts);
    // The queries are kept: keys are the inner loop.
    for (int64_t h = 0; h < 4; ++h)
      for (int64_t w = 0; w < parts; ++w)
        for (int64_t c = 0; c < 2; ++c) {
          const Start &start = starts[(h * parts + w) * 2 + c];
          EXPECT_EQ(start[3], std::min<int64_t>(step, 1200 - w * step));
          EXPECT_EQ(start[7], c == 0 ? 1024u : 992u);
          EXPECT_EQ(start[8], 1024u * c);
          EXPECT_EQ(start[16], c == 0 ? 0u : 2u);
          EXPECT_EQ(start[11] - starts[0][11],
                    h * cacheHeadBytes(*device) +
                        c * 1024 * 256 / device->getMapMemory().ports);
          EXPECT_EQ(start[13] - starts[0][13], row * w * step +
                                                   line * (c * 1024 / lanes) +
                                                   h * head * group);
          EXPECT_EQ(start[31], head);
          EXPECT_EQ(start[32], line);
        }
  }
}

/// The tokens of a start in its output, whose surfaces are a call's tokens
/// apart.
int64_t getFirstToken(const DeviceInfo &device, const Start &start,
                      const Start &first) {
  const int64_t line = start[32], offset = start[13] - first[13];
  return offset % line / rowBytes(device);
}

// Every token meets every key of every KV head once, at all borders: keys of
// one part and of two, tokens of whole parts and of one more or less.
TEST_F(OHBMEncodeTest, ScoresAreWhole) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    OwningOpRef<ModuleOp> module = compile(attention(*device, true, 28, 4));
    ASSERT_TRUE(module);
    const int64_t step = scoresTokens(*device, 7);
    for (int64_t keys : {1, 31, 32, 33, 1023, 1024, 1025, 2047, 2048})
      for (int64_t seq : {int64_t(1), step - 1, step, step + 1, 2 * step}) {
        if (seq > keys)
          continue;
        SCOPED_TRACE(device->getName() + ", " + std::to_string(seq) + " of " +
                     std::to_string(keys));
        const std::vector<Start> starts = run(*module, seq, keys - seq);
        std::set<std::tuple<int64_t, int64_t, int64_t>> seen;
        int64_t pairs = 0;
        for (const Start &start : starts) {
          const int64_t head =
              (start[11] - starts[0][11]) / cacheHeadBytes(*device);
          const int64_t token = getFirstToken(*device, start, starts[0]);
          const int64_t key = start[8], width = start[3];
          // Columns up to a multiple of 32 are computed, too.
          const int64_t count = std::min<int64_t>(start[7], keys - key);
          EXPECT_GT(count, int64_t(start[7]) - 32);
          EXPECT_TRUE(seen.insert({head, token, key}).second);
          EXPECT_EQ(token % step, 0);
          EXPECT_EQ(key % 1024, 0);
          EXPECT_GE(width, 1);
          EXPECT_LE(token + width, seq);
          pairs += width * count;
        }
        EXPECT_EQ(pairs, 4 * seq * keys);
      }
  }
}

TEST_F(OHBMEncodeTest, ValuesAreWhole) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    OwningOpRef<ModuleOp> module = compile(attention(*device, false, 28, 4));
    ASSERT_TRUE(module);
    for (int64_t keys : {1, 31, 32, 33, 1023, 1024, 1025, 2047, 2048}) {
      const int64_t step = valuesTokens(*device, 28, keys).getConstant();
      for (int64_t seq : {int64_t(1), step - 1, step, step + 1, 3 * step}) {
        if (seq < 1 || seq > keys)
          continue;
        SCOPED_TRACE(device->getName() + ", " + std::to_string(seq) + " of " +
                     std::to_string(keys));
        const std::vector<Start> starts = run(*module, seq, keys - seq);
        ASSERT_EQ(starts.size(), 4u * llvm::divideCeil(seq, step));
        int64_t tokens = 0;
        for (const Start &start : starts) {
          EXPECT_EQ(getFirstToken(*device, start, starts[0]), tokens % seq);
          EXPECT_EQ(start[2], llvm::alignTo(keys, 32));
          EXPECT_EQ(start[12], 16 * llvm::alignTo(keys, 32));
          EXPECT_EQ(start[16], tokens % seq == 0 ? 0u : 1u);
          tokens += start[3];
        }
        EXPECT_EQ(tokens, 4 * seq);
      }
    }
  }
}

// Three slices of 128 channels share a row of 512 lanes.
TEST_F(OHBMEncodeTest, SlicesOfARow) {
  const std::vector<Start> starts =
      run(linear(newest(), 18944, 1100, Form::Plain), 1, 0);
  ASSERT_EQ(starts.size(), 9u);
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(starts[i][7], i < 8 ? 128u : 96u);
    EXPECT_EQ(starts[i][8], 128 * i);
    EXPECT_EQ(starts[i][13] - starts[0][13], 32 * (i / 4));
    EXPECT_EQ(starts[i][16], i == 0 ? 0u : 2u);
    EXPECT_EQ(starts[i][25], 0u);
    EXPECT_EQ(starts[i][34], 15u);
  }
}

// Section 5.1, and what 20250312 did instead.
TEST_F(OHBMEncodeTest, SlicesOfMaps) {
  auto widths = [&](const std::string &device, int64_t channels, int64_t seq) {
    std::vector<uint32_t> widths;
    for (const Start &start : run(activation(lookUp(device), channels), seq, 0))
      widths.push_back(start[139]);
    return widths;
  };
  using Widths = std::vector<uint32_t>;
  EXPECT_EQ(widths("ohbm-20250407", 4096, 19), Widths{19});
  EXPECT_EQ(widths("ohbm-20250407", 4096, 300), (Widths{128, 128, 44}));
  EXPECT_EQ(widths("ohbm-20250407", 2048, 2048), Widths{2048});
  EXPECT_EQ(widths("ohbm-20250407", 3584, 300), (Widths{146, 146, 8}));
  EXPECT_EQ(widths("ohbm-20250407", 13696, 2048).size(), 56u);
  EXPECT_EQ(widths("ohbm-20250407", 13696, 2048).back(), 13u);
  EXPECT_EQ(widths("ohbm-20250323", 4096, 300), Widths{300});
  EXPECT_EQ(widths("ohbm-20250323", 13696, 300).size(), 9u);
  EXPECT_EQ(widths("ohbm-20250312", 2048, 300), (Widths{256, 44}));
  // A multiple of the width.
  EXPECT_EQ(widths("ohbm-20250407", 4096, 256), (Widths{128, 128}));
  EXPECT_EQ(widths("ohbm-v80-20250326", 13696, 300),
            (Widths{38, 38, 38, 38, 38, 38, 38, 34}));
}

// E3: a start of one token inside a prompt is masked as the others.
TEST_F(OHBMEncodeTest, MaskIsThatOfTheCall) {
  // 32 heads of 512 columns: 32 tokens of a start.
  const std::vector<Start> starts =
      run(softmax(lookUp("ohbm-20250312"), 32), 33, 100);
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[1][140], 1u);
  EXPECT_EQ(starts[1][130], 1u);
  EXPECT_EQ(starts[1][142], 132u);
  const std::vector<Start> one = run(softmax(newest(), 32), 1, 100);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0][142], 0u);
}

// Section 1.2: buffers above 4 GiB.
TEST_F(OHBMEncodeTest, HighAddresses) {
  // 128 MiB a port of weights in each of so many layers.
  std::string text = linear(v80(), 8192, 131072, Form::Argmax);
  const std::string weight = "weight [131072, 8192]";
  text.replace(text.find(weight), weight.size(), weight + " layers 48");
  const std::string get = "accel.get_object @w";
  text.replace(text.find(get), get.size(), get + "[%layer]");
  const std::string function = "func.func @run() {\n";
  text.replace(text.find(function), function.size(),
               function + "%layer = arith.constant 47 : index\n");
  const std::vector<Start> starts = run(text, 1, 0);
  ASSERT_FALSE(starts.empty());
  const int64_t bytes =
      v80().getObject(ObjectKind::Weight)->bytes({131072, 8192}, v80());
  const Start &last = starts.back();
  const int64_t address = int64_t(last[33] >> 16 & 255) << 32 | last[11];
  EXPECT_GE(address, 47 * bytes);
  EXPECT_GT(47 * bytes, int64_t(1) << 32);
  EXPECT_EQ(last[33] & 0xff000000u, 0u);
}

//===----------------------------------------------------------------------===//
// A version that nobody built
//===----------------------------------------------------------------------===//

// One parameter and the number of one register, and no other file.
TEST_F(OHBMEncodeTest, VersionsAreRecords) {
  DeviceInfo version = newest().derive("synthetic");
  version.setParameter("Activation_Memory_Bits", 1 << 22);
  version.addTask(TaskKind::Linear).registers.renumber("InputWidth", 35);
  // Other products with its code in a block have other words.
  version.addTask(TaskKind::Linear).instruction = nullptr;
  llvm::cantFail(DeviceRegistry::instance().add(version));
  const std::vector<Start> before = run(linear(newest(), 4096, 4096), 128, 0);
  const std::vector<Start> after = run(linear(version, 4096, 4096), 128, 0);
  ASSERT_EQ(before.size(), 4u);
  ASSERT_EQ(after.size(), 8u);
  for (size_t i = 0; i < 8; ++i) {
    Start expected = before[i % 4];
    for (auto &[reg, value] : expected.writes) {
      if (reg == 3 || reg == 5)
        value = 64;
      if (reg == 10 || reg == 13)
        value += 32 * 64 * (i / 4);
      if (reg == 3)
        reg = 35;
    }
    EXPECT_EQ(after[i].writes, expected.writes) << i;
    EXPECT_EQ(after[i].poll, expected.poll);
  }
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

TEST_F(OHBMEncodeTest, Refusals) {
  EXPECT_EQ(refuse(newest(), linear(newest(), 131104, 32)),
            "'accel.linear' op has 131104 input channels, but the memories on "
            "the chip of ohbm-20250407 hold at most 131072");
  EXPECT_EQ(refuse(newest(), norm(newest(), 520)),
            "'accel.norm' op has 520 channels, which must be a multiple of 32 "
            "on ohbm-20250407 (8 too many)");
  // Where relu comes first, scale and bias would make another function of it.
  DeviceInfo reluFirst = newest();
  reluFirst.setParameter("Relu_Before_Scale", 1);
  EXPECT_TRUE(newest().getTraits().fusesRelu);
  EXPECT_FALSE(reluFirst.getTraits().fusesRelu);
  std::string relu = linear(newest(), 64, 64);
  relu.insert(relu.find(" outs("), " relu");
  EXPECT_EQ(refuse(reluFirst, relu),
            "'accel.linear' op has relu behind scale and bias, but "
            "ohbm-20250407 has it before them");
  // 7 queries of a KV head take two rows of 4.
  std::string packed = attention(newest(), true, 28, 4);
  packed.replace(packed.find(" slots 8"), 8, " slots 12");
  const std::string queries = "memref<8x?x512";
  for (size_t at; (at = packed.find(queries)) != std::string::npos;)
    packed.replace(at, queries.size(), "memref<12x?x512");
  packed.replace(packed.find("<8, seq, 512>"), 13, "<12, seq, 512>");
  EXPECT_EQ(refuse(newest(), packed),
            "'accel.scores' op has 12 slots for the 7 queries of a KV head, "
            "but they take 8 on ohbm-20250407, whole rows; run llm-pad-groups "
            "before");
  std::string narrow = rope(newest(), 4);
  for (size_t at; (at = narrow.find("[4, 128]")) != std::string::npos;)
    narrow.replace(at, 8, "[8, 64]");
  EXPECT_EQ(refuse(newest(), narrow),
            "'accel.rope' op has heads of 64 channels, but those of "
            "ohbm-20250407 have 128; pad the heads of the model to that size");
}

//===----------------------------------------------------------------------===//
// Reference traces
//===----------------------------------------------------------------------===//

class OHBMTraceTest : public OHBMEncodeTest {
protected:
  void SetUp() override {
    if (!hasTraces())
      GTEST_SKIP() << "there are no reference traces";
  }

  /// Expects that the starts of \p text are tasks of \p folder, one after the
  /// other, at each of these calls.
  void expectTasks(const std::string &text, const std::string &folder,
                   llvm::ArrayRef<std::pair<int, int>> calls,
                   bool isWhole = false) {
    SCOPED_TRACE(folder + "\n" + text);
    OwningOpRef<ModuleOp> module = compile(text);
    ASSERT_TRUE(module);
    for (auto [seq, past] : calls) {
      const std::vector<Start> starts = run(*module, seq, past);
      const std::vector<ReferenceTask> tasks = readTrace(folder, seq, past);
      EXPECT_FALSE(starts.empty());
      EXPECT_EQ(countMatches(starts, tasks), starts.size())
          << seq << " after " << past;
      if (isWhole) {
        EXPECT_EQ(starts.size(), tasks.size()) << seq << " after " << past;
      }
    }
  }
};

TEST_F(OHBMTraceTest, SingleOperations) {
  const std::pair<int, int> calls[] = {{1, 19}, {300, 77}};
  const DeviceInfo &d = newest();
  const std::pair<const char *, std::string> ops[] = {
      {"mvm", linear(d, 4096, 4096, Form::Plain)},
      {"mvm_bn", linear(d, 13696, 4096)},
      {"mvm_out_heads", linear(d, 4096, 4096)},
      {"layer_norm", norm(d, 4096, "layer")},
      {"rms_norm", norm(d, 3584)},
      {"activate", activation(d, 13696)},
      {"add", elementwise(d, "add", 4096)},
      {"mul", elementwise(d, "mul", 4096)},
      {"sub", elementwise(d, "sub", 4096)},
      {"rope_glm", rope(d, 32)},
      {"rope_qwen", rope(d, 32, " halves")},
      {"trp_mvm", attention(d, true, 32, 2)},
      {"f2w_mvm", attention(d, false, 32, 2)},
      {"kcache", append(d, "keys", 2)},
      {"vcache", append(d, "values", 2)},
      {"softmax", softmax(d, 32)}};
  for (const auto &[name, text] : ops)
    expectTasks(text, d.getName() + "/ops/" + name, calls, /*isWhole=*/true);
  expectTasks(linear(d, 4096, 65024, Form::Argmax),
              d.getName() + "/ops/mvm_bn_argmax", {{1, 19}}, /*isWhole=*/true);
}

TEST_F(OHBMTraceTest, TasksOfQwen2) {
  const std::pair<int, int> calls[] = {
      {19, 0}, {1, 19}, {128, 0}, {300, 77}, {1, 1023}, {1, 1024}, {1, 2047}};
  for (const DeviceInfo &d : getDevices()) {
    const std::string folder = d.getName() + "/qwen2-7b";
    const int64_t heads = countSlots(d, 28, 4);
    for (const std::string &text :
         {norm(d, 3584), linear(d, 3584, 128 * heads), rope(d, heads),
          linear(d, 3584, 512), rope(d, 4), append(d, "keys", 4),
          attention(d, true, 28, 4), softmax(d, 28), append(d, "values", 4),
          attention(d, false, 28, 4), linear(d, 128 * heads, 3584),
          elementwise(d, "add", 3584), linear(d, 3584, 18944),
          activation(d, 18944), elementwise(d, "mul", 18944),
          linear(d, 18944, 3584), normOfLast(d, 3584),
          linear(d, 3584, 152064, Form::Argmax)})
      expectTasks(text, folder, calls);
  }
}

TEST_F(OHBMTraceTest, TasksOfChatGLM2) {
  const std::pair<int, int> calls[] = {
      {19, 0}, {1, 19}, {128, 0}, {300, 77}, {1, 1023}, {1, 1024}, {1, 2047}};
  for (const DeviceInfo &d : getDevices()) {
    if (d.getFamily() != "ohbm")
      continue;
    const std::string folder = d.getName() + "/chatglm2-6b";
    for (const std::string &text :
         {norm(d, 4096), linear(d, 4096, 4096), rope(d, 32),
          linear(d, 4096, 256), rope(d, 2), append(d, "keys", 2),
          attention(d, true, 32, 2), softmax(d, 32), append(d, "values", 2),
          attention(d, false, 32, 2), elementwise(d, "add", 4096),
          linear(d, 4096, 13696), activation(d, 13696),
          elementwise(d, "mul", 13696), linear(d, 13696, 4096),
          normOfLast(d, 4096), linear(d, 4096, 65024, Form::Argmax)})
      expectTasks(text, folder, calls);
  }
}

} // namespace
