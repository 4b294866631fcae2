//===- QuantizedModules.cpp - Parts of quantized matrices -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedModules.h"
#include "QuantizedTensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace dlavm;
using namespace llvm;
using Format = Quantization::Format;

bool dlavm::isQuantized(const StringMap<Checkpoint::Entry> &tensors) {
  return any_of(tensors, [](const auto &entry) {
    StringRef type = entry.second.tensor.type;
    return !parseElementType(type) && type != "I64" && type != "BOOL";
  });
}

/// What the parts of a format are called, the codes first.
static ArrayRef<StringLiteral> getSuffixes(Format format) {
  static constexpr StringLiteral gptq[] = {"qweight", "qzeros", "scales",
                                           "g_idx"};
  static constexpr StringLiteral awq[] = {"qweight", "qzeros", "scales"};
  static constexpr StringLiteral packed[] = {"weight_packed", "weight_scale",
                                             "weight_zero_point",
                                             "weight_shape", "weight_g_idx"};
  // Activations, which have the last ones, are never rounded here.
  static constexpr StringLiteral fp8[] = {"weight", "weight_scale_inv",
                                          "weight_scale", "input_scale",
                                          "output_scale"};
  switch (format) {
  case Format::GPTQ:
    return gptq;
  case Format::AWQ:
    return awq;
  case Format::PackQuantized:
    return packed;
  case Format::FP8:
    return fp8;
  }
  llvm_unreachable("all formats are handled");
}

namespace {

/// A module and its parts.
class QuantizedModule {
public:
  QuantizedModule(const Quantization &quantization, std::string name)
      : quantization(quantization), name(std::move(name)) {}

  void add(StringRef suffix, const Checkpoint::Entry &entry) {
    parts[suffix.str()] = &entry;
  }
  /// Whether there are codes. Errors where there is anything else.
  Expected<bool> hasCodes() const;
  Expected<Checkpoint::Entry> join() const;

private:
  Expected<std::shared_ptr<const Tensor>> makeTensor() const;
  Expected<std::shared_ptr<const Tensor>> makeGPTQ() const;
  Expected<std::shared_ptr<const Tensor>> makeAWQ() const;
  Expected<std::shared_ptr<const Tensor>> makePacked() const;
  Expected<std::shared_ptr<const Tensor>> makeFP8() const;
  Expected<std::shared_ptr<const Tensor>>
  makeGrouped(GroupedTensor::Parts parts, int64_t outputs,
              int64_t inputs) const;

  const Checkpoint::Entry *find(StringRef suffix) const {
    auto it = parts.find(suffix.str());
    return it == parts.end() ? nullptr : it->second;
  }
  const Checkpoint::Entry &getCodes() const {
    return *find(getSuffixes(quantization.format).front());
  }
  /// A part of this type and shape; "float" is any that FP32 holds.
  Expected<const StoredTensor *> get(StringRef suffix, StringRef type,
                                     ArrayRef<int64_t> shape) const;
  Expected<SmallVector<int64_t, 2>> getCodeShape(StringRef type) const;
  Error readScales(StringRef suffix, ArrayRef<int64_t> shape,
                   GroupedTensor::Parts &parts) const;
  /// The one size of groups that GPTQ and AWQ have, and their scales.
  Error readUniformGroups(int64_t outputs, int64_t inputs,
                          GroupedTensor::Parts &parts) const;
  Error readGroups(StringRef suffix, int64_t inputs,
                   GroupedTensor::Parts &parts) const;
  Error checkZeros(const GroupedTensor &tensor,
                   const GroupedTensor::Parts &parts) const;
  Error refuse(StringRef suffix, const Twine &message) const {
    const Checkpoint::Entry *part = find(suffix);
    return createStringError((part ? part : &getCodes())->file +
                             ": the tensor '" + name + "." + suffix + "' " +
                             message);
  }

  const Quantization &quantization;
  std::string name;
  std::map<std::string, const Checkpoint::Entry *> parts;
};

} // namespace

Expected<bool> QuantizedModule::hasCodes() const {
  StringRef codes = getSuffixes(quantization.format).front();
  const Checkpoint::Entry *found = find(codes);
  if (quantization.format == Format::FP8 && found &&
      parseElementType(found->tensor.type))
    found = nullptr;
  if (found)
    return true;
  for (const auto &[suffix, entry] : parts)
    if (suffix != codes)
      return createStringError(entry->file + ": has the tensor '" + name + "." +
                               suffix + "', but '" + name + "." + codes +
                               "' is not there or not quantized");
  return false;
}

Expected<const StoredTensor *>
QuantizedModule::get(StringRef suffix, StringRef type,
                     ArrayRef<int64_t> shape) const {
  const Checkpoint::Entry *part = find(suffix);
  const bool isFloat = type == "float";
  const std::string wanted = (isFloat ? "F32, F16 or BF16" : type.str()) +
                             " of shape " + printShape(shape);
  if (!part)
    return refuse(suffix, "is missing; '" + name + "." +
                              getSuffixes(quantization.format).front() +
                              "' needs it, with " + wanted);
  const StoredTensor &tensor = part->tensor;
  const bool hasType = isFloat ? tensor.type != "F64" &&
                                     parseElementType(tensor.type).has_value()
                               : tensor.type == type;
  if (!hasType || ArrayRef<int64_t>(tensor.shape) != shape)
    return refuse(suffix,
                  "has the type " + tensor.type + " and the shape " +
                      printShape(tensor.shape) + ", but '" + name + "." +
                      getSuffixes(quantization.format).front() + "' of shape " +
                      printShape(getCodes().tensor.shape) + " needs " + wanted +
                      ", as 'quantization_config' of config.json says");
  return &tensor;
}

Expected<SmallVector<int64_t, 2>>
QuantizedModule::getCodeShape(StringRef type) const {
  const StoredTensor &codes = getCodes().tensor;
  if (codes.type == type && codes.shape.size() == 2 && codes.shape[0] > 0 &&
      codes.shape[1] > 0)
    return codes.shape;
  return refuse(getSuffixes(quantization.format).front(),
                "must be a matrix of " + type + ", found " + codes.type +
                    " of shape " + printShape(codes.shape));
}

Error QuantizedModule::readScales(StringRef suffix, ArrayRef<int64_t> shape,
                                  GroupedTensor::Parts &parts) const {
  Expected<const StoredTensor *> scales = get(suffix, "float", shape);
  if (!scales)
    return scales.takeError();
  parts.scaleType = *parseElementType((*scales)->type);
  parts.scales = (*scales)->bytes;
  return Error::success();
}

Error QuantizedModule::readUniformGroups(int64_t outputs, int64_t inputs,
                                         GroupedTensor::Parts &parts) const {
  parts.groupSize = quantization.groupSizes.front();
  if (parts.groupSize == 0)
    parts.groupSize = inputs;
  parts.groups = divideCeil(inputs, parts.groupSize);
  return readScales("scales", {parts.groups, outputs}, parts);
}

/// Reads which group each input belongs to, if there is a tensor that says it.
Error QuantizedModule::readGroups(StringRef suffix, int64_t inputs,
                                  GroupedTensor::Parts &parts) const {
  if (!find(suffix)) {
    if (!quantization.hasScatteredGroups)
      return Error::success();
    return get(suffix, "I32", {inputs}).takeError();
  }
  Expected<const StoredTensor *> groups = get(suffix, "I32", {inputs});
  if (!groups)
    return groups.takeError();
  bool isScattered = false;
  for (int64_t input = 0; input < inputs; ++input) {
    const auto group = static_cast<int32_t>(
        support::endian::read32le((*groups)->bytes.data() + 4 * input));
    if (group < 0 || group >= parts.groups)
      return refuse(suffix, "gives input " + Twine(input) + " the group " +
                                Twine(group) + ", but there are " +
                                Twine(parts.groups));
    isScattered |= group != input / parts.groupSize;
    parts.groupOfInput.push_back(group);
  }
  if (!isScattered)
    parts.groupOfInput.clear();
  if (isScattered && quantization.format == Format::GPTQ &&
      !quantization.hasScatteredGroups)
    return refuse(suffix, "has groups of other inputs than " +
                              Twine(parts.groupSize) +
                              " neighbours, but 'desc_act' of config.json's "
                              "'quantization_config' is not true");
  return Error::success();
}

Error QuantizedModule::checkZeros(const GroupedTensor &tensor,
                                  const GroupedTensor::Parts &parts) const {
  // What all zero points are where they are read in the other version.
  const int64_t shifted = quantization.storesZerosLessOne ? 9 : 7;
  bool areShifted = true;
  for (int64_t output = 0; output < tensor.getShape()[0]; ++output)
    for (int64_t group = 0; group < parts.groups; ++group) {
      const int64_t zero = tensor.getZero(output, group);
      auto getPlace = [&] {
        return " of output " + Twine(output).str() + " and group " +
               Twine(group).str();
      };
      // Readers take it for 0 or 16, and writers let it overflow into others.
      if (zero == 16)
        return refuse("qzeros", "stores the zero point less 1 as 15, that" +
                                    getPlace() +
                                    ", which readers of GPTQ understand in "
                                    "different ways; convert the checkpoint to "
                                    "the format gptq_v2");
      if (quantization.isSymmetric && zero != 8)
        return refuse("qzeros",
                      "has the zero point " + Twine(zero) + getPlace() +
                          ", but 'sym' of config.json's "
                          "'quantization_config' is true, or absent, which "
                          "makes all 8");
      areShifted &= zero == shifted;
    }
  if (areShifted)
    return refuse(
        "qzeros",
        "has the zero point " + Twine(shifted) +
            " everywhere, which is the 8 of the other version; "
            "'checkpoint_format' of config.json's "
            "'quantization_config' must be " +
            (quantization.storesZerosLessOne ? R"("gptq_v2")" : R"("gptq")"));
  return Error::success();
}

/// Completes parts that have their codes.
Expected<std::shared_ptr<const Tensor>>
QuantizedModule::makeGrouped(GroupedTensor::Parts parts, int64_t outputs,
                             int64_t inputs) const {
  auto tensor = std::make_shared<GroupedTensor>(
      ArrayRef<int64_t>{outputs, inputs}, getCodes().file, parts);
  if (parts.zeros && quantization.format == Format::GPTQ)
    if (Error error = checkZeros(*tensor, parts))
      return error;
  return tensor;
}

Expected<std::shared_ptr<const Tensor>> QuantizedModule::makeGPTQ() const {
  Expected<SmallVector<int64_t, 2>> shape = getCodeShape("I32");
  if (!shape)
    return shape.takeError();
  const int64_t inputs = (*shape)[0] * 8, outputs = (*shape)[1];
  GroupedTensor::Parts parts;
  parts.isTransposed = true;
  parts.codes = {getCodes().tensor.bytes, inputs, outputs,
                 /*isAlongRows=*/true};
  if (Error error = readUniformGroups(outputs, inputs, parts))
    return error;
  Expected<const StoredTensor *> zeros =
      get("qzeros", "I32", {parts.groups, int64_t(divideCeil(outputs, 8))});
  if (!zeros)
    return zeros.takeError();
  parts.zeros = Nibbles{(*zeros)->bytes, parts.groups, outputs};
  parts.zeroOffset = quantization.storesZerosLessOne ? 1 : 0;
  if (Error error = readGroups("g_idx", inputs, parts))
    return error;
  return makeGrouped(std::move(parts), outputs, inputs);
}

Expected<std::shared_ptr<const Tensor>> QuantizedModule::makeAWQ() const {
  Expected<SmallVector<int64_t, 2>> shape = getCodeShape("I32");
  if (!shape)
    return shape.takeError();
  const int64_t inputs = (*shape)[0], outputs = (*shape)[1] * 8;
  // A word has the neighbours 0, 2, 4, 6, 1, 3, 5 and 7.
  constexpr std::array<uint8_t, 8> shifts = {0, 16, 4, 20, 8, 24, 12, 28};
  GroupedTensor::Parts parts;
  parts.isTransposed = true;
  parts.codes = {getCodes().tensor.bytes, inputs, outputs,
                 /*isAlongRows=*/false, shifts};
  if (Error error = readUniformGroups(outputs, inputs, parts))
    return error;
  Expected<const StoredTensor *> zeros =
      get("qzeros", "I32", {parts.groups, outputs / 8});
  if (!zeros)
    return zeros.takeError();
  parts.zeros = Nibbles{(*zeros)->bytes, parts.groups, outputs,
                        /*isAlongRows=*/false, shifts};
  return makeGrouped(std::move(parts), outputs, inputs);
}

Expected<std::shared_ptr<const Tensor>> QuantizedModule::makePacked() const {
  Expected<SmallVector<int64_t, 2>> packed = getCodeShape("I32");
  if (!packed)
    return packed.takeError();
  Expected<const StoredTensor *> shape = get("weight_shape", "I64", {2});
  if (!shape)
    return shape.takeError();
  const auto outputs =
      static_cast<int64_t>(support::endian::read64le((*shape)->bytes.data()));
  const auto inputs = static_cast<int64_t>(
      support::endian::read64le((*shape)->bytes.data() + 8));
  if (outputs != (*packed)[0] || inputs <= (*packed)[1] * 8 - 8 ||
      inputs > (*packed)[1] * 8)
    return refuse("weight_shape",
                  "says " + printShape({outputs, inputs}) + ", but '" + name +
                      ".weight_packed' of 4-bit codes has the shape " +
                      printShape(*packed));
  GroupedTensor::Parts parts;
  parts.codes = {getCodes().tensor.bytes, outputs, inputs};
  // The one that has as many groups as there are scales, or any for a message.
  const Checkpoint::Entry *scales = find("weight_scale");
  for (int64_t size : quantization.groupSizes) {
    parts.groupSize = size == 0 ? inputs : size;
    parts.groups = divideCeil(inputs, parts.groupSize);
    if (scales && scales->tensor.shape.size() == 2 &&
        scales->tensor.shape[1] == parts.groups)
      break;
  }
  if (Error error = readScales("weight_scale", {outputs, parts.groups}, parts))
    return error;
  const Checkpoint::Entry *zeros = find("weight_zero_point");
  if (!zeros && !quantization.isSymmetric)
    return get("weight_zero_point", "I8", {outputs, parts.groups}).takeError();
  if (zeros) {
    const bool isPacked = zeros->tensor.type == "I32";
    const int64_t rows = isPacked ? divideCeil(outputs, 8) : outputs;
    Expected<const StoredTensor *> checked =
        get("weight_zero_point", isPacked ? "I32" : "I8", {rows, parts.groups});
    if (!checked)
      return checked.takeError();
    if (isPacked) {
      parts.zeros = Nibbles{(*checked)->bytes, outputs, parts.groups,
                            /*isAlongRows=*/true};
    } else {
      parts.zeroBytes = (*checked)->bytes;
      // Codes are stored plus 8, and so are packed zero points.
      parts.zeroOffset = 8;
      for (uint8_t byte : parts.zeroBytes)
        if (const auto zero = static_cast<int8_t>(byte); zero < -8 || zero > 7)
          return refuse("weight_zero_point", "has the zero point " +
                                                 Twine(int(zero)) +
                                                 ", which is no 4-bit code");
    }
  }
  if (Error error = readGroups("weight_g_idx", inputs, parts))
    return error;
  return makeGrouped(std::move(parts), outputs, inputs);
}

Expected<std::shared_ptr<const Tensor>> QuantizedModule::makeFP8() const {
  Expected<SmallVector<int64_t, 2>> shape = getCodeShape("F8_E4M3");
  if (!shape)
    return shape.takeError();
  const int64_t outputs = (*shape)[0], inputs = (*shape)[1];
  const bool hasInverse = find("weight_scale_inv");
  if (hasInverse && find("weight_scale"))
    return refuse("weight_scale", "and '" + name +
                                      ".weight_scale_inv' are both there, but "
                                      "only one can be the scale");
  const StringRef suffix =
      hasInverse || (quantization.block && !find("weight_scale"))
          ? "weight_scale_inv"
          : "weight_scale";
  FP8Tensor::Parts parts;
  parts.codes = getCodes().tensor.bytes;
  SmallVector<int64_t, 2> wanted;
  if (quantization.block) {
    std::tie(parts.blockRows, parts.blockColumns) = *quantization.block;
    wanted = {int64_t(divideCeil(outputs, parts.blockRows)),
              int64_t(divideCeil(inputs, parts.blockColumns))};
  } else {
    // One for each output, or one for all of them, in any rank.
    const Checkpoint::Entry *scale = find(suffix);
    const auto isOne = [](int64_t dim) { return dim == 1; };
    const bool isSingle = !scale || all_of(scale->tensor.shape, isOne);
    parts.blockRows = isSingle ? outputs : 1;
    parts.blockColumns = inputs;
    if (scale && isSingle)
      wanted = scale->tensor.shape;
    else if (scale && scale->tensor.shape.size() == 1)
      wanted = {outputs};
    else
      wanted = {outputs, 1};
  }
  Expected<const StoredTensor *> scales = get(suffix, "float", wanted);
  if (!scales)
    return scales.takeError();
  parts.scaleType = *parseElementType((*scales)->type);
  parts.scales = (*scales)->bytes;
  return std::make_shared<FP8Tensor>(ArrayRef<int64_t>{outputs, inputs},
                                     getCodes().file, parts);
}

Expected<std::shared_ptr<const Tensor>> QuantizedModule::makeTensor() const {
  switch (quantization.format) {
  case Format::GPTQ:
    return makeGPTQ();
  case Format::AWQ:
    return makeAWQ();
  case Format::PackQuantized:
    return makePacked();
  case Format::FP8:
    return makeFP8();
  }
  llvm_unreachable("all formats are handled");
}

Expected<Checkpoint::Entry> QuantizedModule::join() const {
  Expected<std::shared_ptr<const Tensor>> tensor = makeTensor();
  if (!tensor)
    return tensor.takeError();
  Checkpoint::Entry entry = getCodes();
  entry.tensor.name = name + ".weight";
  entry.tensor.shape.assign((*tensor)->getShape().begin(),
                            (*tensor)->getShape().end());
  entry.quantized = std::move(*tensor);
  return entry;
}

Error dlavm::joinQuantized(const Quantization &quantization,
                           StringMap<Checkpoint::Entry> &tensors) {
  // Sorted, so that of several errors it is always the same one.
  std::map<std::string, QuantizedModule> modules;
  for (const auto &entry : tensors) {
    const auto [module, suffix] = entry.first().rsplit('.');
    if (is_contained(getSuffixes(quantization.format), suffix))
      modules.try_emplace(module.str(), quantization, module.str())
          .first->second.add(suffix, entry.second);
  }
  std::vector<Checkpoint::Entry> joined;
  std::vector<std::string> parts;
  for (const auto &[name, module] : modules) {
    Expected<bool> hasCodes = module.hasCodes();
    if (!hasCodes)
      return hasCodes.takeError();
    if (!*hasCodes)
      continue;
    Expected<Checkpoint::Entry> entry = module.join();
    if (!entry)
      return entry.takeError();
    joined.push_back(std::move(*entry));
    for (StringRef suffix : getSuffixes(quantization.format))
      parts.push_back((name + "." + suffix).str());
  }
  for (StringRef part : parts)
    tensors.erase(part);
  for (Checkpoint::Entry &entry : joined) {
    const std::string name = entry.tensor.name, file = entry.file.str();
    if (!tensors.try_emplace(name, std::move(entry)).second)
      return createStringError(file + ": has the tensor '" + name +
                               "' in floating point and quantized");
  }
  return Error::success();
}
