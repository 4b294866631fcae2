//===- Subject.cpp - A driver that faults are put into ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Subject.h"
#include "DLAVM/Pack/PackDirectory.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// Of parameters and inputs.
static constexpr uint64_t seed = 1;

Expected<std::unique_ptr<Subject>> Subject::create(StringRef directory,
                                                   ArrayRef<CallShape> shapes) {
  std::unique_ptr<Subject> subject(new Subject);
  if (llvm::Error error = subject->open(directory))
    return error;
  if (llvm::Error error = subject->expect(directory, shapes))
    return error;
  return subject;
}

Subject::~Subject() {
  if (!temporary.empty())
    sys::fs::remove_directories(temporary);
}

static llvm::Error writeFile(StringRef path, StringRef text) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  os << text;
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return createStringError(error, "cannot write " + path);
  }
  return llvm::Error::success();
}

llvm::Error Subject::open(StringRef directory) {
  Expected<DriverPlan> opened = DriverPlan::read(directory);
  if (!opened)
    return opened.takeError();
  plan = std::move(*opened);
  device = DeviceRegistry::instance().lookup(plan.device);
  if (!device)
    return createStringError("the device '" + plan.device + "' is not known");
  Expected<std::optional<Instructions>> blocks = assembleInstructions(plan);
  if (!blocks)
    return blocks.takeError();
  instructions = std::move(*blocks);
  for (const HostFunction &function : plan.functions)
    if (function.kind == "input")
      inputChannels = function.channels;

  if (std::error_code error =
          sys::fs::createUniqueDirectory("dlavm-mutate", temporary))
    return createStringError(error, "cannot create a temporary directory");
  auto getPath = [](StringRef directory, StringRef name) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    return path;
  };
  ErrorOr<std::unique_ptr<MemoryBuffer>> source =
      MemoryBuffer::getFile(getPath(directory, plan.driver));
  if (!source)
    return createStringError(source.getError(),
                             "cannot read " + getPath(directory, plan.driver));
  Expected<InstrumentedDriver> driver = instrument((*source)->getBuffer());
  if (!driver)
    return driver.takeError();
  sites = std::move(driver->sites);
  if (llvm::Error error =
          writeFile(getPath(temporary, plan.driver), driver->source))
    return error;
  for (StringRef name : {"dlavm_runtime.h", "plan.json"})
    if (std::error_code error = sys::fs::copy_file(getPath(directory, name),
                                                   getPath(temporary, name)))
      return createStringError(error, "cannot copy " + name);
  Expected<std::unique_ptr<LoadedDriver>> loaded =
      LoadedDriver::load(temporary, plan);
  if (!loaded)
    return loaded.takeError();
  library = std::move(*loaded);
  return llvm::Error::success();
}

llvm::Error Subject::expect(StringRef directory, ArrayRef<CallShape> shapes) {
  DriverPlan random = plan;
  replaceSplats(random.parameters);
  auto tensors = std::make_unique<RandomTensors>(random.parameters, seed);
  Expected<OutputDirectory> output = OutputDirectory::open(temporary);
  if (!output)
    return output.takeError();
  if (llvm::Error error =
          packDirectory(*output, random, *device, *tensors, {}).takeError())
    return error;
  Expected<OpenedModel> opened =
      OpenedModel::open(directory, plan, std::move(tensors));
  if (!opened)
    return opened.takeError();
  model.emplace(std::move(*opened));
  model->replaceSplats();
  InterpreterOptions options;
  options.arithmetic = Arithmetic::Device;
  options.device = device;
  FailureOr<Reference> created =
      Reference::create(model->getModule(), model->getTensors(), options);
  if (failed(created))
    return createStringError("the reference cannot run " + plan.model);
  reference.emplace(std::move(*created));
  Expected<std::vector<ExpectedCall>> expected =
      expectCalls(*reference, inputChannels, shapes, seed);
  if (!expected)
    return expected.takeError();
  calls = std::move(*expected);
  return llvm::Error::success();
}
