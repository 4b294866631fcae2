//===- GenerationConfig.cpp - What a checkpoint says of generating --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Checkpoint/GGUFModel.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kKey("eos_token_id");

/// Appends the token that \p value is; false if it is none.
static bool readToken(const json::Value &value, std::vector<int32_t> &tokens) {
  std::optional<int64_t> token = value.getAsInteger();
  if (!token || *token < 0 || *token > std::numeric_limits<int32_t>::max())
    return false;
  tokens.push_back(*token);
  return true;
}

Expected<std::vector<int32_t>> dlavm::readEndTokens(StringRef checkpoint) {
  if (GGUFModel::isModel(checkpoint)) {
    Expected<GGUFModel> model = GGUFModel::open(checkpoint);
    if (!model)
      return model.takeError();
    return std::move(model->endTokens);
  }
  for (StringRef name : {"generation_config.json", "config.json"}) {
    SmallString<128> path(checkpoint);
    sys::path::append(path, name);
    Expected<std::optional<json::Object>> object = readOptionalJSONFile(path);
    if (!object)
      return object.takeError();
    const json::Value *value = *object ? (*object)->get(kKey) : nullptr;
    if (!value || value->kind() == json::Value::Null)
      continue;
    std::vector<int32_t> tokens;
    const json::Array *array = value->getAsArray();
    if (array ? all_of(*array,
                       [&](const json::Value &element) {
                         return readToken(element, tokens);
                       })
              : readToken(*value, tokens))
      return tokens;
    return createStringError(path + ": '" + kKey +
                             "' must be a token or a list of tokens, found " +
                             printJSON(value));
  }
  return std::vector<int32_t>();
}
