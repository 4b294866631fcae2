//===- Corpus.cpp - Inputs to start from ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Corpus.h"
#include "Checkpoints.h"

#include "DLAVM/InitAll.h"
#include "DLAVM/Tool/Tool.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

WorkDirectory::WorkDirectory() {
  SmallString<128> created;
  if (std::error_code error =
          sys::fs::createUniqueDirectory("dlavm-fuzz", created))
    report_fatal_error(Twine("no temporary directory: ") + error.message());
  path = created.str().str();
}

WorkDirectory::~WorkDirectory() { sys::fs::remove_directories(path); }

std::string WorkDirectory::operator/(const Twine &name) const {
  return (path + "/" + name).str();
}

void dlavm::writeFile(const Twine &path, StringRef text) {
  std::error_code error;
  raw_fd_ostream os(path.str(), error);
  if (error)
    report_fatal_error(path + ": " + error.message());
  os << text;
}

static constexpr StringLiteral kArchitectures[] = {"llama", "llama3", "qwen2",
                                                   "chatglm"};

bool dlavm::makeModels(const WorkDirectory &work) {
  for (StringRef architecture : kArchitectures) {
    MakeModelCommand model;
    model.architecture = architecture.str();
    model.outputDirectory = work / architecture;
    model.hidden = 64;
    model.heads = 2;
    model.kvHeads = 1;
    model.headDim = 32;
    model.intermediate = 96;
    model.vocabulary = 40;
    model.context = 48;
    CompileCommand compile;
    compile.model = model.outputDirectory;
    compile.device = "edgellm-20241128";
    compile.outputDirectory = work / architecture + "/driver";
    compile.namespaceName = "model";
    compile.saveIR = true;
    PackCommand pack;
    pack.checkpoint = model.outputDirectory;
    pack.directory = compile.outputDirectory;
    pack.threads = 1;
    if (runMakeModel(model) != 0 || runCompile(compile) != 0 ||
        runPack(pack) != 0)
      return false;
  }
  if (!makeCheckpoints(work))
    return false;
  // Each is read; the last ones have the drivers that are packed into.
  auto compile = [&](const std::string &model, StringRef directory) {
    CompileCommand command;
    command.model = work / model;
    command.device = "edgellm-20241128";
    command.outputDirectory = work / directory;
    // Packing writes many files.
    command.layers = 1;
    return runCompile(command) == 0;
  };
  auto pack = [&](const std::string &model, StringRef directory) {
    PackCommand command;
    command.checkpoint = work / model;
    command.directory = work / directory;
    command.threads = 1;
    return runPack(command) == 0;
  };
  for (const auto &[models, directory] :
       {std::pair(getQuantizedModels(), StringRef("packed-checkpoint")),
        std::pair(getGGUFModels(), StringRef("packed-gguf"))}) {
    for (const std::string &model : reverse(models))
      if (!compile(model, directory))
        return false;
    if (!pack(models.front(), directory))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Seeds
//===----------------------------------------------------------------------===//

static Expected<std::string> readFile(const Twine &path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(path + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

static Format getLevel(StringRef text) {
  return text.contains("csb.")     ? Format::CSB
         : text.contains("accel.") ? Format::Accel
                                   : Format::LLM;
}

static std::vector<std::string> findFiles(StringRef directory,
                                          StringRef extension) {
  std::vector<std::string> paths;
  std::error_code error;
  for (sys::fs::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (StringRef(it->path()).ends_with(extension))
      paths.push_back(it->path());
  llvm::sort(paths);
  return paths;
}

/// The modules of a test file.
static std::vector<std::string> split(StringRef text) {
  std::vector<std::string> parts(1);
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    text = rest;
    if (line.starts_with("// -----") || line.starts_with("//---"))
      parts.emplace_back();
    else if (!line.ltrim().starts_with("//"))
      parts.back() += (line + "\n").str();
  }
  llvm::erase_if(parts, [](StringRef part) { return part.trim().empty(); });
  return parts;
}

namespace {

class CorpusReader {
public:
  CorpusReader() {
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  Error readTests(StringRef directory);
  Error readModels(const WorkDirectory &work);
  std::vector<Seed> seeds;

private:
  /// A module, and the same in the generic form if it is one.
  void addModule(const std::string &name, const std::string &text,
                 bool isModel);
  Error add(const std::string &name, Format format, const Twine &path);

  mlir::DialectRegistry registry;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

} // namespace

void CorpusReader::addModule(const std::string &name, const std::string &text,
                             bool isModel) {
  const Format level = getLevel(text);
  seeds.push_back({name, level, text, isModel});
  mlir::ScopedDiagnosticHandler silence(
      &context, [](mlir::Diagnostic &) { return mlir::success(); });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      text, mlir::ParserConfig(&context));
  if (!module)
    return;
  std::string generic;
  raw_string_ostream os(generic);
  module->print(os, mlir::OpPrintingFlags().printGenericOpForm());
  seeds.push_back({name + ":generic", level, std::move(generic), isModel});
}

Error CorpusReader::add(const std::string &name, Format format,
                        const Twine &path) {
  Expected<std::string> text = readFile(path);
  if (!text)
    return text.takeError();
  seeds.push_back({name, format, std::move(*text), /*isModel=*/true});
  return Error::success();
}

Error CorpusReader::readTests(StringRef directory) {
  const std::vector<std::string> paths = findFiles(directory, ".mlir");
  if (paths.empty())
    return createStringError(directory + ": has no .mlir files");
  for (StringRef path : paths) {
    Expected<std::string> text = readFile(path);
    if (!text)
      return text.takeError();
    StringRef name = path.drop_front(directory.size());
    for (auto [i, part] : llvm::enumerate(split(*text)))
      addModule((name + ":" + Twine(i)).str(), part, /*isModel=*/false);
  }
  for (StringRef path : findFiles(directory, ".json")) {
    Expected<std::string> text = readFile(path);
    if (!text)
      return text.takeError();
    StringRef name = path.drop_front(directory.size());
    if (StringRef(*text).contains("\"model_type\""))
      seeds.push_back({name.str(), Format::Config, std::move(*text)});
  }
  return Error::success();
}

Error CorpusReader::readModels(const WorkDirectory &work) {
  for (StringRef architecture : kArchitectures) {
    const std::string model = work / architecture, driver = model + "/driver";
    for (const char *level : {"import", "llm", "accel", "csb"}) {
      Expected<std::string> text =
          readFile(driver + "/model." + level + ".mlir");
      if (!text)
        return text.takeError();
      addModule((architecture + ":" + level).str(), *text, /*isModel=*/true);
    }
    const std::tuple<const char *, Format, std::string> files[] = {
        {":config", Format::Config, model + "/config.json"},
        {":generation", Format::GenerationConfig,
         model + "/generation_config.json"},
        {":safetensors", Format::Safetensors, model + "/model.safetensors"},
        {":plan", Format::Plan, driver + "/plan.json"},
        {":checksums", Format::Checksums, driver + "/checksums.txt"}};
    for (const auto &[name, format, path] : files)
      if (Error error = add((architecture + name).str(), format, path))
        return error;
  }
  for (const std::string &name : getQuantizedModels()) {
    Expected<std::string> config = readFile(work / name + "/config.json");
    if (!config)
      return config.takeError();
    Expected<std::string> tensors =
        readFile(work / name + "/model.safetensors");
    if (!tensors)
      return tensors.takeError();
    seeds.push_back({name, Format::Checkpoint,
                     joinCheckpoint(*config, *tensors), /*isModel=*/true});
  }
  for (const std::string &name : getGGUFModels())
    if (Error error = add(name, Format::GGUF, work / name))
      return error;
  seeds.push_back({"index", Format::Index,
                   R"({"metadata": {"total_size": 4}, "weight_map": {)"
                   R"("a": "one.safetensors", "b": "two.safetensors"}})",
                   /*isModel=*/true});
  return Error::success();
}

Expected<std::vector<Seed>> dlavm::readCorpus(StringRef tests,
                                              const WorkDirectory &work) {
  CorpusReader reader;
  if (Error error = reader.readTests(tests))
    return error;
  if (Error error = reader.readModels(work))
    return error;
  return std::move(reader.seeds);
}
