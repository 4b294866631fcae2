//===- MutateGGUF.cpp - GGUF files that say something else ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MutateGGUF.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <optional>
#include <vector>

using namespace dlavm;
using namespace llvm;
using support::endian::read32le;
using support::endian::read64le;
using support::endian::write32le;
using support::endian::write64le;

//===----------------------------------------------------------------------===//
// The parts of a file
//===----------------------------------------------------------------------===//

namespace {

constexpr uint32_t kString = 8, kArray = 9;
constexpr uint64_t kAlignment = 32;
/// The version and two counts follow "GGUF".
constexpr size_t kCounts = 8, kHeader = 24;

/// A name, and what follows it.
struct Part {
  std::string name, rest;
};

struct Parts {
  std::string header;
  std::vector<Part> pairs, tensors;
  std::string data;
};

/// Takes one thing after the other; nothing where the file does not have it.
class Cutter {
public:
  explicit Cutter(StringRef file) : file(file) {}
  std::optional<Parts> cut();

private:
  StringRef take(uint64_t size) {
    hasFailed |= size > file.size() - position;
    if (hasFailed)
      return {};
    position += size;
    return file.substr(position - size, size);
  }
  uint32_t read32() {
    StringRef bytes = take(4);
    return bytes.empty() ? 0 : read32le(bytes.data());
  }
  uint64_t read64() {
    StringRef bytes = take(8);
    return bytes.empty() ? 0 : read64le(bytes.data());
  }
  void skipValue(uint32_t type, unsigned depth = 0);

  StringRef file;
  size_t position = 0;
  bool hasFailed = false;
};

} // namespace

void Cutter::skipValue(uint32_t type, unsigned depth) {
  constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  if (type == kString) {
    take(read64());
  } else if (type == kArray && depth < 4) {
    const uint32_t elements = read32();
    const uint64_t count = read64();
    for (uint64_t i = 0; i < count && !hasFailed; ++i)
      skipValue(elements, depth + 1);
  } else if (type < std::size(sizes) && type != kArray) {
    take(sizes[type]);
  } else {
    hasFailed = true;
  }
}

std::optional<Parts> Cutter::cut() {
  Parts parts;
  parts.header = take(kHeader).str();
  if (hasFailed)
    return std::nullopt;
  const uint64_t tensors = read64le(&parts.header[kCounts]);
  const uint64_t pairs = read64le(&parts.header[kCounts + 8]);
  for (uint64_t i = 0; i < pairs && !hasFailed; ++i) {
    std::string name = take(read64()).str();
    const size_t begin = position;
    skipValue(read32());
    parts.pairs.push_back({name, file.slice(begin, position).str()});
  }
  for (uint64_t i = 0; i < tensors && !hasFailed; ++i) {
    std::string name = take(read64()).str();
    const size_t begin = position;
    const uint32_t rank = read32();
    take(uint64_t{8} * rank + 12);
    parts.tensors.push_back({name, file.slice(begin, position).str()});
  }
  take(alignTo(position, kAlignment) - position);
  if (hasFailed)
    return std::nullopt;
  parts.data = file.substr(position).str();
  return parts;
}

static std::string join(const Parts &parts) {
  std::string file = parts.header;
  for (const std::vector<Part> *list : {&parts.pairs, &parts.tensors})
    for (const Part &part : *list) {
      std::string length(8, 0);
      write64le(length.data(), part.name.size());
      file += length + part.name + part.rest;
    }
  file.resize(alignTo(file.size(), kAlignment));
  return file + parts.data;
}

//===----------------------------------------------------------------------===//
// Changes
//===----------------------------------------------------------------------===//

static uint64_t changeNumber(Random &random, uint64_t number) {
  const uint64_t changed[] = {0,
                              1,
                              3,
                              256,
                              65535,
                              0x7FFFFFFF,
                              0x80000000,
                              0xFFFFFFFF,
                              uint64_t{1} << 32,
                              uint64_t{1} << 40,
                              uint64_t{1} << 62,
                              uint64_t{1} << 63,
                              std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<uint64_t>::max(),
                              number + 1,
                              number - 1,
                              number * 2,
                              number / 2,
                              number + 32,
                              number - 32};
  return random.pick(changed);
}

/// Changes the number of 4 or 8 bytes at \p offset, if it is there.
static void change32(Random &random, std::string &bytes, size_t offset) {
  if (offset + 4 <= bytes.size())
    write32le(&bytes[offset], static_cast<uint32_t>(changeNumber(
                                  random, read32le(&bytes[offset]))));
}
static void change64(Random &random, std::string &bytes, size_t offset) {
  if (offset + 8 <= bytes.size())
    write64le(&bytes[offset], changeNumber(random, read64le(&bytes[offset])));
}

/// Changes a list, and mostly the count at \p countOffset of the header.
static void changeList(Random &random, std::vector<Part> &list,
                       const std::vector<Part> &others, std::string &header,
                       size_t countOffset) {
  if (list.empty() || others.empty())
    return;
  const size_t at = random.below(list.size());
  switch (random.below(6)) {
  case 0:
    list.erase(list.begin() + at);
    break;
  case 1:
    list.push_back(list[at]);
    break;
  case 2:
    list.push_back(random.pick(others));
    break;
  case 3:
    list[at].rest = random.pick(others).rest;
    break;
  case 4:
    std::swap(list[at].name, random.pick(list).name);
    break;
  default:
    list[at].name = random.pick(others).name;
    break;
  }
  if (!random.oneIn(16))
    write64le(&header[countOffset], list.size());
}

/// A type and a value.
static void changePair(Random &random, Part &pair) {
  std::string &rest = pair.rest;
  const uint32_t type = read32le(rest.data());
  switch (random.below(4)) {
  case 0:
    write32le(rest.data(), static_cast<uint32_t>(random.below(14)));
    break;
  case 1: {
    // A number of another width.
    const bool isWide = random.oneIn(2);
    rest.assign(isWide ? 12 : 8, 0);
    write32le(rest.data(), isWide ? 10 + random.below(3) : 4 + random.below(3));
    if (isWide)
      change64(random, rest, 4);
    else
      change32(random, rest, 4);
    break;
  }
  case 2:
    // The type of elements.
    if (type == kArray) {
      change32(random, rest, 4);
      break;
    }
    [[fallthrough]];
  default:
    if (type == kString)
      change64(random, rest, 4);
    else if (type == kArray)
      change64(random, rest, 8);
    else if (rest.size() >= 12)
      change64(random, rest, 4);
    else
      change32(random, rest, 4);
    break;
  }
}

/// A rank, dimensions, an encoding and an offset.
static void changeTensor(Random &random, Part &tensor,
                         const std::vector<Part> &others) {
  std::string &rest = tensor.rest;
  const size_t encoding = rest.size() - 12, offset = rest.size() - 8;
  switch (random.below(6)) {
  case 0:
    change32(random, rest, 0);
    break;
  case 1:
    if (encoding > 4)
      change64(random, rest, 4 + 8 * random.below((encoding - 4) / 8));
    break;
  case 2:
    write32le(&rest[encoding], static_cast<uint32_t>(random.below(42)));
    break;
  case 3:
    change64(random, rest, offset);
    break;
  case 4:
    rest.replace(offset, 8, StringRef(random.pick(others).rest).take_back(8));
    break;
  default: {
    // A dimension more.
    const std::string dimension = rest.substr(4, 8);
    rest.insert(4, dimension);
    write32le(rest.data(), read32le(rest.data()) + 1);
    break;
  }
  }
}

std::string dlavm::mutateGGUF(Random &random, StringRef file, StringRef other) {
  std::optional<Parts> parts = Cutter(file).cut(), others = Cutter(other).cut();
  if (!parts || !others)
    return file.str();
  switch (random.below(8)) {
  case 0:
  case 1:
    changeList(random, parts->pairs, others->pairs, parts->header, kCounts + 8);
    break;
  case 2:
    changeList(random, parts->tensors, others->tensors, parts->header, kCounts);
    break;
  case 3:
  case 4:
    if (!parts->pairs.empty())
      changePair(random, random.pick(parts->pairs));
    break;
  case 5:
  case 6:
    if (!parts->tensors.empty() && !others->tensors.empty())
      changeTensor(random, random.pick(parts->tensors), others->tensors);
    break;
  default:
    if (random.oneIn(3))
      change32(random, parts->header, 4);
    else
      change64(random, parts->header, kCounts + 8 * random.below(2));
    break;
  }
  return join(*parts);
}
