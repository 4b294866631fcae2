//===- DriverPlan.h - What plan.json says of a driver -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PLAN_DRIVERPLAN_H
#define DLAVM_PLAN_DRIVERPLAN_H

#include "DLAVM/Checkpoint/Parameter.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Plan/PlanRegion.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// A task of a run.
struct PlanTask {
  std::string name;
  /// One line for people: "linear 4096 -> 4096, scale and bias".
  std::string computes;
  bool inLayers = false;
  /// The buffer that it writes, or the KV cache where its result is appended;
  /// empty for a task that does nothing but append.
  std::string result;
  /// Its tokens see those behind them: a softmax without a mask.
  bool isUnmasked = false;
  /// It runs once for every so many tokens, with other tasks between; absent
  /// where it takes all of a call at once.
  std::optional<int64_t> slice = std::nullopt;
  /// The names of the ops that it computes at once, where it is one for
  /// several; their results lie in its own one after the other.
  std::vector<std::string> merges = {};
  /// The buffer that it writes in a call of one token, where that is another
  /// one; empty else.
  std::string decodeResult = {};
};

/// A parameter, a table or a KV cache.
struct PlanObject {
  std::string name;
  ObjectKind kind = ObjectKind::Weight;
  /// As ObjectKind says.
  llvm::SmallVector<int64_t, 2> shape;
  /// The parameters that it is made of, by name, with its shape and layers: a
  /// weight; scale and bias, and the weight of the convolution that they belong
  /// to; a norm's weight and perhaps its bias. A weight can be made of several,
  /// whose rows follow each other, and a scale and bias of as many pairs.
  std::vector<std::string> from;
  /// What a table holds: {"style": "half_split", "theta": 10000, "rotary":
  /// 128}.
  llvm::json::Object config;
  /// The memory of the device that holds it.
  std::string memory;
  /// Of the first layer, in every port of the memory.
  int64_t address = 0;
  /// Of one layer, in every port. Each file has as many.
  int64_t bytes = 0;
  /// 0 where one serves all layers.
  int64_t layers = 0;
  int64_t layerStride = 0;
  int64_t ports = 1;
  int64_t portStride = 0;
  /// The DMA address is dmaBase + address + layer * layerStride + port *
  /// portStride.
  int64_t dmaBase = 0;
  /// "layer{layer}/query_weight.{port}.bin", where `{layer}` and `{port}` stand
  /// for two digits; empty for KV caches. It never leaves the directory.
  std::string file;

  /// The path, below the directory of the parameters, of one file.
  std::string getFile(int64_t layer, int64_t port) const;

  /// Whether an object of its kind can be made of as many parameters.
  bool hasSourceCount() const;
  /// Whether it is made of the parameters of several linear layers.
  bool isMerged() const;
  /// Whether its parameter \p i can have this shape. Parameters of a
  /// convolution are matrices. Those of several layers have fewer rows.
  bool isShape(size_t i, llvm::ArrayRef<int64_t> parameter) const;
  /// What parameter \p i gives to each of the object's rows or channels: 0 the
  /// weight or the scale, 1 the bias, 2 the weight of a convolution.
  size_t getRole(size_t i) const;
};

/// A feature map.
struct PlanBuffer {
  std::string name;
  /// The memory of the device that holds it.
  std::string memory;
  int64_t address = 0;
  int64_t bytes = 0;
  bool isInput = false;
  /// Pairs of the first and the last task, counted from 0, in which it holds
  /// something.
  llvm::SmallVector<int64_t, 2> live;
  /// It holds a slice of at most so many tokens, row after row.
  std::optional<int64_t> slice = std::nullopt;
};

/// As plans call it: "weight", "kv_cache".
llvm::StringRef getName(ObjectKind kind);
std::optional<ObjectKind> getObjectKind(llvm::StringRef name);

/// A function of the driver that moves maps or tokens, or that runs a call of
/// one token. All drivers have `load_parameters` and `run` besides, and those
/// of a model with an embedding `read_embeddings`.
struct HostFunction {
  /// "write_input", "read_logits", "read_token", "decode"
  std::string name;
  /// "input", "output", "token" or "decode"
  std::string kind;
  /// Channels of a row; 0 for a token and decode.
  int64_t channels = 0;
  /// True where it moves one row, that of the last token, and takes no `seq`.
  bool lastTokenOnly = false;
  /// The rows that it moves where they are neither that one nor the tokens of
  /// the call: the pixels of an image. It takes no `seq` then.
  std::optional<int64_t> rows = std::nullopt;
  /// The buffer that it moves, or that holds the token as well; empty where
  /// there is none.
  std::string buffer;

  bool movesRows() const { return kind == "input" || kind == "output"; }
  bool takesSeq() const { return !lastTokenOnly && !rows; }
  /// The rows that it moves in a call of so many tokens.
  int64_t getRows(int64_t seq) const {
    return lastTokenOnly ? 1 : rows.value_or(seq);
  }
};

/// A file that `dlavm pack` wrote.
struct PackedFile {
  /// Below the directory, with '/'.
  std::string path;
  int64_t bytes = 0;
  /// xxHash64 of the content.
  uint64_t checksum = 0;
};

/// What `dlavm pack` adds to a plan.
struct PackedPlan {
  /// How blocks of weights got their scales: "absmax" or "search".
  std::string scaleChoice;
  /// The tokens that end a text, from the checkpoint.
  std::vector<int32_t> endTokens;
  /// As in checksums.txt, which is what counts.
  std::vector<PackedFile> files;
  /// The ids of the tokenizer, where the vocabulary has more and the output
  /// layer is packed so that the others never win.
  std::optional<int64_t> usableIds = std::nullopt;
};

/// Says what is wrong with a plan, and where.
class PlanError : public llvm::ErrorInfo<PlanError> {
public:
  static char ID;
  PlanError(std::string expected, std::string place, std::string found,
            std::string file)
      : expected(std::move(expected)), place(std::move(place)),
        found(std::move(found)), file(std::move(file)) {}
  /// "expected 1 or more at plan.json.buffers[0].bytes, found 0"
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  /// "expected 1 or more"
  std::string expected;
  /// "buffers[0].bytes", or empty for the plan as a whole.
  std::string place;
  /// "0", or empty for what is too long to show.
  std::string found;
  std::string file;
};

/// The optimizing passes that a driver was compiled with, and their options.
struct PlanOptimizations {
  /// By name, in the order of the pipeline.
  std::vector<std::string> passes;
  /// The most bytes of the maps of a slice; 0 is what the device's memory says.
  int64_t sliceBytes = 0;
  bool slicesSoftmax = false;
  /// Linear layers became one where the model of costs said that it does not
  /// pay, too.
  bool mergesLinears = false;
};

/// plan.json of a directory that `dlavm compile` wrote.
struct DriverPlan {
  std::string driver;
  std::string namespaceName;
  std::string device;
  int64_t maxTokens = 0;
  /// Register accesses of the longest run.
  int64_t accesses = 0;
  /// 16 hexadecimal digits that parameter files and driver have in common.
  std::string fingerprint;
  /// The file with the llm module that the driver computes.
  std::string model;
  /// Its xxHash64; absent where a plan was translated without the file.
  std::optional<uint64_t> modelChecksum;
  /// The parameter with a row for each token; empty if the model has none.
  std::string embedding;
  /// Absent where a plan was translated from a module alone.
  std::optional<PlanOptimizations> optimizations;
  std::vector<HostFunction> functions;
  std::vector<PlanTask> tasks;
  std::vector<PlanBuffer> buffers;
  std::vector<PlanObject> objects;
  std::vector<ParameterInfo> parameters;
  std::optional<PackedPlan> packed;

  /// Reads and checks \p directory/plan.json, see parse.
  static llvm::Expected<DriverPlan> read(llvm::StringRef directory);

  /// Parses and checks the text of \p file. A PlanError says at which key what
  /// was expected and what was found. All addresses are at least 0, all sizes
  /// at least 1, no end overflows, what names a parameter, a buffer or a task
  /// names one that is there, there is no key that a plan does not have, and
  /// where the device is known, everything fits its memories.
  static llvm::Expected<DriverPlan> parse(llvm::StringRef text,
                                          llvm::StringRef file);

  /// The text of plan.json. Only what parse takes is a plan.
  std::string print() const;

  /// Whether calls of one token run from instruction blocks, for which the
  /// driver must have loaded its parameters.
  bool decodesFromBlocks() const;

  /// Null if there is none of this name.
  const ParameterInfo *getParameter(llvm::StringRef name) const;
  const PlanObject *getObject(llvm::StringRef name) const;
  const PlanBuffer *getBuffer(llvm::StringRef name) const;

  /// The first row or channel of \p object that its parameter \p i gives.
  int64_t getFirstRow(const PlanObject &object, size_t i) const;

  /// Buffers and objects as the checks want them.
  std::vector<PlanRegion> getRegions() const;
  /// Tasks as the checks want them.
  std::vector<PlannedTask> getPlannedTasks() const;
};

} // namespace dlavm

#endif // DLAVM_PLAN_DRIVERPLAN_H
