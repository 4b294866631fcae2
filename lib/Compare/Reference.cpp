//===- Reference.cpp - What the calls of a driver should give -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Compare/Reference.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/StringSet.h"

using namespace dlavm;
using namespace llvm;

FailureOr<Reference> Reference::create(mlir::ModuleOp module,
                                       TensorSource &tensors,
                                       const InterpreterOptions &options) {
  Reference result;
  FailureOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::create(module, tensors, options);
  if (failed(interpreter))
    return failure();
  result.interpreter = std::move(*interpreter);

  StringSet<> keys;
  module.walk([&](llm::AttentionScoresOp op) { keys.insert(op.getCache()); });
  StringMap<size_t> numbers;
  for (auto cache : module.getOps<llm::KVCacheOp>()) {
    const StringRef symbol = cache.getSymName();
    numbers[symbol] = result.caches.size();
    result.caches.push_back(
        {symbol.str(), symbol.str() + "_cache", keys.contains(symbol),
         static_cast<int64_t>(cache.getLayers().value_or(1))});
  }
  module.walk([&](llm::KVAppendOp op) {
    if (auto task = op->getAttrOfType<mlir::StringAttr>(
            llm::LLMDialect::getTaskAttrName()))
      result.appended[task] = numbers.lookup(op.getCache());
  });
  module.walk([&](mlir::Operation *op) {
    auto task =
        op->getAttrOfType<mlir::StringAttr>(llm::LLMDialect::getTaskAttrName());
    if (!task || op->getNumResults() != 1)
      return;
    auto type =
        mlir::dyn_cast<mlir::RankedTensorType>(op->getResult(0).getType());
    if (type && type.getRank() == 3 && type.isDynamicDim(2))
      result.attention.insert(task);
  });
  return result;
}

const CacheInfo *Reference::getAppended(StringRef task) const {
  auto it = appended.find(task);
  return it == appended.end() ? nullptr : &caches[it->second];
}

const CacheInfo *Reference::getCache(StringRef object) const {
  for (const CacheInfo &cache : caches)
    if (cache.object == object)
      return &cache;
  return nullptr;
}

static ExpectedMap getExpected(int64_t layer, StringRef name,
                               const MapValue &value) {
  ExpectedMap result;
  result.layer = layer;
  result.name = name.str();
  result.maps = value.maps;
  result.tokens = value.tokens;
  result.channels = value.channels;
  result.values.assign(value.values.begin(), value.values.end());
  return result;
}

Expected<ExpectedCall> Reference::call(const MapValue &input, int64_t past) {
  ExpectedCall result;
  result.seq = interpreter->getInputRows() ? 1 : input.tokens;
  result.past = past;
  result.input.reserve(input.values.size());
  for (double value : input.values)
    result.input.push_back(doubleToHalf(value));

  Expected<Interpreter::Result> output = interpreter->run(
      input, past, [&](int64_t layer, StringRef name, const MapValue &value) {
        result.ops.push_back(getExpected(layer, name, value));
        result.ops.back().hasTokensAsChannels = attention.contains(name);
      });
  if (!output)
    return output.takeError();
  result.token = output->token;
  if (!output->maps.empty())
    result.output.assign(output->maps.front().values.begin(),
                         output->maps.front().values.end());
  for (const CacheInfo &cache : caches)
    for (int64_t layer = 0; layer < cache.layers; ++layer)
      result.caches.push_back(getExpected(
          layer, cache.symbol, interpreter->getCache(cache.symbol, layer)));
  return result;
}
