//===- Corpus.cpp - Inputs to start from ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Corpus.h"

#include "DLAVM/InitAll.h"
#include "DLAVM/Tool/Tool.h"
#include "GGUFWriter.h"

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
  std::vector<std::string> paths;
  std::error_code error;
  for (sys::fs::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (StringRef(it->path()).ends_with(".mlir"))
      paths.push_back(it->path());
  if (error || paths.empty())
    return createStringError(directory + ": has no .mlir files");
  llvm::sort(paths);
  for (StringRef path : paths) {
    Expected<std::string> text = readFile(path);
    if (!text)
      return text.takeError();
    StringRef name = path.drop_front(directory.size());
    for (auto [i, part] : llvm::enumerate(split(*text)))
      addModule((name + ":" + Twine(i)).str(), part, /*isModel=*/false);
  }
  return Error::success();
}

/// A model of one layer, in several encodings.
static std::string getGGUF() {
  constexpr uint64_t hidden = 32, intermediate = 256, vocabulary = 8;
  GGUFWriter writer;
  writer.add("general.architecture", "llama");
  writer.add("llama.block_count", 1u);
  writer.add("llama.context_length", 48u);
  writer.add("llama.embedding_length", uint32_t(hidden));
  writer.add("llama.feed_forward_length", uint32_t(intermediate));
  writer.add("llama.attention.head_count", 2u);
  writer.add("llama.attention.head_count_kv", 2u);
  writer.add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  writer.add("llama.rope.dimension_count", 16u);
  writer.add("llama.rope.scaling.type", "linear");
  writer.add("tokenizer.ggml.eos_token_id", 2u);
  writer.add("tokenizer.ggml.tokens", 9,
             GGUFWriter::number(8u) + GGUFWriter::number<uint64_t>(2) +
                 GGUFWriter::text("a") + GGUFWriter::text("b"));
  auto add = [&](StringRef name, uint64_t columns, uint64_t rows,
                 uint32_t encoding, uint64_t elements, uint64_t bytes) {
    writer.addTensor(name, {columns, rows}, encoding,
                     std::string(columns / elements * bytes * rows, 1));
  };
  add("token_embd.weight", hidden, vocabulary, 8, 32, 34);
  writer.addFloats("output_norm.weight", {hidden});
  writer.addFloats("rope_freqs.weight", {8});
  writer.addFloats("blk.0.attn_norm.weight", {hidden});
  writer.addFloats("blk.0.ffn_norm.weight", {hidden});
  add("blk.0.attn_q.weight", hidden, hidden, 2, 32, 18);
  add("blk.0.attn_k.weight", hidden, hidden, 3, 32, 20);
  add("blk.0.attn_v.weight", hidden, hidden, 6, 32, 22);
  add("blk.0.attn_output.weight", hidden, hidden, 1, 1, 2);
  add("blk.0.ffn_gate.weight", hidden, intermediate, 2, 32, 18);
  add("blk.0.ffn_up.weight", hidden, intermediate, 7, 32, 24);
  add("blk.0.ffn_down.weight", intermediate, hidden, 12, 256, 144);
  return writer.getFile();
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
  seeds.push_back({"gguf", Format::GGUF, getGGUF(), /*isModel=*/true});
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
