//===- Interpret.cpp - dlavm interpret ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Support/OutputDirectory.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Support/Threads.h"
#include "DLAVM/Tool/Tool.h"
#include "Diagnostics.h"
#include "Errors.h"
#include "OpenWeights.h"
#include "Predictions.h"
#include "TextTokens.h"
#include "TokenOutput.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace dlavm;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace {

class Interpretation : public TokenModel {
public:
  explicit Interpretation(const InterpretCommand &command)
      : command(command), diagnostics(context) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.printOpOnDiagnostic(false);
  }

  /// Prepares everything. False after an error, which has been printed.
  bool load();
  int64_t getMaxTokens() const override { return *llm::getMaxTokens(*module); }
  Expected<NextToken> call(ArrayRef<int32_t> ids, int64_t past) override;
  /// Prints how well the model predicts the tokens.
  Error printLoss();
  /// Prints the tokens that the model continues with.
  Error generate();

private:
  Error openCheckpoint();

  const InterpretCommand &command;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  Diagnostics diagnostics;
  const DeviceInfo *device = nullptr;
  std::unique_ptr<Checkpoint> checkpoint;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<Interpreter> interpreter;
};

} // namespace

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

Error Interpretation::openCheckpoint() {
  if (Error error = recoverOutputs(command.model))
    return error;
  if (Error error = checkOutputFile(command.logitsFile))
    return error;
  if (Error error = checkOutputs({command.logitsFile},
                                 Checkpoint::getInputFiles(command.model)))
    return error;
  if (command.arithmetic == Arithmetic::Device) {
    const DeviceRegistry &devices = DeviceRegistry::instance();
    device = devices.lookup(command.device);
    if (!device)
      return createStringError(
          command.device.empty()
              ? "--arithmetic=device needs --device=NAME; known devices: " +
                    devices.getNames()
              : devices.explainMissing(command.device));
  }
  return openWeights(command.model).moveInto(checkpoint);
}

bool Interpretation::load() {
  if (Error error = openCheckpoint()) {
    reportError(std::move(error));
    return false;
  }
  // A window beyond the tokens of this run is none.
  ImportOptions options;
  options.contextLimit =
      std::max<int64_t>(1, static_cast<int64_t>(command.ids.size()) +
                               (command.loss ? 0 : command.maxNewTokens));
  options.checkpoint = checkpoint.get();
  options.ignoredTensors = command.ignoredTensors;
  module = importModel(command.model, options, context);
  if (!module || failed(prepareForInterpreter(*module, device)))
    return false;
  InterpreterOptions arithmetic{command.arithmetic, device,
                                command.scaleChoice};
  // As pack has it, so that a driver yields the same tokens. How well a model
  // predicts does not depend on its tokenizer.
  if (!command.loss) {
    if (Expected<TextTokens> text = TextTokens::open(command.model))
      arithmetic.usableIds = text->getSize();
    else
      llvm::consumeError(text.takeError());
  }
  mlir::FailureOr<std::unique_ptr<Interpreter>> created =
      Interpreter::create(*module, *checkpoint, arithmetic);
  if (failed(created))
    return false;
  interpreter = std::move(*created);
  const int64_t maxTokens = *llm::getMaxTokens(*module);
  if (static_cast<int64_t>(command.ids.size()) <= maxTokens)
    return true;
  reportError("--ids has " + Twine(command.ids.size()) +
              " tokens, but the context of the model has " + Twine(maxTokens));
  return false;
}

Expected<NextToken> Interpretation::call(ArrayRef<int32_t> ids, int64_t past) {
  Expected<MapValue> input = interpreter->embed(ids);
  if (!input)
    return input.takeError();
  const int64_t end = past + static_cast<int64_t>(ids.size());
  std::string problem;
  Expected<Interpreter::Result> result = interpreter->run(
      *input, past,
      [&](int64_t layer, llvm::StringRef name, const MapValue &value) {
        if (problem.empty())
          problem = describeBeyondRange(layer, name, value, end);
      });
  if (!result)
    return result.takeError();
  if (!problem.empty())
    return createStringError(problem);
  return NextToken{*result->token, std::move(result->maps.front().values)};
}

//===----------------------------------------------------------------------===//
// What the commands print
//===----------------------------------------------------------------------===//

Error Interpretation::printLoss() {
  ArrayRef<int32_t> ids = command.ids;
  if (ids.size() < 2)
    return createStringError("--loss needs at least two tokens in --ids: each "
                             "one but the first is predicted from those "
                             "before it");
  // All ids are in the vocabulary, or this fails before anything is computed.
  if (Expected<MapValue> all = interpreter->embed(ids); !all)
    return all.takeError();
  double sum = 0;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    Expected<NextToken> next = call(ids[i], i);
    if (!next)
      return next.takeError();
    if (Error error = checkLogits(next->logits, i))
      return error;
    sum -= getLogProbabilities(next->logits)[ids[i + 1]];
  }
  llvm::outs() << "mean negative log likelihood per token: "
               << llvm::format("%.6f",
                               sum / static_cast<double>(ids.size() - 1))
               << "\n";
  return Error::success();
}

Error Interpretation::generate() {
  Expected<std::vector<int32_t>> endTokens = readEndTokens(command.model);
  if (!endTokens)
    return endTokens.takeError();
  Session session(*this, std::move(*endTokens));
  TokenOutput output(command.logitsFile);
  Expected<host::AnswerEnd> end =
      session.answer(command.ids, command.maxNewTokens,
                     [&](const NextToken &next) { return output.add(next); });
  output.endAnswer();
  return end ? output.writeLogits() : end.takeError();
}

int dlavm::runInterpret(const InterpretCommand &command) {
  limitParallelism(0);
  Interpretation interpretation(command);
  if (!interpretation.load())
    return 1;
  Error error =
      command.loss ? interpretation.printLoss() : interpretation.generate();
  if (!error)
    return 0;
  return reportError(std::move(error));
}
