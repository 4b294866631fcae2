//===- Tool.h - The commands of dlavm -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_TOOL_H
#define DLAVM_TOOL_TOOL_H

#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/MemoryPlan/MemoryPlan.h"
#include "DLAVM/Simulator/StartDump.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// `dlavm compile`.
struct CompileCommand {
  /// A config.json, a checkpoint directory or a .mlir file.
  std::string model;
  std::string device;
  /// What the device's board leaves open, in bytes.
  std::optional<int64_t> portStride, dmaBase;
  std::string outputDirectory;
  std::optional<int64_t> layers;
  std::optional<int64_t> maxTokens;
  std::string weightLoading = "dma";
  /// How calls of one token run: "direct" or "aux".
  std::string mode = "direct";
  /// With "aux": send the next token's words while one runs.
  bool doubleBuffer = false;
  /// "neighbours", "halves", or empty for what takes least.
  std::string ropePairing;
  std::vector<std::string> ignoredTensors;
  /// The optimizing passes that run, see chooseOptimizations.
  std::vector<std::string> passes;
  /// Those of them that the user named.
  std::vector<std::string> namedPasses;
  /// The most bytes of the maps of a slice; 0 for an eighth of the memory.
  int64_t sliceBytes = 0;
  /// Let softmax take slices where no known program does it.
  bool sliceSoftmax = false;
  /// Let linear layers become one where the model of costs says that it does
  /// not pay, too.
  bool mergeLinears = false;
  std::string namespaceName;
  bool printSteps = false;
  bool saveIR = false;
};

// `ignoredTensors` are glob patterns of tensors that the model has no use for.

/// Token counts of a sweep: "5", "1:2048", "1:2048:64" or a list of these with
/// commas.
struct Sweep {
  std::vector<int64_t> values;
};
/// Parses a sweep of at most a million values; the error says what is wrong
/// with the text, but does not quote it.
llvm::Expected<Sweep> parseSweep(llvm::StringRef text);

/// `dlavm trace`.
struct TraceCommand {
  std::string directory;
  Sweep seq;
  Sweep past;
  bool names = false;
  bool hash = false;
  /// Print values with eight hexadecimal digits.
  bool hex = false;
  /// Trace the driver's function for calls of one token.
  bool decode = false;
  /// Print the events of tasks of this name or layer only.
  std::optional<std::string> task;
  std::optional<int64_t> layer;
};

/// `dlavm trace --diff`.
struct TraceDiffCommand {
  std::string first;
  std::string second;
  /// Whose registers they name; may be empty where one device is known.
  std::string device;
};

/// `dlavm check`.
struct CheckCommand {
  std::string directory;
  /// All prompt lengths and a spread of pasts by default.
  std::optional<Sweep> seq;
  std::optional<Sweep> past;
  /// Also run random data on a device and compare with the reference.
  bool execute = false;
  /// That device, see RunCommand; all that is on a card is overwritten.
  std::string on = "simulator";
  /// How far its results may be from the reference, see Comparison.
  double tolerance = 0;
};

/// `dlavm pack`.
struct PackCommand {
  /// A directory with *.safetensors.
  std::string checkpoint;
  /// What `dlavm compile` wrote; the parameters are added to it.
  std::string directory;
  /// "absmax" or "search".
  std::string scale = "absmax";
  /// "always" where blocks of a quantized checkpoint that the device cannot
  /// hold are fitted anew, or "never".
  std::string requantize = "always";
  /// Refuse weights of which rounding leaves nothing.
  bool strict = false;
  std::vector<std::string> ignoredTensors;
  /// 0 takes all of the machine.
  unsigned threads = 0;
};

/// `dlavm run`.
struct RunCommand {
  std::string directory;
  /// Token ids; each prompt continues the history of those before it.
  std::vector<std::vector<int32_t>> prompts;
  /// Texts in their place, for the tokenizer of the directory.
  std::vector<std::string> textPrompts;
  int64_t maxNewTokens = 16;
  /// The device: "simulator", or a card as CardDevice has it.
  std::string on = "simulator";
  /// Where a line for each task goes, with the time that it took.
  std::string timesFile;
  /// Where the logits go: a line for each call with the token and its logits.
  std::string logitsFile;
  bool compare = false;
  /// Whose weights the comparison takes; those that were packed by default.
  std::string checkpoint;
  std::vector<std::string> ignoredTensors;
  Arithmetic arithmetic = Arithmetic::Device;
  /// How far results may be from the reference, see Comparison.
  double tolerance = 0;
  std::string jsonFile;
  /// Where memory images of some starts go; empty for none.
  std::string dumpDirectory;
  DumpSelection dumped;
  /// 0 takes all of the machine.
  unsigned threads = 0;
};

enum class ReportFormat { HTML, Dot, SVG, Prototxt, Trace };
enum class ReportLevel { LLM, Accel, CSB };

/// A call whose time is estimated.
struct EstimatedCall {
  std::string directory;
  /// Tokens of the call, and tokens in the KV cache before it.
  int64_t seq = 1, past = 0;
  /// What an access of the host takes, in seconds.
  double latency = 0;
  /// What `--time-steps` has written, of calls of this driver; may be empty.
  std::string measuredFile;
};

/// `dlavm report`. The call is that of a trace.
struct ReportCommand : EstimatedCall {
  /// "-" is standard output.
  std::string output = "-";
  ReportFormat format = ReportFormat::HTML;
  /// Of a graph.
  ReportLevel level = ReportLevel::Accel;
  /// What `dlavm check` has printed, or what `dlavm run --compare` wrote with
  /// `--json`; may be empty.
  std::string findingsFile;
};

/// `dlavm estimate`.
struct EstimateCommand : EstimatedCall {
  bool json = false;
};

/// `dlavm make-model`.
struct MakeModelCommand {
  /// llama, llama3, mistral, qwen2 or chatglm.
  std::string architecture;
  std::string outputDirectory;
  /// Channels.
  int64_t hidden = 128;
  int64_t layers = 2;
  int64_t heads = 4;
  /// Half of the heads by default, or all where they are odd.
  std::optional<int64_t> kvHeads;
  /// Channels of a head; hidden / heads by default.
  std::optional<int64_t> headDim;
  /// Channels of the feed-forward network.
  int64_t intermediate = 352;
  int64_t vocabulary = 512;
  /// In tokens.
  int64_t context = 256;
  uint64_t seed = 0;
  /// F32, F16 or BF16.
  std::string elementType = "F32";
  /// Whether the output layer is the embedding.
  bool isTied = false;
};

/// `dlavm interpret`.
struct InterpretCommand {
  /// A checkpoint directory.
  std::string model;
  std::vector<int32_t> ids;
  int64_t maxNewTokens = 16;
  Arithmetic arithmetic = Arithmetic::FP64;
  /// Whose arithmetic Arithmetic::Device is; the others need none.
  std::string device;
  /// How weights are rounded, which FP64 does not do.
  ScaleChoice scaleChoice = ScaleChoice::AbsMax;
  /// Where the logits go: a line for each call with the token and its logits.
  std::string logitsFile;
  /// Print how well the model predicts the ids, and generate nothing.
  bool loss = false;
  std::vector<std::string> ignoredTensors;
};

/// A file of token ids or of text, see TokenFile.
struct TokenInput {
  std::string idsFile;
  std::string textFile;
  /// How many tokens of a text make a sequence.
  int64_t textTokens = 512;

  const std::string &getFile() const {
    return textFile.empty() ? idsFile : textFile;
  }
};

/// `dlavm eval`.
struct EvalCommand {
  /// A checkpoint, or what `dlavm pack` filled.
  std::string model;
  TokenInput input;
  /// The checkpoint whose FP64 the others are compared with; the model's own by
  /// default.
  std::string reference;
  /// Whose arithmetic is evaluated, too; empty for none.
  std::string device;
  /// How weights are rounded, absmax by default.
  std::optional<ScaleChoice> scaleChoice;
  /// Where the driver of a directory runs as well, see RunCommand; empty for
  /// nowhere.
  std::string on;
  /// Print the error of each layer.
  bool layers = false;
  std::vector<std::string> ignoredTensors;
  /// 0 takes all of the machine.
  unsigned threads = 0;
};

/// `dlavm quantize`.
struct QuantizeCommand {
  /// A checkpoint directory.
  std::string checkpoint;
  std::string outputDirectory;
  TokenInput calibration;
  /// 0 takes all of the machine.
  unsigned threads = 0;
  std::vector<std::string> ignoredTensors;
};

/// `dlavm plan`.
struct PlanCommand {
  /// A CSV file with the columns id,lower,upper,size.
  std::string file;
  /// In bytes; without it, the arena is to be as small as possible.
  std::optional<int64_t> capacity;
  /// How many steps the search may take.
  uint64_t maxNodes = MemoryPlanOptions().maxNodes;
};

// Each prints errors on stderr and returns the exit code: 0, or 1 after an
// error or a finding.
int runCompile(const CompileCommand &command);
int runTrace(const TraceCommand &command);
/// Prints where two traces differ; 1 if they do.
int runTraceDiff(const TraceDiffCommand &command);
int runCheck(const CheckCommand &command);
int runPack(const PackCommand &command);
int runRun(const RunCommand &command);
int runMakeModel(const MakeModelCommand &command);
int runInterpret(const InterpretCommand &command);
int runEval(const EvalCommand &command);
int runQuantize(const QuantizeCommand &command);
/// Prints the buffers with their offsets.
int runPlan(const PlanCommand &command);
int runReport(const ReportCommand &command);
int runEstimate(const EstimateCommand &command);
/// Prints all of the devices of these names; without names, what there is.
int runDevices(llvm::ArrayRef<std::string> names, bool registers);

} // namespace dlavm

#endif // DLAVM_TOOL_TOOL_H
