//===- SentencePiece.cpp - Models of sentencepiece ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The library is right by definition. It trusts its files, so they are checked
// here before it gets them.
//
//===----------------------------------------------------------------------===//

#include "dlavm_runtime.h"
#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/Readers.h"
#include "host/Tokenizer/UTF8.h"

#include <sentencepiece_processor.h>

#include <cmath>
#include <cstring>
#include <unordered_set>

using namespace dlavm::host;

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

namespace {

/// Reads the fields of a protobuf message.
class Message {
public:
  Message(const std::string &path, std::string_view file, size_t begin,
          size_t end)
      : path(path), file(file), position(begin), end(end) {}

  /// Moves on to the next field; false at the end.
  bool next() {
    if (position == end)
      return false;
    begin = position;
    const uint64_t tag = readVarint();
    number = tag >> 3;
    wireType = static_cast<unsigned>(tag & 7);
    if (number == 0)
      fail("a field has the number 0");
    switch (wireType) {
    case 0:
      varint = readVarint();
      break;
    case 1:
      skip(8);
      break;
    case 2: {
      const uint64_t length = readVarint();
      contentBegin = position;
      skip(length);
      break;
    }
    case 5:
      contentBegin = position;
      skip(4);
      break;
    default:
      fail("a field has the wire type " + std::to_string(wireType));
    }
    return true;
  }

  uint64_t getNumber() const { return number; }
  bool isSubmessage() const { return wireType == 2; }
  uint64_t asVarint() const {
    expect(0);
    return varint;
  }
  std::string_view asBytes() const {
    expect(2);
    return file.substr(contentBegin, position - contentBegin);
  }
  float asFloat() const {
    expect(5);
    float value;
    std::memcpy(&value, file.data() + contentBegin, sizeof value);
    return value;
  }
  Message asMessage() const {
    expect(2);
    return Message(path, file, contentBegin, position);
  }
  [[noreturn]] void fail(const std::string &what) const {
    throw dlavm::Error(path + ": byte " + std::to_string(begin) + ": " + what);
  }

  /// Fails as this may be right, but is not known here.
  [[noreturn]] void refuse(const std::string &what) const {
    throw UnknownTokenizer(path + ": byte " + std::to_string(begin) + ": " +
                           what);
  }

private:
  void expect(unsigned type) const {
    if (wireType != type)
      fail("field " + std::to_string(number) + " has the wire type " +
           std::to_string(wireType) + ", not " + std::to_string(type) +
           "; this is no model of sentencepiece");
  }
  uint64_t readVarint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (position == end)
        fail("the file ends within a field; is the download complete?");
      const auto byte = static_cast<unsigned char>(file[position++]);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80)
        return value;
    }
    fail("a number has too many bytes");
  }
  void skip(uint64_t count) {
    if (count > end - position)
      fail("a field has " + std::to_string(count) + " bytes, but only " +
           std::to_string(end - position) +
           " are left; is the download complete?");
    position += count;
  }

  const std::string &path;
  std::string_view file;
  size_t position, end;
  size_t begin = 0, contentBegin = 0;
  uint64_t number = 0, varint = 0;
  unsigned wireType = 0;
};

/// The numbers of SentencePiece.Type.
enum PieceType : uint64_t { Normal = 1, Unknown, Control, User, Unused, Byte };

struct ModelFile {
  std::vector<std::string> pieces;
  std::vector<uint64_t> types;
};

/// The rules of a normalizer are a trie of the double-array kind, in which the
/// library moves without looking at its bounds, and texts.
void checkCharacterMap(const Message &field, std::string_view blob) {
  if (blob.empty())
    return;
  auto fail = [&] {
    field.fail("the character map of the normalizer is damaged");
  };
  uint32_t size = 0;
  if (blob.size() <= sizeof size)
    fail();
  std::memcpy(&size, blob.data(), sizeof size);
  blob.remove_prefix(sizeof size);
  if (size >= blob.size() || size % sizeof(uint32_t) != 0 || size < 1024)
    fail();
  const std::string_view texts = blob.substr(size);
  if (texts.empty() || texts.back() != '\0')
    fail();
  std::vector<uint32_t> units(size / sizeof(uint32_t));
  std::memcpy(units.data(), blob.data(), size);
  std::vector<bool> isVisited(units.size());
  std::vector<size_t> waiting = {0};
  isVisited[0] = true;
  while (!waiting.empty()) {
    const size_t place = waiting.back();
    waiting.pop_back();
    const uint32_t unit = units[place];
    const size_t offset = size_t{unit >> 10} << ((unit & 0x200) >> 6);
    const size_t base = place ^ offset;
    // Any byte may be tried.
    if ((base | 0xFF) >= units.size())
      fail();
    if (unit & 0x100) {
      const size_t value = units[base] & 0x7FFFFFFF;
      if (value >= texts.size() ||
          !isUTF8(texts.substr(value, texts.find('\0', value) - value)))
        fail();
    }
    for (uint32_t byte = 1; byte < 256; ++byte) {
      const size_t child = base ^ byte;
      if ((units[child] & 0x800000FF) != byte || isVisited[child])
        continue;
      isVisited[child] = true;
      waiting.push_back(child);
    }
  }
}

void readPiece(Message message, ModelFile &model,
               std::unordered_set<std::string_view> &known) {
  std::string_view piece;
  float score = 0;
  uint64_t type = Normal;
  while (message.next())
    switch (message.getNumber()) {
    case 1:
      piece = message.asBytes();
      if (piece.empty() || !isUTF8(piece) ||
          piece.find('\0') != std::string_view::npos)
        message.fail("the piece " + std::to_string(model.pieces.size()) +
                     " is no text");
      if (!known.insert(piece).second)
        message.fail("the piece '" + std::string(piece) + "' comes twice");
      break;
    case 2:
      score = message.asFloat();
      // The library adds and subtracts them.
      if (!(std::fabs(score) <= 1e10f))
        message.fail("the piece " + std::to_string(model.pieces.size()) +
                     " has a score that is no number of at most 1e10");
      break;
    case 3:
      type = message.asVarint();
      if (type < Normal || type > Byte)
        message.fail("the piece " + std::to_string(model.pieces.size()) +
                     " has the unknown type " + std::to_string(type));
      break;
    default:
      message.fail("a piece has the unknown field " +
                   std::to_string(message.getNumber()));
    }
  if (piece.empty())
    message.fail("the piece " + std::to_string(model.pieces.size()) +
                 " has no text");
  model.pieces.emplace_back(piece);
  model.types.push_back(type);
}

void readTrainer(Message message) {
  while (message.next())
    if (message.getNumber() == 3 && message.asVarint() != 1 &&
        message.asVarint() != 2)
      message.refuse("the model type is " + std::to_string(message.asVarint()) +
                     "; known are 1 (unigram) and 2 (BPE)");
}

void readNormalizer(Message message) {
  while (message.next())
    if (message.getNumber() == 2)
      checkCharacterMap(message, message.asBytes());
}

ModelFile readModel(const std::string &path, std::string_view file) {
  ModelFile model;
  std::unordered_set<std::string_view> known;
  Message message(path, file, 0, file.size());
  size_t unknown = 0;
  while (message.next())
    switch (message.getNumber()) {
    case 1:
      readPiece(message.asMessage(), model, known);
      unknown += model.types.back() == Unknown ? 1 : 0;
      break;
    case 2:
      readTrainer(message.asMessage());
      break;
    case 3:
    case 5:
      readNormalizer(message.asMessage());
      break;
    case 4:
      break;
    default:
      message.fail("the field " + std::to_string(message.getNumber()) +
                   " is none of a model of sentencepiece");
    }
  if (unknown != 1)
    throw dlavm::Error(path + " has " + std::to_string(unknown) +
                       " pieces for what is unknown, but a model of "
                       "sentencepiece has one");
  return model;
}

} // namespace

//===----------------------------------------------------------------------===//
// The tokenizer
//===----------------------------------------------------------------------===//

namespace {

class SentencePieceTokenizer : public Tokenizer {
public:
  SentencePieceTokenizer(const std::string &path,
                         const TokenizerConfig &config);

  std::vector<int32_t> encode(std::string_view text,
                              const EncodeOptions &options) const override;
  std::string decode(const std::vector<int32_t> &ids,
                     bool skipSpecial) const override;
  std::string getBytes(int32_t id) const override;
  int32_t getSize() const override {
    return static_cast<int32_t>(pieces.size());
  }
  std::string getPiece(int32_t id) const override {
    return id >= 0 && id < getSize() ? pieces[static_cast<size_t>(id)] : "";
  }
  std::optional<int32_t> findPiece(std::string_view piece) const override;
  bool isSpecial(int32_t id) const override {
    return id >= 0 && id < getSize() && special[static_cast<size_t>(id)];
  }
  std::optional<int32_t> getBeginToken() const override { return beginToken; }
  std::optional<int32_t> getEndToken() const override { return endToken; }

private:
  void add(const AddedToken &token);
  void readConfig(const TokenizerConfig &config);
  void encodePart(std::string_view text, bool isFirst,
                  std::vector<int32_t> &ids) const;
  std::string decodePieces(const std::vector<int> &ids) const;
  void check(const sentencepiece::util::Status &status) const {
    if (!status.ok())
      throw dlavm::Error(path + ": sentencepiece says: " + status.ToString());
  }

  std::string path;
  sentencepiece::SentencePieceProcessor processor;
  /// How many the library knows; what was added has higher ids or the same.
  int32_t librarySize = 0;
  std::vector<std::string> pieces;
  std::vector<bool> special, isAdded;
  std::unordered_map<std::string, int32_t> ids;
  TokenMatcher matcher;
  bool isLegacy = true;
  std::optional<int32_t> beginToken, endToken;
  std::vector<int32_t> prefix, suffix;
};

} // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const std::string &path,
                                               const TokenizerConfig &config)
    : path(path) {
  const std::string file = readFile(path);
  const ModelFile model = readModel(path, file);
  check(processor.LoadFromSerializedProto(file));
  pieces = model.pieces;
  librarySize = processor.GetPieceSize();
  if (static_cast<size_t>(librarySize) != pieces.size())
    throw dlavm::Error(path + ": sentencepiece finds " +
                       std::to_string(librarySize) + " pieces, not " +
                       std::to_string(pieces.size()));
  special.resize(pieces.size());
  isAdded.resize(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    ids.emplace(pieces[i], static_cast<int32_t>(i));
    if (model.types[i] != Control)
      continue;
    AddedToken token;
    token.id = static_cast<int32_t>(i);
    token.content = pieces[i];
    token.special = true;
    add(token);
  }
  readConfig(config);
}

void SentencePieceTokenizer::add(const AddedToken &token) {
  const auto index = static_cast<size_t>(token.id);
  if (index > 2 * pieces.size() + 65536)
    throw dlavm::Error(path + ": the added token '" + token.content +
                       "' has the id " + std::to_string(token.id) +
                       ", but the model has " + std::to_string(pieces.size()) +
                       " pieces");
  if (index >= pieces.size()) {
    pieces.resize(index + 1);
    special.resize(index + 1);
    isAdded.resize(index + 1);
  }
  if (!pieces[index].empty() && pieces[index] != token.content)
    throw dlavm::Error(path + ": the added token '" + token.content +
                       "' has the id " + std::to_string(token.id) +
                       ", which is that of '" + pieces[index] + "'");
  const auto [place, isNew] = ids.emplace(token.content, token.id);
  if (!isNew && place->second != token.id)
    throw dlavm::Error(path + ": the added token '" + token.content +
                       "' has the id " + std::to_string(token.id) + ", but " +
                       std::to_string(place->second) + " in the model");
  pieces[index] = token.content;
  special[index] = token.special;
  isAdded[index] = true;
  matcher.add(token.content, token);
}

void SentencePieceTokenizer::readConfig(const TokenizerConfig &config) {
  const std::string &name = config.tokenizerClass;
  const bool isChatGLM = name == "ChatGLMTokenizer";
  if (isChatGLM) {
    // The class itself has them.
    int32_t next = librarySize;
    for (const char *content : {"[MASK]", "[gMASK]", "[sMASK]", "sop", "eop"}) {
      AddedToken token;
      token.id = next++;
      token.content = content;
      token.special = true;
      add(token);
    }
  }
  for (const AddedToken &token : config.added)
    add(token);
  auto find = [&](const std::optional<std::string> &content, int id) {
    if (content)
      if (std::optional<int32_t> found = findPiece(*content))
        return found;
    return id >= 0 ? std::optional<int32_t>(id) : std::nullopt;
  };
  beginToken = find(config.beginToken, processor.bos_id());
  endToken = find(config.endToken, processor.eos_id());
  isLegacy = config.isLegacy;
  if (isChatGLM) {
    prefix = {*findPiece("[gMASK]"), *findPiece("sop")};
    return;
  }
  // Other classes begin with BOS only where they say so.
  const bool beginsAlways = name.empty() || name == "LlamaTokenizer" ||
                            name == "LlamaTokenizerFast" ||
                            name == "InternLM2Tokenizer" ||
                            name == "GemmaTokenizer";
  if (config.addBeginToken.value_or(beginsAlways) && beginToken)
    prefix.push_back(*beginToken);
  if (config.addEndToken.value_or(false) && endToken)
    suffix.push_back(*endToken);
}

void SentencePieceTokenizer::encodePart(std::string_view text, bool isFirst,
                                        std::vector<int32_t> &out) const {
  std::vector<int> found;
  if (isFirst || isLegacy) {
    check(processor.Encode({text.data(), text.size()}, &found));
    out.insert(out.end(), found.begin(), found.end());
    return;
  }
  // Behind a special token no space is put before the text, which the library
  // always does: so something stands before it, and is taken away.
  std::vector<int> before;
  const std::string unknown = processor.IdToPiece(processor.unk_id());
  check(processor.Encode(unknown, &before));
  const std::string both = unknown + std::string(text);
  check(processor.Encode(both, &found));
  if (found.size() < before.size() ||
      !std::equal(before.begin(), before.end(), found.begin())) {
    found.clear();
    check(processor.Encode({text.data(), text.size()}, &found));
    before.clear();
  }
  out.insert(out.end(),
             found.begin() + static_cast<std::ptrdiff_t>(before.size()),
             found.end());
}

std::vector<int32_t>
SentencePieceTokenizer::encode(std::string_view text,
                               const EncodeOptions &options) const {
  std::string repaired;
  if (!isUTF8(text)) {
    repaired = replaceInvalid(text);
    text = repaired;
  }
  std::vector<int32_t> result;
  if (options.addSpecial)
    result = prefix;
  matcher.split(
      text, options.parseSpecial,
      [&](std::string_view part, size_t begin, const AddedToken *token) {
        if (token)
          result.push_back(token->id);
        else
          encodePart(part, begin == 0, result);
      });
  if (options.addSpecial)
    result.insert(result.end(), suffix.begin(), suffix.end());
  return result;
}

std::string
SentencePieceTokenizer::decodePieces(const std::vector<int> &part) const {
  std::string text;
  if (!part.empty())
    check(processor.Decode(part, &text));
  return text;
}

std::string SentencePieceTokenizer::decode(const std::vector<int32_t> &all,
                                           bool skipSpecial) const {
  std::string text;
  std::vector<int> part;
  for (int32_t id : all) {
    if (id < 0 || id >= getSize() || (skipSpecial && isSpecial(id)))
      continue;
    if (id < librarySize && !isAdded[static_cast<size_t>(id)]) {
      part.push_back(id);
      continue;
    }
    text += decodePieces(part);
    part.clear();
    text += getPiece(id);
  }
  return text + decodePieces(part);
}

std::string SentencePieceTokenizer::getBytes(int32_t id) const {
  std::string piece = getPiece(id);
  if (piece.empty() || id >= librarySize || isAdded[static_cast<size_t>(id)])
    return piece;
  if (processor.IsByte(id))
    return std::string(
        1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
  // It stands for text that is not known.
  if (processor.IsUnknown(id))
    return decodePieces({id});
  makeReplace("\u2581", " ")(piece);
  return piece;
}

std::optional<int32_t>
SentencePieceTokenizer::findPiece(std::string_view piece) const {
  auto found = ids.find(std::string(piece));
  if (found == ids.end())
    return std::nullopt;
  return found->second;
}

std::unique_ptr<Tokenizer>
dlavm::host::openSentencePiece(const std::string &path,
                               const TokenizerConfig &config) {
  return std::make_unique<SentencePieceTokenizer>(path, config);
}
