//===- Checkpoint.cpp - Hugging Face checkpoints --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "TensorNames.h"

#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"
#include "DLAVM/Support/OutputDirectory.h"
#include "QuantizedModules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kSingleFile("model.safetensors");
static constexpr StringLiteral kIndexFile("model.safetensors.index.json");

/// The names of the files in \p directory, sorted.
static std::vector<std::string> listFiles(StringRef directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (sys::fs::directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    names.push_back(sys::path::filename(it->path()).str());
  sort(names);
  return names;
}

static bool isSafetensors(StringRef name) {
  return name.ends_with(".safetensors") && !name.starts_with(".");
}

static bool isPyTorch(StringRef name) {
  return name.starts_with("pytorch_model") &&
         (name.ends_with(".bin") || name.ends_with(".bin.index.json"));
}

bool Checkpoint::hasTensors(StringRef path) {
  return GGUFModel::isModel(path) ||
         any_of(listFiles(path), [](StringRef name) {
           return isSafetensors(name) || isPyTorch(name) || name == kIndexFile;
         });
}

std::vector<std::string> Checkpoint::getInputFiles(StringRef path) {
  if (!sys::fs::is_directory(path))
    return GGUFModel::getFiles(path);
  std::vector<std::string> files;
  for (StringRef name : listFiles(path))
    if (isSafetensors(name) || name.ends_with(".json")) {
      SmallString<128> file(path);
      sys::path::append(file, name);
      files.push_back(file.str().str());
    }
  return files;
}

std::string Checkpoint::getFile(StringRef name) const {
  SmallString<128> file(directory);
  sys::path::append(file, name);
  return file.str().str();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Error Checkpoint::openFile(StringRef name) {
  const std::string file = getFile(name);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openBinaryFile(file);
  if (!buffer)
    return createStringError(
        file + ": cannot be read: " + toString(buffer.takeError()));
  Expected<SafetensorsContent> content =
      parseSafetensors((*buffer)->getBuffer(), file);
  if (!content)
    return content.takeError();
  files.push_back(std::move(*buffer));
  StringRef origin = files.back()->getBufferIdentifier();
  append_range(metadata, content->metadata);
  for (StoredTensor &tensor : content->tensors) {
    const std::string tensorName = tensor.name;
    auto [it, isNew] =
        tensors.try_emplace(tensorName, Entry{std::move(tensor), origin});
    if (!isNew)
      return createStringError(origin + ": has the tensor '" + tensorName +
                               "', but so has " + it->second.file);
  }
  return Error::success();
}

/// Opens the files of an index and checks that they have what it says.
Error Checkpoint::openIndex(const json::Object &index) {
  const json::Object *map = index.getObject("weight_map");
  if (!map)
    return createStringError(path + ": 'weight_map' must be an object, found " +
                             printJSON(index.get("weight_map")));
  StringMap<std::string> places;
  for (StringRef tensor : getSortedKeys(*map)) {
    std::optional<StringRef> file = map->getString(tensor);
    // The files lie beside the index; a path may lead anywhere.
    if (!file || !isSafetensors(*file) || sys::path::filename(*file) != *file)
      return createStringError(
          path +
          ": 'weight_map' must name a .safetensors file beside it for "
          "the tensor '" +
          tensor + "', found " + printJSON(map->get(tensor)));
    std::string &place = places[*file];
    if (place.empty()) {
      place = getFile(*file);
      if (!sys::fs::exists(place))
        return createStringError(path + ": names the file '" + *file +
                                 "', which is missing; is the download "
                                 "complete?");
      if (Error error = openFile(*file))
        return error;
    }
    auto it = tensors.find(tensor);
    if (it == tensors.end() || it->second.file != place)
      return createStringError(place + ": has no tensor '" + tensor +
                               "', but " + kIndexFile + " says so");
  }
  for (StringRef tensor : getTensorNames())
    if (!map->get(tensor))
      return createStringError(tensors[tensor].file + ": has the tensor '" +
                               tensor + "', of which " + kIndexFile +
                               " says nothing");
  return Error::success();
}

Error Checkpoint::openFiles() {
  const std::vector<std::string> present = listFiles(directory);
  std::vector<std::string> names;
  copy_if(present, std::back_inserter(names), isSafetensors);
  // Some models are published in two layouts.
  auto others =
      std::stable_partition(names.begin(), names.end(), [](StringRef name) {
        return !name.starts_with("consolidated");
      });
  if (others != names.begin()) {
    for (auto it = others; it != names.end(); ++it)
      notes.push_back(getFile(*it) +
                      ": is the model in another layout, and left out");
    names.erase(others, names.end());
  }

  path = getFile(kSingleFile);
  if (sys::fs::exists(path))
    return openFile(kSingleFile);

  path = getFile(kIndexFile);
  Expected<std::optional<json::Object>> index =
      readOptionalJSONFile(getFile(kIndexFile));
  if (!index)
    return index.takeError();
  if (*index)
    return openIndex(**index);

  path = directory;
  for (StringRef name : names)
    if (Error error = openFile(name))
      return error;
  if (!files.empty())
    return Error::success();
  if (any_of(present, isPyTorch))
    return createStringError(
        directory +
        ": has its tensors in PyTorch's own format only; convert them to "
        "safetensors, as save_pretrained(DIR, safe_serialization=True) of "
        "Transformers does");
  return createStringError(directory + ": has no " + kSingleFile + " and no " +
                           kIndexFile + GGUFModel::explainDirectory(directory));
}

Error Checkpoint::openGGUF() {
  path = directory;
  Expected<GGUFModel> model = GGUFModel::open(path);
  if (!model)
    return model.takeError();
  files = std::move(model->files);
  for (GGUFModel::Tensor &tensor : model->tensors) {
    const GGUFTensorInfo &stored = tensor.stored;
    Entry entry{
        {stored.name, stored.encoding->name.str(), stored.shape, stored.bytes},
        tensor.file};
    const std::string name = tensor.name;
    if (!tensors.try_emplace(name, std::move(entry)).second)
      return createStringError(tensor.file + ": has two tensors that are '" +
                               name + "', one of them is '" + stored.name +
                               "'");
    ggufTensors.try_emplace(name, std::move(tensor));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

Error Checkpoint::unwrapNames() {
  const std::vector<StringRef> stored = getTensorNames();
  const std::vector<std::string> names = unwrapTensorNames(stored);
  StringMap<Entry> unwrapped;
  bool isWrapped = false;
  for (auto [from, name] : zip_equal(stored, names)) {
    Entry &entry = tensors[from];
    auto [it, isNew] = unwrapped.try_emplace(name, entry);
    if (!isNew)
      return createStringError(entry.file + ": has the tensor '" + from +
                               "', which is the model's '" + name +
                               "', but so is '" + it->second.tensor.name +
                               "' of " + it->second.file);
    if (name != from && !std::exchange(isWrapped, true))
      notes.push_back(path + ": '" + from.str() + "' and others like it are " +
                      "read as '" + name + "'");
  }
  tensors = std::move(unwrapped);
  for (auto &[name, tensor] : metadata) {
    name = unwrapTensorNames({name}).front();
    tensor = unwrapTensorNames({tensor}).front();
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Quantized tensors
//===----------------------------------------------------------------------===//

Error Checkpoint::joinQuantizedTensors(const json::Object &config) {
  const json::Value *value = config.get("quantization_config");
  if (!value || value->kind() == json::Value::Null)
    return Error::success();
  // Programs that dequantize a model leave it behind.
  if (!isQuantized(tensors)) {
    notes.push_back(getFile("config.json") + ": 'quantization_config' is " +
                    printJSON(value) +
                    ", but all tensors are in floating point, so it says "
                    "nothing of them");
    return Error::success();
  }
  Expected<Quantization> quantization =
      parseQuantization(*value, getFile("config.json"));
  if (!quantization)
    return quantization.takeError();
  return joinQuantized(*quantization, tensors);
}

//===----------------------------------------------------------------------===//
// Tied tensors
//===----------------------------------------------------------------------===//

/// The embedding and the output layer of each family of architectures.
static constexpr std::pair<StringLiteral, StringLiteral> kTiedTensors[] = {
    {"model.embed_tokens.weight", "lm_head.weight"},
    {"transformer.embedding.word_embeddings.weight",
     "transformer.output_layer.weight"}};

StringRef Checkpoint::getTiedName(StringRef name) {
  for (auto [embedding, output] : kTiedTensors)
    if (name == embedding || name == output)
      return name == embedding ? output : embedding;
  return {};
}

/// Programs that store one of several equal tensors say in `__metadata__` which
/// names mean it.
Error Checkpoint::resolveMetadata() {
  for (auto &[name, tensor] : metadata) {
    if (tensors.contains(name) || !tensors.contains(tensor))
      continue;
    auto [it, isNew] = aliases.try_emplace(name, tensor);
    if (!isNew && it->second != tensor)
      return createStringError(path + ": '__metadata__' says that '" + name +
                               "' is the tensor '" + it->second + "' and '" +
                               tensor + "'");
  }
  return Error::success();
}

Error Checkpoint::tieEmbeddings(const json::Object &config) {
  if (!config.getBoolean("tie_word_embeddings").value_or(false))
    return Error::success();
  for (auto [embedding, output] : kTiedTensors) {
    auto embeddingIt = tensors.find(embedding), outputIt = tensors.find(output);
    if (embeddingIt != tensors.end() && outputIt != tensors.end()) {
      const StoredTensor &one = embeddingIt->second.tensor;
      const StoredTensor &other = outputIt->second.tensor;
      // Equal codes may have other scales.
      if (one.type != other.type || one.shape != other.shape ||
          one.bytes != other.bytes || outputIt->second.quantized)
        return createStringError(
            outputIt->second.file + ": the tensor '" + output +
            "' is not equal to '" + embedding +
            "', but config.json says that both are one; set its "
            "'tie_word_embeddings' to false if they are not");
      tensors.erase(outputIt);
    }
    if (tensors.contains(embedding))
      aliases.try_emplace(output, embedding);
    else if (tensors.contains(output))
      aliases.try_emplace(embedding, output);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Error Checkpoint::openDirectory() {
  if (Error error = recoverOutputs(directory))
    return error;
  if (Error error = openFiles())
    return error;
  Expected<std::optional<json::Object>> config =
      readOptionalJSONFile(getFile("config.json"));
  if (!config)
    return config.takeError();
  const json::Object keys = std::move(*config).value_or(json::Object());
  if (Error error = joinQuantizedTensors(keys))
    return error;
  if (Error error = unwrapNames())
    return error;
  if (Error error = resolveMetadata())
    return error;
  return tieEmbeddings(keys);
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::open(StringRef path) {
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint(path));
  if (Error error = GGUFModel::isModel(path) ? checkpoint->openGGUF()
                                             : checkpoint->openDirectory())
    return error;
  return checkpoint;
}

StringRef Checkpoint::resolve(StringRef name) const {
  auto alias = aliases.find(name);
  auto it = tensors.find(alias == aliases.end() ? name : alias->second);
  return it == tensors.end() ? StringRef() : it->first();
}

std::vector<StringRef> Checkpoint::getTensorNames() const {
  std::vector<StringRef> names(tensors.keys().begin(), tensors.keys().end());
  sort(names);
  return names;
}

Expected<std::shared_ptr<const Tensor>> Checkpoint::getTensor(StringRef name) {
  StringRef stored = resolve(name);
  if (stored.empty())
    return createStringError(path + ": has no tensor '" + name + "'");
  if (auto it = ggufTensors.find(stored); it != ggufTensors.end())
    return it->second.open();
  const auto &[tensor, file, quantized] = getStored(stored);
  if (quantized)
    return quantized;
  if (std::optional<ElementType> type = parseElementType(tensor.type))
    return std::make_shared<FloatTensor>(*type, tensor.shape, tensor.bytes,
                                         file);
  return createStringError(file + ": the tensor '" + name + "' has the type " +
                           tensor.type +
                           ", but F64, F32, F16 or BF16 is needed");
}
