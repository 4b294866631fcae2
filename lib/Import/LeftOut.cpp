//===- LeftOut.cpp - Tensors that a model leaves out ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LeftOut.h"


using namespace mlir;
using namespace dlavm;

LogicalResult LeftOut::ignore(ModuleOp module, ArrayRef<std::string> texts) {
  for (const std::string &text : texts) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(text);
    if (!pattern)
      return mlir::emitError(UnknownLoc::get(module.getContext()))
             << "--ignore-tensors=" << text
             << " is no pattern: " << llvm::toString(pattern.takeError())
             << "; '*' stands for any part of a name";
    patterns.push_back(std::move(*pattern));
  }
  return success();
}

/// Whether models compute what the tensor \p name has, so that it is not read.
static bool isTable(StringRef name) {
  constexpr StringLiteral tables[] = {
      "rotary_emb.inv_freq", "rotary_pos_emb.inv_freq", "rotary_emb.cos_cached",
      "rotary_emb.sin_cached", "masked_bias"};
  return llvm::any_of(tables,
                      [&](StringRef table) { return name.ends_with(table); });
}

/// Whether the tensor says of which tokens a token sees which.
static bool isMask(StringRef name, const StoredTensor &tensor) {
  constexpr StringLiteral masks[] = {"attn.bias", "attention.bias",
                                     "causal_mask", "attn_mask"};
  ArrayRef<int64_t> shape = tensor.shape;
  return shape.size() >= 2 && shape.back() == shape[shape.size() - 2] &&
         llvm::all_of(shape.drop_back(2),
                      [](int64_t size) { return size == 1; }) &&
         llvm::any_of(masks,
                      [&](StringRef mask) { return name.ends_with(mask); });
}

bool LeftOut::isPrediction(StringRef name) const {
  // "model.mtp_layers.0.", "mtp.", "model.layers.61." of a model with 61.
  if (name.starts_with("mtp.") || name.contains(".mtp.") ||
      name.contains("mtp_layers."))
    return true;
  const auto [front, back] = StringRef(layerPrefix).split("{layer}");
  int64_t layer = 0;
  return name.consume_front(front) && !name.consumeInteger(10, layer) &&
         name.starts_with(back) && layer >= firstLayer &&
         layer - firstLayer < count;
}

void LeftOut::addTo(StringRef reason, StringRef name) {
  Group &group = groups[reason];
  if (group.count++ == 0)
    group.first = name.str();
}

bool LeftOut::add(StringRef name, const StoredTensor &tensor) {
  if (isTable(name))
    return true;
  if (isMask(name, tensor)) {
    addTo("a causal mask, which the device makes itself", name);
    return true;
  }
  // Programs that quantize give every linear layer one.
  if (name.ends_with(".bias") &&
      llvm::all_of(tensor.bytes, [](uint8_t byte) { return byte == 0; })) {
    addTo("a bias of zeros, which adds nothing", name);
    return true;
  }
  if (isPrediction(name)) {
    addTo("part of layers that predict further tokens", name);
    return true;
  }
  if (llvm::none_of(patterns, [&](const llvm::GlobPattern &pattern) {
        return pattern.match(name);
      }))
    return false;
  addTo("ignored as --ignore-tensors says", name);
  return true;
}

void LeftOut::report(ModuleOp module, StringRef path) {
  for (const auto &[reason, group] : groups) {
    InFlightDiagnostic warning =
        mlir::emitWarning(UnknownLoc::get(module.getContext()));
    warning << path << ": leaves out the tensor '" << group.first << "'";
    if (group.count > 1)
      warning << " and " << group.count - 1 << " like it";
    warning << ": " << reason;
  }
}
