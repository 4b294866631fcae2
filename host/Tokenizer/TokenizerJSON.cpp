//===- TokenizerJSON.cpp - tokenizer.json ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The file of Hugging Face's tokenizers, which is right by definition.
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/PipelineTokenizer.h"
#include "host/Tokenizer/Readers.h"
#include "host/Tokenizer/UTF8.h"

#include <algorithm>

using namespace dlavm::host;

//===----------------------------------------------------------------------===//
// Components
//===----------------------------------------------------------------------===//

/// Calls \p read for a component, or all of a sequence of such.
template <typename Read>
static void readSequence(const JSONValue &value, const char *members,
                         Read read) {
  const JSONValue type = value.at("type");
  if (type.asString() != "Sequence")
    return read(value, type);
  value.allow({members});
  const JSONValue list = value.at(members);
  for (size_t i = 0; i < list.size(); ++i)
    readSequence(list[i], members, read);
}

[[noreturn]] static void refuse(const JSONValue &type, const char *what,
                                const char *known) {
  type.refuse(std::string("the ") + what + " " + type.describe() +
              " is not known; known are " + known);
}

/// A text that is one character.
static std::string readCharacterOf(const JSONValue &value) {
  const std::string &text = value.asString();
  if (text.empty() || readCharacter(text, 0).length != text.size())
    value.expect("one character");
  return text;
}

/// {"String": ...} or {"Regex": ...}.
static Regex readPattern(const JSONValue &value) {
  value.allow({"String", "Regex"});
  if (std::optional<JSONValue> text = value.find("String"))
    return Regex::literal(text->asString(), text->getPlace());
  const JSONValue regex = value.at("Regex");
  return Regex(regex.asString(), regex.getPlace());
}

static Normalizer readReplace(const JSONValue &value) {
  value.allow({"pattern", "content"});
  const JSONValue pattern = value.at("pattern");
  const std::string &content = value.at("content").asString();
  pattern.allow({"String", "Regex"});
  if (std::optional<JSONValue> text = pattern.find("String"))
    return makeReplace(text->asString(), content);
  return makeReplace(readPattern(pattern), content);
}

static Normalizer readNormalizer(const JSONValue &value,
                                 const JSONValue &type) {
  const std::string &name = type.asString();
  if (name == "Replace")
    return readReplace(value);
  if (name == "Prepend") {
    value.allow({"prepend"});
    return makePrepend(value.at("prepend").asString());
  }
  if (name == "Strip") {
    value.allow({"strip_left", "strip_right"});
    return makeStrip(value.at("strip_left").asBool(),
                     value.at("strip_right").asBool());
  }
  value.allow({});
  const std::pair<const char *, UnicodeForm> forms[] = {
      {"NFC", UnicodeForm::NFC},
      {"NFD", UnicodeForm::NFD},
      {"NFKC", UnicodeForm::NFKC},
      {"NFKD", UnicodeForm::NFKD}};
  for (const auto &[form, kind] : forms)
    if (name == form)
      return makeUnicodeNormalizer(kind);
  if (name == "Lowercase")
    return makeLowercase();
  if (name == "StripAccents")
    return makeStripAccents();
  if (name == "ByteLevel")
    return makeByteLevelNormalizer();
  refuse(type, "normalizer",
         "Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Lowercase, Strip, "
         "StripAccents and ByteLevel");
}

static SplitBehavior readBehavior(const JSONValue &value) {
  const std::pair<const char *, SplitBehavior> behaviors[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  for (const auto &[name, behavior] : behaviors)
    if (value.asString() == name)
      return behavior;
  value.expect("Removed, Isolated, MergedWithPrevious, MergedWithNext or "
               "Contiguous");
}

static PrependScheme readScheme(const JSONValue &value) {
  PrependScheme scheme = PrependScheme::Always;
  if (std::optional<JSONValue> name = value.find("prepend_scheme")) {
    if (name->asString() == "first")
      scheme = PrependScheme::First;
    else if (name->asString() == "never")
      scheme = PrependScheme::Never;
    else if (name->asString() != "always")
      name->expect("\"always\", \"first\" or \"never\"");
  }
  if (!value.getBool("add_prefix_space", true)) {
    if (value.find("prepend_scheme") && scheme != PrependScheme::Never)
      value.at("add_prefix_space")
          .fail("contradicts prepend_scheme, which is " +
                value.at("prepend_scheme").describe());
    return PrependScheme::Never;
  }
  return scheme;
}

static void allowMetaspace(const JSONValue &value) {
  value.allow({"replacement", "prepend_scheme", "add_prefix_space", "split",
               "str_rep"});
}

static PreTokenizer readPreTokenizer(const JSONValue &value,
                                     const JSONValue &type) {
  const std::string &name = type.asString();
  if (name == "ByteLevel") {
    value.allow({"add_prefix_space", "trim_offsets", "use_regex"});
    return makeByteLevel(value.at("add_prefix_space").asBool(),
                         value.getBool("use_regex", true));
  }
  if (name == "Split") {
    value.allow({"pattern", "behavior", "invert"});
    return makeSplit(readPattern(value.at("pattern")),
                     readBehavior(value.at("behavior")),
                     value.at("invert").asBool());
  }
  if (name == "Metaspace") {
    allowMetaspace(value);
    return makeMetaspace(readCharacterOf(value.at("replacement")),
                         readScheme(value), value.getBool("split", true));
  }
  if (name == "Digits") {
    value.allow({"individual_digits"});
    return makeSplit(isNumber, value.at("individual_digits").asBool()
                                   ? SplitBehavior::Isolated
                                   : SplitBehavior::Contiguous);
  }
  if (name == "Punctuation") {
    value.allow({"behavior"});
    const std::optional<JSONValue> behavior = value.find("behavior");
    return makeSplit(isPunctuation, behavior ? readBehavior(*behavior)
                                             : SplitBehavior::Isolated);
  }
  if (name == "CharDelimiterSplit") {
    value.allow({"delimiter"});
    const JSONValue delimiter = value.at("delimiter");
    const uint32_t code = readCharacter(readCharacterOf(delimiter), 0).code;
    return makeSplit([code](uint32_t found) { return found == code; },
                     SplitBehavior::Removed);
  }
  value.allow({});
  if (name == "Whitespace")
    return makeSplit(Regex("\\w+|[^\\w\\s]+", type.getPlace()),
                     SplitBehavior::Removed, /*invert=*/true);
  if (name == "WhitespaceSplit")
    return makeSplit(isSpace, SplitBehavior::Removed);
  refuse(type, "pre-tokenizer",
         "Sequence, ByteLevel, Split, Metaspace, Digits, Punctuation, "
         "CharDelimiterSplit, Whitespace and WhitespaceSplit");
}

static Decoder readDecoder(const JSONValue &value, const JSONValue &type) {
  const std::string &name = type.asString();
  if (name == "ByteLevel") {
    value.allow({"add_prefix_space", "trim_offsets", "use_regex"});
    return makeByteLevelDecoder();
  }
  if (name == "Metaspace") {
    allowMetaspace(value);
    return makeMetaspaceDecoder(readCharacterOf(value.at("replacement")),
                                readScheme(value) != PrependScheme::Never);
  }
  if (name == "Replace")
    return makeDecoder(readReplace(value));
  if (name == "Strip") {
    value.allow({"content", "start", "stop"});
    return makeStripDecoder(readCharacterOf(value.at("content")),
                            static_cast<size_t>(value.at("start").asIndex()),
                            static_cast<size_t>(value.at("stop").asIndex()));
  }
  value.allow({});
  if (name == "ByteFallback")
    return makeByteFallbackDecoder();
  if (name == "Fuse")
    return makeFuseDecoder();
  refuse(type, "decoder",
         "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip and "
         "Metaspace");
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static std::vector<std::string> readVocabulary(const JSONValue &value) {
  if (!value.get().is_object())
    value.expect("an object");
  const size_t limit = 2 * value.get().size() + 65536;
  std::vector<std::string> pieces(value.get().size());
  for (const auto &[token, id] : value.get().items()) {
    auto fail = [&, &token = token, &id = id](const std::string &what) {
      value.getElement("'" + token + "'", id).expect(what);
    };
    if (!id.is_number_integer() || id < 0 || id >= limit)
      fail("an id from 0 to " + std::to_string(limit - 1));
    const auto index = id.get<size_t>();
    if (index >= pieces.size())
      pieces.resize(index + 1);
    if (!pieces[index].empty())
      fail("an id of its own ('" + pieces[index] + "' has the same)");
    pieces[index] = token;
  }
  return pieces;
}

static void readMerges(const JSONValue &value, BPE &bpe) {
  bpe.reserveMerges(value.size());
  uint32_t rank = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const nlohmann::json &merge = value.get()[i];
    std::string_view left, right;
    if (merge.is_string()) {
      const std::string_view text = merge.get_ref<const std::string &>();
      if (text.substr(0, 8) == "#version")
        continue;
      const size_t space = text.find(' ');
      if (space == std::string_view::npos ||
          text.find(' ', space + 1) != std::string_view::npos)
        value[i].expect("two tokens with a space between them");
      left = text.substr(0, space);
      right = text.substr(space + 1);
    } else {
      if (!merge.is_array() || merge.size() != 2 || !merge[0].is_string() ||
          !merge[1].is_string())
        value[i].expect("two tokens");
      left = merge[0].get_ref<const std::string &>();
      right = merge[1].get_ref<const std::string &>();
    }
    auto find = [&](const std::string &token) {
      const std::optional<int32_t> id = bpe.find(token);
      if (!id)
        value[i].fail("'" + token + "' is no token of the vocabulary");
      return *id;
    };
    const int32_t leftId = find(std::string(left));
    const int32_t rightId = find(std::string(right));
    bpe.addMerge(leftId, rightId, find(std::string(left) + std::string(right)),
                 rank++);
  }
}

static std::unique_ptr<BPE> readModel(const JSONValue &model) {
  if (std::optional<JSONValue> type = model.find("type")) {
    if (type->asString() != "BPE")
      type->refuse("the model " + type->describe() +
                   " is not known; known is "
                   "BPE");
  } else if (!model.find("merges")) {
    (void)model.at("vocab");
    model.refuse("it is no BPE, which has 'merges'");
  }
  model.allow({"dropout", "unk_token", "continuing_subword_prefix",
               "end_of_word_suffix", "fuse_unk", "byte_fallback",
               "ignore_merges", "vocab", "merges"});
  if (std::optional<JSONValue> dropout = model.find("dropout"))
    if (dropout->get() != 0)
      dropout->refuse("expected null or 0, as the same text must have the same "
                      "tokens, found " +
                      dropout->describe());
  for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (std::optional<JSONValue> text = model.find(key))
      if (!text->asString().empty())
        text->refuse("expected null or \"\"; no other form is known, found " +
                     text->describe());
  auto bpe = std::make_unique<BPE>(readVocabulary(model.at("vocab")));
  if (std::optional<JSONValue> unknown = model.find("unk_token")) {
    bpe->options.unknown = bpe->find(unknown->asString());
    // Some files name an added token there, which their vocabulary lacks. It
    // does no harm where no character is unknown.
    if (!bpe->options.unknown && !model.getBool("byte_fallback", false))
      unknown->fail("'" + unknown->asString() +
                    "' is no token of the vocabulary");
  }
  bpe->options.fuseUnknown = model.getBool("fuse_unk", false);
  bpe->options.byteFallback = model.getBool("byte_fallback", false);
  bpe->options.ignoreMerges = model.getBool("ignore_merges", false);
  readMerges(model.at("merges"), *bpe);
  return bpe;
}

//===----------------------------------------------------------------------===//
// Added tokens
//===----------------------------------------------------------------------===//

void dlavm::host::checkAddedToken(const std::string &place,
                                  const AddedToken &token,
                                  const PipelineParts &parts) {
  auto fail = [&](const std::string &what) {
    throw dlavm::Error(place + ": the added token '" + token.content +
                       "' has the id " + std::to_string(token.id) + ", " +
                       what);
  };
  const std::optional<int32_t> id = parts.bpe->find(token.content);
  if (id && *id != token.id)
    fail("but " + std::to_string(*id) + " in the vocabulary");
  const auto index = static_cast<size_t>(token.id);
  const std::vector<std::string> &pieces = parts.bpe->getPieces();
  if (!id && index < pieces.size() && !pieces[index].empty())
    fail("which is that of '" + pieces[index] + "'");
  if (index > 2 * pieces.size() + 65536)
    fail("but the vocabulary has " + std::to_string(pieces.size()) + " tokens");
  const AddedToken *other = parts.added.findId(token.id);
  if (other && other->content != token.content)
    fail("but '" + other->content + "' has the id " +
         std::to_string(other->id));
}

static void readAddedTokens(const JSONValue &list, PipelineParts &parts) {
  for (size_t i = 0; i < list.size(); ++i) {
    const JSONValue value = list[i];
    value.allow({"id", "content", "single_word", "lstrip", "rstrip",
                 "normalized", "special"});
    const AddedToken token = readAddedToken(value, value.at("id").asIndex());
    checkAddedToken(value.getPlace(), token, parts);
    parts.added.add(token);
  }
}

void dlavm::host::applyConfig(PipelineParts &parts,
                              const TokenizerConfig &config) {
  auto find = [&](const std::string &content) -> std::optional<int32_t> {
    const AddedToken *token = parts.added.find(content);
    return token ? token->id : parts.bpe->find(content);
  };
  auto mark = [&](const std::string &content) {
    if (AddedToken *known = parts.added.find(content)) {
      known->special = true;
      return;
    }
    AddedToken token;
    token.content = content;
    token.special = true;
    if (const std::optional<int32_t> id = parts.bpe->find(content)) {
      token.id = *id;
      parts.added.add(token);
    }
  };
  for (const std::string &content : config.specialTokens)
    mark(content);
  if (config.beginToken) {
    mark(*config.beginToken);
    parts.beginToken = find(*config.beginToken);
  }
  if (config.endToken) {
    mark(*config.endToken);
    parts.endToken = find(*config.endToken);
  }
}

//===----------------------------------------------------------------------===//
// What is put around a text
//===----------------------------------------------------------------------===//

static void readTemplate(const JSONValue &value, PipelineParts &parts) {
  value.allow({"single", "pair", "special_tokens"});
  const JSONValue list = value.at("single");
  const JSONValue tokens = value.at("special_tokens");
  std::vector<int32_t> prefix, suffix;
  bool hasText = false;
  for (size_t i = 0; i < list.size(); ++i) {
    const JSONValue part = list[i];
    part.allow({"SpecialToken", "Sequence"});
    if (std::optional<JSONValue> sequence = part.find("Sequence")) {
      if (hasText || sequence->at("id").asString() != "A")
        sequence->expect("the text once, which is called \"A\"");
      hasText = true;
      continue;
    }
    const JSONValue ids =
        tokens.at(part.at("SpecialToken").at("id").asString()).at("ids");
    for (size_t j = 0; j < ids.size(); ++j)
      (hasText ? suffix : prefix).push_back(ids[j].asIndex());
  }
  if (!hasText)
    list.fail("the text is not part of it");
  parts.prefix.insert(parts.prefix.begin(), prefix.begin(), prefix.end());
  parts.suffix.insert(parts.suffix.end(), suffix.begin(), suffix.end());
}

static void readPostProcessor(const JSONValue &value, PipelineParts &parts) {
  readSequence(value, "processors",
               [&](const JSONValue &component, const JSONValue &type) {
                 if (type.asString() == "TemplateProcessing")
                   return readTemplate(component, parts);
                 // It is about offsets.
                 if (type.asString() == "ByteLevel")
                   return;
                 refuse(type, "post-processor",
                        "Sequence, TemplateProcessing and ByteLevel");
               });
}

/// For these classes transformers makes the template of tokenizer_config.json.
static bool hasLlamaTemplate(const std::string &name) {
  for (const char *known :
       {"LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer",
        "CodeLlamaTokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast"})
    if (name == known)
      return true;
  return false;
}

static void applyTemplate(const TokenizerConfig &config, PipelineParts &parts) {
  if (!hasLlamaTemplate(config.tokenizerClass))
    return;
  auto apply = [](std::optional<bool> adds, std::optional<int32_t> token,
                  std::vector<int32_t> &around) {
    if (!adds)
      return;
    around.clear();
    if (*adds && token)
      around.push_back(*token);
  };
  apply(config.addBeginToken, parts.beginToken, parts.prefix);
  apply(config.addEndToken, parts.endToken, parts.suffix);
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

std::unique_ptr<Tokenizer>
dlavm::host::openTokenizerJSON(const std::string &path,
                               const TokenizerConfig &config) {
  const nlohmann::json json = parseJSON(path, readFile(path));
  const JSONValue file(json, path);
  if (std::optional<JSONValue> version = file.find("version"))
    if (version->asString() != "1.0")
      version->refuse("expected \"1.0\", found " + version->describe());

  PipelineParts parts;
  parts.bpe = readModel(file.at("model"));
  if (std::optional<JSONValue> added = file.find("added_tokens"))
    readAddedTokens(*added, parts);
  for (const AddedToken &token : config.added) {
    checkAddedToken(path, token, parts);
    parts.added.add(token);
  }
  if (std::optional<JSONValue> value = file.find("normalizer"))
    readSequence(*value, "normalizers",
                 [&](const JSONValue &component, const JSONValue &type) {
                   parts.normalizers.push_back(readNormalizer(component, type));
                 });
  if (std::optional<JSONValue> value = file.find("pre_tokenizer"))
    readSequence(*value, "pretokenizers",
                 [&](const JSONValue &component, const JSONValue &type) {
                   parts.preTokenizers.push_back(
                       readPreTokenizer(component, type));
                 });
  if (std::optional<JSONValue> value = file.find("post_processor"))
    readPostProcessor(*value, parts);
  parts.separator = " ";
  if (std::optional<JSONValue> value = file.find("decoder")) {
    parts.separator = "";
    readSequence(*value, "decoders",
                 [&](const JSONValue &component, const JSONValue &type) {
                   parts.decoders.push_back(readDecoder(component, type));
                 });
  }
  applyConfig(parts, config);
  applyTemplate(config, parts);
  const auto size =
      static_cast<int32_t>(parts.bpe->getPieces().size() + parts.added.size());
  for (const std::vector<int32_t> *around : {&parts.prefix, &parts.suffix})
    for (int32_t id : *around)
      if (id >= size + 65536)
        file.at("post_processor")
            .fail("it adds the token " + std::to_string(id) +
                  ", which does not exist");
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}
