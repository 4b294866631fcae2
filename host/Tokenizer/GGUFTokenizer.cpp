//===- GGUFTokenizer.cpp - The tokenizer inside GGUF ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// llama.cpp is right by definition.
//
//===----------------------------------------------------------------------===//

#include "dlavm_runtime.h"
#include "host/Tokenizer/Expressions.h"
#include "host/Tokenizer/GGUFMetadata.h"
#include "host/Tokenizer/PipelineTokenizer.h"
#include "host/Tokenizer/Readers.h"

#include <algorithm>
#include <cmath>

using namespace dlavm::host;

namespace {

/// The numbers of tokenizer.ggml.token_type.
constexpr int kUnknownToken = 2, kControlToken = 3, kUserToken = 4;

/// Whatever their type, llama.cpp takes tokens of these names for special.
bool isEndOfGeneration(const std::string &piece) {
  for (const char *name :
       {"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>",
        "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
        "<end_of_utterance>", "<eos>"})
    if (piece == name)
      return true;
  return false;
}

class GGUFReader {
public:
  explicit GGUFReader(const GGUFMetadata &metadata) : metadata(metadata) {}

  std::unique_ptr<Tokenizer> read() {
    const std::optional<std::string> model =
        metadata.findText("tokenizer.ggml.model");
    if (!model)
      metadata.refuse("tokenizer.ggml.model",
                      "is missing; the file has no tokenizer");
    readPieces();
    if (*model == "gpt2")
      readByteLevel();
    else if (*model == "llama")
      readSentencePiece();
    else
      metadata.refuse("tokenizer.ggml.model",
                      "is '" + *model + "'; known are gpt2 and llama");
    readSpecial();
    return std::make_unique<PipelineTokenizer>(std::move(parts));
  }

private:
  void readPieces() {
    const std::vector<std::string> *tokens =
        metadata.findTexts("tokenizer.ggml.tokens");
    if (!tokens || tokens->empty())
      metadata.fail("tokenizer.ggml.tokens", "has no tokens");
    parts.bpe = std::make_unique<BPE>(*tokens);
    for (size_t i = 0; i < tokens->size(); ++i)
      if (!(*tokens)[i].empty() &&
          parts.bpe->find((*tokens)[i]) != static_cast<int32_t>(i))
        metadata.fail("tokenizer.ggml.tokens",
                      "has the token '" + (*tokens)[i] + "' twice");
    const std::vector<double> *types =
        metadata.findNumbers("tokenizer.ggml.token_type", tokens->size());
    for (size_t i = 0; i < tokens->size(); ++i) {
      const double type = types ? (*types)[i] : 1;
      const bool isEnd = isEndOfGeneration((*tokens)[i]);
      if ((*tokens)[i].empty() ||
          (type != kUnknownToken && type != kControlToken &&
           type != kUserToken && !isEnd))
        continue;
      AddedToken token;
      token.id = static_cast<int32_t>(i);
      token.content = (*tokens)[i];
      token.special = type != kUserToken || isEnd;
      parts.added.add(token);
    }
  }

  void readByteLevel() {
    const std::optional<std::string> name =
        metadata.findText("tokenizer.ggml.pre");
    const GGUFPreTokenizer *known =
        findGGUFPreTokenizer(name.value_or("default"));
    if (!known) {
      std::string names;
      for (std::string_view other : getGGUFPreTokenizers())
        names += (names.empty() ? "" : ", ") + std::string(other);
      metadata.refuse("tokenizer.ggml.pre",
                      (name ? "is '" + *name + "', which is not known"
                            : "is missing: how the text is cut is not known; "
                              "convert the model again") +
                          "; known are " + names);
    }
    for (std::string_view text : known->expressions)
      parts.preTokenizers.push_back(makeSplit(Regex(text, metadata.getPath()),
                                              SplitBehavior::Isolated,
                                              /*invert=*/false));
    parts.preTokenizers.push_back(
        makeByteLevel(/*addPrefixSpace=*/false, /*useRegex=*/false));
    parts.decoders.push_back(makeByteLevelDecoder());
    parts.bpe->options.ignoreMerges = known->ignoresMerges;
    addsBegin = known->addsBeginToken;

    const std::vector<std::string> *merges =
        metadata.findTexts("tokenizer.ggml.merges");
    if (!merges)
      metadata.fail("tokenizer.ggml.merges", "is missing");
    parts.bpe->reserveMerges(merges->size());
    for (size_t i = 0; i < merges->size(); ++i) {
      const std::string_view merge = (*merges)[i];
      const size_t space = merge.find(' ', 1);
      std::optional<int32_t> left, right, result;
      if (space != std::string_view::npos) {
        left = parts.bpe->find(merge.substr(0, space));
        right = parts.bpe->find(merge.substr(space + 1));
        result = parts.bpe->find(std::string(merge.substr(0, space)) +
                                 std::string(merge.substr(space + 1)));
      }
      if (!left || !right || !result)
        metadata.fail("tokenizer.ggml.merges",
                      "has the element " + std::to_string(i) + ", '" +
                          std::string(merge) +
                          "', which is not two tokens that make a third");
      parts.bpe->addMerge(*left, *right, *result, static_cast<uint32_t>(i));
    }
  }

  void readSentencePiece() {
    const std::vector<std::string> &pieces = parts.bpe->getPieces();
    const std::vector<double> *scores =
        metadata.findNumbers("tokenizer.ggml.scores", pieces.size());
    if (!scores)
      metadata.fail("tokenizer.ggml.scores", "is missing");
    // The larger the score, the lower the rank.
    std::vector<double> order(*scores);
    for (double score : order)
      if (!std::isfinite(score))
        metadata.fail("tokenizer.ggml.scores", "has a score that is no number");
    std::sort(order.begin(), order.end(), std::greater<double>());
    order.erase(std::unique(order.begin(), order.end()), order.end());
    std::vector<uint32_t> ranks(pieces.size());
    for (size_t i = 0; i < pieces.size(); ++i)
      ranks[i] = static_cast<uint32_t>(
          std::lower_bound(order.begin(), order.end(), (*scores)[i],
                           std::greater<double>()) -
          order.begin());
    parts.bpe->addAllMerges(ranks);
    parts.bpe->options.byteFallback = true;
    parts.bpe->options.unknown =
        metadata.findIndex("tokenizer.ggml.unknown_token_id", pieces.size());
    const std::string space = "\u2581";
    const bool hasPrefix =
        metadata.findBool("tokenizer.ggml.add_space_prefix").value_or(true);
    if (hasPrefix)
      parts.normalizers.push_back(makePrepend(space));
    parts.normalizers.push_back(makeReplace(std::string(" "), space));
    parts.decoders.push_back(makeDecoder(makeReplace(space, " ")));
    parts.decoders.push_back(makeByteFallbackDecoder());
    parts.decoders.push_back(makeFuseDecoder());
    if (hasPrefix)
      parts.decoders.push_back(makeStripDecoder(" ", 1, 0));
    addsBegin = true;
  }

  void readSpecial() {
    const size_t count = parts.bpe->getPieces().size();
    parts.beginToken = metadata.findIndex("tokenizer.ggml.bos_token_id", count);
    parts.endToken = metadata.findIndex("tokenizer.ggml.eos_token_id", count);
    addsBegin =
        metadata.findBool("tokenizer.ggml.add_bos_token").value_or(addsBegin);
    if (addsBegin && parts.beginToken)
      parts.prefix.push_back(*parts.beginToken);
    if (metadata.findBool("tokenizer.ggml.add_eos_token").value_or(false) &&
        parts.endToken)
      parts.suffix.push_back(*parts.endToken);
  }

  const GGUFMetadata &metadata;
  PipelineParts parts;
  bool addsBegin = false;
};

} // namespace

std::unique_ptr<Tokenizer> dlavm::host::openGGUF(const std::string &path) {
  const GGUFMetadata metadata = GGUFMetadata::read(path);
  return GGUFReader(metadata).read();
}
