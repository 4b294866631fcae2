//===- Quantization.cpp - How a checkpoint is quantized -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Quantization.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

namespace {

class QuantizationParser {
public:
  QuantizationParser(const json::Object &config, StringRef file)
      : config(config), file(file) {}

  Expected<Quantization> parse();

private:
  Expected<Quantization> parseGPTQ();
  Expected<Quantization> parseAWQ();
  Expected<Quantization> parseCompressedTensors();
  Error parseGroup(StringRef name, const json::Value &group,
                   Quantization &result);
  Expected<Quantization> parseFP8();

  Error checkBits(const json::Object &object, StringRef path, StringRef key,
                  int64_t bits);
  Error parseGroupSize(const json::Object &object, StringRef path,
                       Quantization &result);
  Error parseBlock(const json::Object &object, StringRef path, StringRef key,
                   Quantization &result);
  Expected<std::string> getString(const json::Object &object, StringRef path,
                                  StringRef key, StringRef absent);
  Expected<bool> getBool(StringRef key, bool absent);

  /// "FILE: 'quantization_config.KEY' must be WANTED, found VALUE".
  Error refuse(const json::Object &object, StringRef path, StringRef key,
               const Twine &wanted) {
    return createStringError(file + ": '" + path + "." + key + "' must be " +
                             wanted + ", found " + printJSON(object.get(key)));
  }

  const json::Object &config;
  StringRef file;
};

} // namespace

static constexpr StringLiteral kPath("quantization_config");

/// A key that is null says as much as one that is absent.
static const json::Value *getValue(const json::Object &object, StringRef key) {
  const json::Value *value = object.get(key);
  return value && value->kind() != json::Value::Null ? value : nullptr;
}

Expected<std::string> QuantizationParser::getString(const json::Object &object,
                                                    StringRef path,
                                                    StringRef key,
                                                    StringRef absent) {
  const json::Value *value = getValue(object, key);
  if (!value)
    return absent.str();
  if (std::optional<StringRef> text = value->getAsString())
    return text->lower();
  return refuse(object, path, key, "a string");
}

Expected<bool> QuantizationParser::getBool(StringRef key, bool absent) {
  const json::Value *value = getValue(config, key);
  if (!value)
    return absent;
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  return refuse(config, kPath, key, "true or false");
}

Error QuantizationParser::checkBits(const json::Object &object, StringRef path,
                                    StringRef key, int64_t bits) {
  const json::Value *value = getValue(object, key);
  if (value && value->getAsInteger() == bits)
    return Error::success();
  return refuse(object, path, key,
                Twine(bits) + ": other numbers of bits are not read");
}

Error QuantizationParser::parseGroupSize(const json::Object &object,
                                         StringRef path, Quantization &result) {
  const json::Value *value = getValue(object, "group_size");
  const std::optional<int64_t> size = value ? value->getAsInteger() : 128;
  // The limit keeps sums of it and a matrix's inputs in range.
  if (!size || (*size != -1 && (*size < 1 || *size > INT32_MAX)))
    return refuse(object, path, "group_size",
                  "a number of inputs, or -1 for all of them");
  result.groupSizes.push_back(std::max<int64_t>(*size, 0));
  return Error::success();
}

Expected<Quantization> QuantizationParser::parseGPTQ() {
  Quantization result;
  result.format = Quantization::Format::GPTQ;
  if (Error error = checkBits(config, kPath, "bits", 4))
    return error;
  if (Error error = parseGroupSize(config, kPath, result))
    return error;
  // Its name was format for a time.
  const StringRef key =
      getValue(config, "checkpoint_format") ? "checkpoint_format" : "format";
  Expected<std::string> format = getString(config, kPath, key, "gptq");
  if (!format)
    return format.takeError();
  if (*format != "gptq" && *format != "gptq_v2")
    return refuse(config, kPath, key, R"("gptq" or "gptq_v2")");
  result.storesZerosLessOne = *format == "gptq";
  Expected<bool> isSymmetric = getBool("sym", true);
  if (!isSymmetric)
    return isSymmetric.takeError();
  result.isSymmetric = *isSymmetric;
  Expected<bool> hasScatteredGroups = getBool("desc_act", false);
  if (!hasScatteredGroups)
    return hasScatteredGroups.takeError();
  result.hasScatteredGroups = *hasScatteredGroups;
  return result;
}

Expected<Quantization> QuantizationParser::parseAWQ() {
  Quantization result;
  result.format = Quantization::Format::AWQ;
  if (Error error = checkBits(config, kPath, "bits", 4))
    return error;
  if (Error error = parseGroupSize(config, kPath, result))
    return error;
  Expected<std::string> version = getString(config, kPath, "version", "gemm");
  if (!version)
    return version.takeError();
  if (*version != "gemm")
    return refuse(config, kPath, "version",
                  R"("gemm": other layouts of AWQ are not read)");
  Expected<std::string> backend =
      getString(config, kPath, "backend", "autoawq");
  if (!backend)
    return backend.takeError();
  if (*backend != "autoawq")
    return refuse(config, kPath, "backend", R"("autoawq")");
  return result;
}

Error QuantizationParser::parseBlock(const json::Object &object, StringRef path,
                                     StringRef key, Quantization &result) {
  const json::Value *value = getValue(object, key);
  if (!value)
    return Error::success();
  const json::Array *array = value->getAsArray();
  SmallVector<int64_t, 2> sizes;
  if (array)
    for (const json::Value &element : *array)
      sizes.push_back(element.getAsInteger().value_or(0));
  if (sizes.size() != 2 ||
      !all_of(sizes, [](int64_t size) { return size > 0 && size < INT32_MAX; }))
    return refuse(object, path, key, "two numbers, of outputs and inputs");
  result.block = {sizes[0], sizes[1]};
  return Error::success();
}

/// An entry of `config_groups`: how some modules are quantized.
Error QuantizationParser::parseGroup(StringRef name, const json::Value &group,
                                     Quantization &result) {
  const std::string path = (kPath + ".config_groups." + name).str();
  const json::Object *weights = nullptr;
  if (const json::Object *object = group.getAsObject()) {
    // Newer files say the format of each group, too.
    Expected<std::string> format = getString(
        *object, path, "format", config.getString("format").value_or(""));
    if (!format)
      return format.takeError();
    if (*format != config.getString("format").value_or(""))
      return refuse(*object, path, "format", "the format of all groups");
    weights = object->getObject("weights");
  }
  if (!weights)
    return createStringError(file + ": '" + path +
                             "' must have an object 'weights', found " +
                             printJSON(&group));
  const std::string weightsPath = path + ".weights";
  const bool isFloat = result.format == Quantization::Format::FP8;
  if (Error error =
          checkBits(*weights, weightsPath, "num_bits", isFloat ? 8 : 4))
    return error;
  const json::Value *symmetric = getValue(*weights, "symmetric");
  if (symmetric && !symmetric->getAsBoolean())
    return refuse(*weights, weightsPath, "symmetric", "true or false");
  result.isSymmetric |= !symmetric || *symmetric->getAsBoolean();
  Expected<std::string> type = getString(*weights, weightsPath, "type", "int");
  if (!type)
    return type.takeError();
  if (*type != (isFloat ? "float" : "int"))
    return refuse(*weights, weightsPath, "type",
                  isFloat ? R"("float")" : R"("int")");
  Expected<std::string> strategy =
      getString(*weights, weightsPath, "strategy",
                getValue(*weights, "group_size") ? "group" : "tensor");
  if (!strategy)
    return strategy.takeError();
  if (isFloat && *strategy == "block")
    return parseBlock(*weights, weightsPath, "block_structure", result);
  if (*strategy == "channel" || (isFloat && *strategy == "tensor")) {
    result.groupSizes.push_back(0);
    return Error::success();
  }
  if (isFloat || *strategy != "group")
    return refuse(*weights, weightsPath, "strategy",
                  isFloat ? R"("block", "channel" or "tensor")"
                          : R"("group" or "channel")");
  return parseGroupSize(*weights, weightsPath, result);
}

Expected<Quantization> QuantizationParser::parseCompressedTensors() {
  Quantization result;
  Expected<std::string> format = getString(config, kPath, "format", "");
  if (!format)
    return format.takeError();
  if (*format == "pack-quantized")
    result.format = Quantization::Format::PackQuantized;
  else if (*format == "float-quantized" || *format == "naive-quantized")
    result.format = Quantization::Format::FP8;
  else
    return refuse(config, kPath, "format",
                  R"("pack-quantized" or "float-quantized")");
  // What it says of sparse weights.
  if (const json::Value *sparsity = getValue(config, "sparsity_config")) {
    const json::Object *object = sparsity->getAsObject();
    if (!object || (!object->empty() &&
                    object->getString("format").value_or("") != "dense"))
      return refuse(config, kPath, "sparsity_config", "absent or dense");
  }
  const json::Object *groups = config.getObject("config_groups");
  if (!groups || groups->empty())
    return refuse(config, kPath, "config_groups", "an object of groups");
  for (StringRef name : getSortedKeys(*groups))
    if (Error error = parseGroup(name, *groups->get(name), result))
      return error;
  return result;
}

Expected<Quantization> QuantizationParser::parseFP8() {
  Quantization result;
  result.format = Quantization::Format::FP8;
  Expected<std::string> type = getString(config, kPath, "fmt", "e4m3");
  if (!type)
    return type.takeError();
  if (*type != "e4m3" && *type != "float8_e4m3fn")
    return refuse(config, kPath, "fmt", R"("e4m3")");
  if (Error error = parseBlock(config, kPath, "weight_block_size", result))
    return error;
  return result;
}

Expected<Quantization> QuantizationParser::parse() {
  // Old files of bitsandbytes do not name it.
  const bool isBitsAndBytes =
      getValue(config, "load_in_4bit") || getValue(config, "load_in_8bit");
  Expected<std::string> method = getString(
      config, kPath, "quant_method", isBitsAndBytes ? "bitsandbytes" : "");
  if (!method)
    return method.takeError();
  if (*method == "gptq")
    return parseGPTQ();
  if (*method == "awq")
    return parseAWQ();
  if (*method == "compressed-tensors")
    return parseCompressedTensors();
  if (*method == "fp8")
    return parseFP8();
  const std::string found = method->empty() ? "no quant_method"
                                            : "the quant_method \"" + *method +
                                                  "\", which is not read";
  return createStringError(
      file + ": '" + kPath + "' has " + found +
      "; read are \"gptq\", \"awq\", "
      "\"compressed-tensors\" and \"fp8\"; save the model in floating point, "
      "as dequantize() of Transformers does, or take a checkpoint that is");
}

Expected<Quantization> dlavm::parseQuantization(const json::Value &config,
                                                StringRef file) {
  const json::Object *object = config.getAsObject();
  if (!object)
    return createStringError(file + ": '" + kPath +
                             "' must be an object, found " +
                             printJSON(&config));
  return QuantizationParser(*object, file).parse();
}
