//===- dlavm_runtime.h - What generated drivers need ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only header that a generated driver includes: C++17 and the standard
// library. All state is in the device object, so drivers of several devices can
// run in one program. Every failure is an exception of type dlavm::Error.
//
// The host is little-endian, as the devices are.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUNTIME_H
#define DLAVM_RUNTIME_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace dlavm {
// The compiler has classes of the same names; a program may link it too.
inline namespace runtime {

/// What every function here throws; the message says what to do.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The memories of a device.
enum class Space { DDR, HBM };

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

/// An accelerator as its driver sees it. DMA addresses are absolute: they
/// include the base of the memory and, in HBM, the port.
class Device {
public:
  Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  virtual ~Device() = default;

  /// Writes a register. Drivers compute values with 64 bits; one that does not
  /// fit a register is refused before it reaches the device.
  void write(uint32_t reg, int64_t value) {
    if (value < 0 || value > int64_t{0xffffffff})
      throw Error("register " + std::to_string(reg) + " cannot hold " +
                  std::to_string(value) + ": registers have 32 bits");
    do_write(reg, static_cast<uint32_t>(value));
  }

  virtual uint32_t read(uint32_t reg) = 0;

  /// Returns when the register reads \p value.
  virtual void poll(uint32_t reg, uint32_t value) = 0;

  virtual void dma_write(uint64_t address, const void *data, size_t bytes) = 0;
  virtual void dma_read(uint64_t address, void *data, size_t bytes) = 0;

  /// Says which operation the following writes belong to; \p layer is -1
  /// outside the layers. Only devices that record or check have a use for it.
  virtual void task(int32_t /*layer*/, const char * /*name*/) {}

  /// Says that an operation has ended; only drivers that were compiled to print
  /// their steps call it.
  virtual void step(int32_t layer, const char *name) {
    if (layer >= 0)
      std::cerr << "layer " << layer << ": ";
    std::cerr << name << "\n";
  }

protected:
  virtual void do_write(uint32_t reg, uint32_t value) = 0;
};

/// A device that does nothing. Registers and memory read 0, polls succeed.
class NullDevice : public Device {
public:
  uint32_t read(uint32_t /*reg*/) override { return 0; }
  void poll(uint32_t /*reg*/, uint32_t /*value*/) override {}
  void dma_write(uint64_t /*address*/, const void * /*data*/,
                 size_t /*bytes*/) override {}
  void dma_read(uint64_t /*address*/, void *data, size_t bytes) override {
    std::fill_n(static_cast<unsigned char *>(data), bytes, 0);
  }
  void step(int32_t /*layer*/, const char * /*name*/) override {}

protected:
  void do_write(uint32_t /*reg*/, uint32_t /*value*/) override {}
};

/// A device that writes down what a driver does, one event a line:
///
///     W 3 128            register 3 is written with 128
///     P 1 1              register 1 is polled until it reads 1
///     # task 0 query     the operation that follows
///     # R 40             register 40 is read
///     # D write 8589934592 4096      DMA to the device: address, bytes
///     # D read 8589934592 4096       DMA from the device
///
/// Traces compare registers only, so all else is a comment. Registers and
/// memory read 0, polls succeed.
class Recorder : public NullDevice {
public:
  /// The stream must outlive the recorder.
  explicit Recorder(std::ostream &os) : stream(os) {}

  uint32_t read(uint32_t reg) override {
    line("# R " + std::to_string(reg));
    return 0;
  }
  void poll(uint32_t reg, uint32_t value) override {
    line("P " + std::to_string(reg) + " " + std::to_string(value));
  }
  void dma_write(uint64_t address, const void * /*data*/,
                 size_t bytes) override {
    line("# D write " + std::to_string(address) + " " + std::to_string(bytes));
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    line("# D read " + std::to_string(address) + " " + std::to_string(bytes));
    NullDevice::dma_read(address, data, bytes);
  }
  void task(int32_t layer, const char *name) override {
    line("# task " + std::to_string(layer) + " " + name);
  }

protected:
  void do_write(uint32_t reg, uint32_t value) override {
    line("W " + std::to_string(reg) + " " + std::to_string(value));
  }

private:
  // Text that is built before it is streamed does not depend on the number
  // format or the locale of the stream.
  void line(const std::string &text) { stream << text << '\n'; }

  std::ostream &stream;
};

/// Refuses a call that the driver was not made for, before it touches the
/// device: a call needs a token, and the KV caches hold \p max_tokens.
inline void check_call(int32_t seq, int32_t past, int32_t max_tokens) {
  if (seq < 1)
    throw Error("seq is " + std::to_string(seq) +
                ", but a call processes at least one token");
  if (past < 0)
    throw Error("past is " + std::to_string(past) +
                ", but the KV cache cannot hold fewer than 0 tokens");
  const int64_t total = int64_t{seq} + past;
  if (total > max_tokens)
    throw Error("seq + past is " + std::to_string(seq) + " + " +
                std::to_string(past) + " = " + std::to_string(total) +
                ", but this driver was made for at most " +
                std::to_string(max_tokens) + " tokens");
}

//===----------------------------------------------------------------------===//
// Checksums
//===----------------------------------------------------------------------===//

namespace detail {

/// xxHash64 with the seed 0, of data that come in pieces.
class Hash64 {
public:
  void update(const void *data, size_t size) {
    const auto *next = static_cast<const unsigned char *>(data);
    bytes += size;
    if (pending > 0) {
      const size_t count = std::min(size, sizeof stripe - pending);
      std::memcpy(stripe + pending, next, count);
      pending += count;
      next += count;
      size -= count;
      if (pending < sizeof stripe)
        return;
      consume(stripe);
      pending = 0;
    }
    for (; size >= sizeof stripe; size -= sizeof stripe, next += sizeof stripe)
      consume(next);
    std::memcpy(stripe, next, size);
    pending = size;
  }

  /// The hash of all data so far.
  uint64_t get() const {
    uint64_t hash = prime5;
    if (bytes >= sizeof stripe) {
      hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
             rotate(lanes[3], 18);
      for (uint64_t lane : lanes)
        hash = (hash ^ mix(0, lane)) * prime1 + prime4;
    }
    hash += bytes;
    size_t at = 0;
    for (; at + 8 <= pending; at += 8)
      hash = rotate(hash ^ mix(0, load<uint64_t>(stripe + at)), 27) * prime1 +
             prime4;
    for (; at + 4 <= pending; at += 4)
      hash =
          rotate(hash ^ (load<uint32_t>(stripe + at) * prime1), 23) * prime2 +
          prime3;
    for (; at < pending; ++at)
      hash = rotate(hash ^ (stripe[at] * prime5), 11) * prime1;
    hash = (hash ^ (hash >> 33)) * prime2;
    hash = (hash ^ (hash >> 29)) * prime3;
    return hash ^ (hash >> 32);
  }

private:
  static constexpr uint64_t prime1 = 0x9e3779b185ebca87;
  static constexpr uint64_t prime2 = 0xc2b2ae3d27d4eb4f;
  static constexpr uint64_t prime3 = 0x165667b19e3779f9;
  static constexpr uint64_t prime4 = 0x85ebca77c2b2ae63;
  static constexpr uint64_t prime5 = 0x27d4eb2f165667c5;

  static uint64_t rotate(uint64_t value, int bits) {
    return (value << bits) | (value >> (64 - bits));
  }
  static uint64_t mix(uint64_t lane, uint64_t word) {
    return rotate(lane + word * prime2, 31) * prime1;
  }
  template <typename Word> static uint64_t load(const unsigned char *data) {
    Word word;
    std::memcpy(&word, data, sizeof word);
    return word;
  }
  void consume(const unsigned char *data) {
    for (size_t i = 0; i < 4; ++i)
      lanes[i] = mix(lanes[i], load<uint64_t>(data + 8 * i));
  }

  uint64_t lanes[4] = {prime1 + prime2, prime2, 0, 0 - prime1};
  unsigned char stripe[32] = {};
  /// How much of the stripe is waiting.
  size_t pending = 0;
  uint64_t bytes = 0;
};

/// 16 hexadecimal digits.
inline std::string to_hex(uint64_t number) {
  std::string text(16, '0');
  for (size_t i = text.size(); number != 0; number /= 16)
    text[--i] = "0123456789abcdef"[number % 16];
  return text;
}

/// Reads a number, all of the text and no sign; false if it is none, or has
/// more than 19 digits.
inline bool parse_number(const std::string &text, unsigned base,
                         uint64_t &number) {
  number = 0;
  for (char c : text) {
    const size_t digit = std::string("0123456789abcdef").find(c);
    if (digit >= base)
      return false;
    number = number * base + digit;
  }
  return !text.empty() && text.size() <= 19;
}

inline bool parse_hex(const std::string &text, uint64_t &number) {
  return text.size() == 16 && parse_number(text, 16, number);
}

/// Text that may be anything, for messages.
inline std::string quote(std::string text) {
  constexpr size_t most = 60;
  const bool is_long = text.size() > most;
  text.resize(std::min(text.size(), most));
  for (char &c : text)
    if (c < ' ' || c > '~')
      c = '?';
  return "'" + text + (is_long ? "...'" : "'");
}

/// True for a path that stays below the directory that it is looked up in.
inline bool is_below(const std::string &name) {
  const std::filesystem::path path = name;
  return !name.empty() && path.is_relative() && path.has_filename() &&
         name == path.lexically_normal().string() && *path.begin() != ".." &&
         name != ".";
}

/// A line of checksums.txt.
struct Checksum {
  uint64_t hash;
  uint64_t bytes;
};

/// Reads checksums.txt, which says which files were packed, and for whom:
///
///     dlavm-parameters 1 <fingerprint>
///     <hash> <bytes> <path below the directory>       for every file
///
/// Fingerprint and hashes are 16 hexadecimal digits. Throws if it is not there,
/// is not complete, or belongs to a driver with another fingerprint.
inline std::map<std::string, Checksum>
read_checksums(const std::string &directory, uint64_t fingerprint) {
  const std::string path = directory + "/checksums.txt";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Error(path + " does not exist, so " + directory +
                " has no complete set of parameter files; run dlavm pack, "
                "which writes it last");
  std::ifstream stream(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path, error) || !stream)
    throw Error(path + " cannot be read");
  size_t number = 0;
  std::string line;
  auto fail = [&](const std::string &why) {
    throw Error(path + ", line " + std::to_string(number) + ": " + why +
                "; run dlavm pack again");
  };
  auto read_line = [&] {
    if (!std::getline(stream, line))
      return false;
    ++number;
    if (stream.eof())
      fail("the line has no end, so the file was cut off");
    return true;
  };

  const std::string title = "dlavm-parameters 1 ";
  uint64_t found = 0;
  if (!read_line())
    throw Error(path + " is empty; run dlavm pack again");
  if (line.compare(0, title.size(), title) != 0 ||
      !parse_hex(line.substr(title.size()), found))
    fail("expected 'dlavm-parameters 1' and a fingerprint, found " +
         quote(line));
  std::map<std::string, Checksum> files;
  while (read_line()) {
    const size_t first = line.find(' ');
    const size_t second =
        first == std::string::npos ? first : line.find(' ', first + 1);
    Checksum sum = {};
    if (second == std::string::npos ||
        !parse_hex(line.substr(0, first), sum.hash) ||
        !parse_number(line.substr(first + 1, second - first - 1), 10,
                      sum.bytes))
      fail("expected a checksum, a size and a path, found " + quote(line));
    const std::string name = line.substr(second + 1);
    if (!is_below(name))
      fail("expected a path below the directory, found " + quote(name));
    if (!files.emplace(name, sum).second)
      fail(quote(name) + " is listed twice");
  }
  if (stream.bad())
    throw Error(path + " cannot be read");
  if (found != fingerprint)
    throw Error("the parameter files in " + directory +
                " were packed for another driver: their fingerprint is " +
                to_hex(found) + ", that of this driver " + to_hex(fingerprint) +
                "; run dlavm pack for this driver");
  return files;
}

} // namespace detail

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Where the files of one object go. Drivers hold a table of these.
struct ParameterFile {
  /// Name of the object, for messages.
  const char *object;
  /// Path below the directory of the parameters. "{layer}" and "{port}" stand
  /// for two-digit numbers: "layer{layer}/query.port{port}.bin".
  const char *pattern;
  Space space;
  /// DMA address for layer 0 and port 0.
  uint64_t address;
  /// Bytes between the objects of neighbouring layers.
  int64_t layer_stride;
  /// Number of layers that have files of their own; 0 if one serves all.
  int32_t layers;
  int32_t ports;
  /// Bytes between neighbouring ports.
  uint64_t port_stride;
  /// Bytes of each file.
  uint64_t bytes;
};

/// How a device copies from DDR to HBM by itself. Some hosts write HBM faster
/// this way, and some not otherwise.
struct CopyEngine {
  /// Copies \p bytes from the DDR address \p source, without the base of DDR,
  /// to the DMA address \p destination, which lies in \p port.
  void (*copy)(Device &device, int64_t source, int64_t destination,
               int64_t bytes, int32_t port);
  /// DMA address of DDR's first byte.
  uint64_t ddr_base;
  /// DDR memory for one file, which nothing else occupies while parameters are
  /// loaded; the address does not include the base.
  int64_t scratch;
  int64_t scratch_bytes;
};

namespace detail {

inline void replace_number(std::string &text, const std::string &key,
                           int32_t number) {
  const size_t position = text.find(key);
  if (position == std::string::npos)
    return;
  const std::string digits = std::to_string(number);
  text.replace(position, key.size(), (number < 10 ? "0" : "") + digits);
}

/// Calls \p visit(name, entry, DMA address, port) for every file of the table;
/// the name is its path below the directory of the parameters.
template <typename Visit>
void for_each_file(const ParameterFile *first, size_t count, Visit visit) {
  for (const ParameterFile *file = first; file != first + count; ++file) {
    for (int32_t layer = 0; layer < std::max(file->layers, 1); ++layer) {
      for (int32_t port = 0; port < file->ports; ++port) {
        std::string name = file->pattern;
        replace_number(name, "{layer}", layer);
        replace_number(name, "{port}", port);
        const uint64_t address =
            file->address + static_cast<uint64_t>(layer * file->layer_stride) +
            static_cast<uint64_t>(port) * file->port_stride;
        visit(name, *file, address, port);
      }
    }
  }
}

/// Checks what can be known without reading the file; \p what names it in
/// messages.
inline void check_size(const std::string &path, const std::string &what,
                       uint64_t bytes) {
  const std::string wanted =
      path + ", " + what + ", should have " + std::to_string(bytes) + " bytes";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Error(wanted + ", but does not exist; run dlavm pack again");
  const uint64_t found = std::filesystem::file_size(path, error);
  if (error)
    throw Error(wanted + ", but cannot be read: " + error.message());
  if (found != bytes)
    throw Error(wanted + ", but has " + std::to_string(found) +
                "; run dlavm pack again");
}

/// The same for a file of the table; \p listed is its line of checksums.txt, or
/// null.
inline void check_size(const std::string &path, const ParameterFile &file,
                       const Checksum *listed) {
  const std::string what = std::string("a file of ") + file.object;
  if (!listed)
    throw Error(path + ", " + what +
                ", is not listed in checksums.txt; run dlavm pack again");
  if (listed->bytes != file.bytes)
    throw Error(path + ", " + what + ", should have " +
                std::to_string(file.bytes) + " bytes, but checksums.txt says " +
                std::to_string(listed->bytes) + "; run dlavm pack again");
  check_size(path, what, file.bytes);
}

/// Reads a file of the right size, in pieces that \p buffer holds, and compares
/// its checksum.
inline void check_content(const std::string &path, const std::string &what,
                          const Checksum &listed, std::vector<char> &buffer) {
  std::ifstream stream(path, std::ios::binary);
  Hash64 hash;
  for (uint64_t left = listed.bytes; left > 0;) {
    const size_t piece = std::min<uint64_t>(left, buffer.size());
    if (!stream.read(buffer.data(), static_cast<std::streamsize>(piece)))
      throw Error(path + " cannot be read");
    hash.update(buffer.data(), piece);
    left -= piece;
  }
  if (hash.get() != listed.hash)
    throw Error(path + ", " + what + ", has the checksum " +
                to_hex(hash.get()) + ", but checksums.txt says " +
                to_hex(listed.hash) +
                ": it has changed since it was packed; run dlavm pack again");
}

/// Reads all of a file that has been checked. Others may write to it meanwhile.
inline void read_again(const std::string &path, const Checksum &listed,
                       std::vector<char> &data) {
  const std::string partial =
      " while it was loaded; the device holds a part of the parameters";
  data.resize(listed.bytes);
  std::ifstream stream(path, std::ios::binary);
  if (!stream.read(data.data(), static_cast<std::streamsize>(data.size())))
    throw Error(path + " could not be read" + partial);
  Hash64 hash;
  hash.update(data.data(), data.size());
  if (hash.get() != listed.hash)
    throw Error(path + " changed" + partial);
}

} // namespace detail

/// Writes all files of the table to the device. Checks first that
/// checksums.txt is there, is complete and belongs to the driver with this
/// fingerprint, that it lists every file of the table, and that every file that
/// it lists is there and of the right size and checksum; what fails this does
/// not touch the device. Files are read again to be loaded: one that has
/// changed meanwhile is not loaded either, but those before it have been, as
/// the error says. With an engine, files for HBM go through its scratch memory.
inline void load_parameters(Device &device, const ParameterFile *first,
                            size_t count, const std::string &directory,
                            uint64_t fingerprint,
                            const CopyEngine *engine = nullptr) {
  const std::map<std::string, detail::Checksum> sums =
      detail::read_checksums(directory, fingerprint);
  // What the table does not name, such as the embedding, is for the host.
  std::map<std::string, detail::Checksum> others = sums;
  const std::string listed_only = "which checksums.txt lists";
  detail::for_each_file(
      first, count,
      [&](const std::string &name, const ParameterFile &file, uint64_t,
          int32_t) {
        const std::string path = directory + "/" + name;
        const auto listed = sums.find(name);
        detail::check_size(path, file,
                           listed == sums.end() ? nullptr : &listed->second);
        if (engine && file.space == Space::HBM &&
            file.bytes > static_cast<uint64_t>(engine->scratch_bytes))
          throw Error("the scratch memory has " +
                      std::to_string(engine->scratch_bytes) + " bytes, but " +
                      path + " has " + std::to_string(file.bytes));
        others.erase(name);
      });
  for (const auto &[name, sum] : others)
    detail::check_size(directory + "/" + name, listed_only, sum.bytes);

  std::vector<char> data(size_t{1} << 22);
  detail::for_each_file(first, count,
                        [&](const std::string &name, const ParameterFile &file,
                            uint64_t, int32_t) {
                          detail::check_content(directory + "/" + name,
                                                std::string("a file of ") +
                                                    file.object,
                                                sums.at(name), data);
                        });
  for (const auto &[name, sum] : others)
    detail::check_content(directory + "/" + name, listed_only, sum, data);

  detail::for_each_file(
      first, count,
      [&](const std::string &name, const ParameterFile &file, uint64_t address,
          int32_t port) {
        detail::read_again(directory + "/" + name, sums.at(name), data);
        if (!engine || file.space != Space::HBM) {
          device.dma_write(address, data.data(), data.size());
          return;
        }
        device.dma_write(engine->ddr_base +
                             static_cast<uint64_t>(engine->scratch),
                         data.data(), data.size());
        engine->copy(device, engine->scratch, static_cast<int64_t>(address),
                     static_cast<int64_t>(file.bytes), port);
      });
}

/// Reads the rows of these tokens from a file with a row of FP16 elements for
/// every token of the vocabulary; returns them row-major [ids][channels].
inline std::vector<uint16_t> read_embeddings(const std::string &path,
                                             const std::vector<int32_t> &ids,
                                             int32_t vocabulary,
                                             int32_t channels) {
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= vocabulary)
      throw Error("token " + std::to_string(i) + " has the id " +
                  std::to_string(ids[i]) +
                  ", but the ids of this model are 0 to " +
                  std::to_string(vocabulary - 1));
  const uint64_t row = sizeof(uint16_t) * static_cast<uint64_t>(channels);
  const uint64_t bytes = row * static_cast<uint64_t>(vocabulary);
  const std::string what =
      path + ", the embedding of " + std::to_string(vocabulary) +
      " tokens, should have " + std::to_string(bytes) + " bytes";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Error(what + ", but does not exist; run dlavm pack");
  const uint64_t found = std::filesystem::file_size(path, error);
  if (error)
    throw Error(what + ", but cannot be read: " + error.message());
  if (found != bytes)
    throw Error(what + ", but has " + std::to_string(found) +
                "; run dlavm pack again");
  std::ifstream stream(path, std::ios::binary);
  std::vector<uint16_t> rows(ids.size() * static_cast<size_t>(channels));
  char *next = reinterpret_cast<char *>(rows.data());
  for (int32_t id : ids) {
    stream.seekg(static_cast<std::streamoff>(row * static_cast<uint64_t>(id)));
    if (!stream.read(next, static_cast<std::streamsize>(row)))
      throw Error(path + " cannot be read");
    next += row;
  }
  return rows;
}

//===----------------------------------------------------------------------===//
// Feature maps
//===----------------------------------------------------------------------===//

namespace detail {

/// Elements of a map in the device's layout.
inline size_t map_size(int32_t tokens, int32_t channels, int32_t lanes) {
  if (tokens < 1 || channels < 1 || lanes < 1)
    throw Error("a map of " + std::to_string(tokens) + " tokens and " +
                std::to_string(channels) + " channels in groups of " +
                std::to_string(lanes) + " has no elements");
  const size_t groups = static_cast<size_t>((channels - 1) / lanes + 1);
  return groups * static_cast<size_t>(tokens) * static_cast<size_t>(lanes);
}

/// Calls \p copy(row-major index, index in the device's layout) for every
/// element: the device keeps group after group of \p lanes channels, in a group
/// token after token.
template <typename Copy>
void for_each_element(int32_t tokens, int32_t channels, int32_t lanes,
                      Copy copy) {
  size_t index = 0;
  for (int32_t token = 0; token < tokens; ++token)
    for (int32_t channel = 0; channel < channels; ++channel) {
      const size_t group = static_cast<size_t>(channel / lanes);
      const size_t pixel =
          group * static_cast<size_t>(tokens) + static_cast<size_t>(token);
      copy(index++, pixel * static_cast<size_t>(lanes) +
                        static_cast<size_t>(channel % lanes));
    }
}

} // namespace detail

/// Writes FP16 elements, row-major [tokens][channels], as a feature map: groups
/// of \p lanes channels, in each the tokens. Channels that fill the last group
/// are 0.
inline void write_map(Device &device, uint64_t address, const uint16_t *rows,
                      int32_t tokens, int32_t channels, int32_t lanes) {
  std::vector<uint16_t> map(detail::map_size(tokens, channels, lanes));
  detail::for_each_element(
      tokens, channels, lanes,
      [&](size_t index, size_t place) { map[place] = rows[index]; });
  device.dma_write(address, map.data(), map.size() * sizeof(uint16_t));
}

/// Reads a feature map; returns FP16 elements, row-major [tokens][channels].
inline std::vector<uint16_t> read_map(Device &device, uint64_t address,
                                      int32_t tokens, int32_t channels,
                                      int32_t lanes) {
  std::vector<uint16_t> map(detail::map_size(tokens, channels, lanes));
  device.dma_read(address, map.data(), map.size() * sizeof(uint16_t));
  std::vector<uint16_t> rows(static_cast<size_t>(tokens) *
                             static_cast<size_t>(channels));
  detail::for_each_element(
      tokens, channels, lanes,
      [&](size_t index, size_t place) { rows[index] = map[place]; });
  return rows;
}

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_RUNTIME_H
