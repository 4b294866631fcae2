//===- TensorNames.cpp - Names that wrappers gave to tensors --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorNames.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace llvm;

namespace {
struct Wrapper {
  StringLiteral prefix;
  /// What stands in its place.
  StringLiteral replacement;
};

/// A model without the wrapper that has the output layer.
struct BaseModel {
  StringLiteral prefix;
  /// The first is the embedding, by which it is known.
  StringLiteral parts[4];
};
} // namespace

static constexpr Wrapper kWrappers[] = {
    // torch.compile, DataParallel, PEFT.
    {"_orig_mod.", ""},
    {"module.", ""},
    {"base_model.model.", ""},
    // Models that see.
    {"language_model.", ""},
    {"model.language_model.", "model."},
};

static constexpr BaseModel kBaseModels[] = {
    {"model.", {"embed_tokens.", "layers.", "norm.", "rotary_emb."}},
    {"transformer.",
     {"embedding.", "encoder.", "output_layer.", "rotary_pos_emb."}},
    {"transformer.", {"wte.", "h.", "ln_f.", "rotary_emb."}},
};

static std::string unwrap(StringRef name) {
  std::string result = name.str();
  const auto isWrapped = [&](const Wrapper &wrapper) {
    return StringRef(result).starts_with(wrapper.prefix);
  };
  for (const Wrapper *wrapper = find_if(kWrappers, isWrapped);
       wrapper != std::end(kWrappers); wrapper = find_if(kWrappers, isWrapped))
    result.replace(0, wrapper->prefix.size(), wrapper->replacement.str());
  return result;
}

std::vector<std::string> dlavm::unwrapTensorNames(ArrayRef<StringRef> names) {
  std::vector<std::string> result;
  for (StringRef name : names)
    result.push_back(unwrap(name));
  const auto anyStartsWith = [&](StringRef prefix) {
    return any_of(result,
                  [&](StringRef name) { return name.starts_with(prefix); });
  };
  for (const BaseModel &base : kBaseModels) {
    if (anyStartsWith(base.prefix) || !anyStartsWith(base.parts[0]))
      continue;
    for (std::string &name : result)
      if (any_of(base.parts, [&](StringRef part) {
            return StringRef(name).starts_with(part);
          }))
        name.insert(0, base.prefix.str());
    break;
  }
  return result;
}
