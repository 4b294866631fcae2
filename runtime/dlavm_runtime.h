//===- dlavm_runtime.h - What generated drivers need ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All that a generated driver needs: C++17, the standard library and stat() of
// POSIX, and of these only headers that compile fast. All state is in the
// device object, so drivers of several devices can run in one program. Every
// failure is an exception of type dlavm::Error.
//
// The host is little-endian, as the devices are.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUNTIME_H
#define DLAVM_RUNTIME_H

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <utility>
#include <vector>
// std::min, which the <vector> of libstdc++ has: there <algorithm> would take
// as long to compile as a driver.
#ifndef __GLIBCXX__
#include <algorithm>
#endif

#include <sys/stat.h>

namespace dlavm {
// The compiler has classes of the same names; a program may link it too.
inline namespace runtime {

/// A text for paths and messages; std::string converts to it. Compiling
/// <string> takes longer than compiling all of a driver.
class String {
public:
  String(const char *text = "") { append(text, std::strlen(text)); }
  template <typename Text,
            typename = decltype(std::declval<const Text &>().c_str())>
  String(const Text &text) : String(text.c_str()) {}
  String(const String &other) { append(other.text, other.length); }
  String(String &&other) noexcept { swap(other); }
  String &operator=(String other) noexcept {
    swap(other);
    return *this;
  }
  ~String() { std::free(text); }

  const char *c_str() const { return text ? text : ""; }
  size_t size() const { return length; }

  String &append(const char *more, size_t size) {
    char *longer = static_cast<char *>(std::realloc(text, length + size + 1));
    if (!longer)
      throw std::bad_alloc();
    text = longer;
    if (size > 0)
      std::memcpy(text + length, more, size);
    length += size;
    text[length] = '\0';
    return *this;
  }
  friend String operator+(String left, const String &right) {
    return std::move(left.append(right.c_str(), right.length));
  }

private:
  void swap(String &other) noexcept {
    std::swap(text, other.text);
    std::swap(length, other.length);
  }

  char *text = nullptr;
  size_t length = 0;
};

/// What every function here throws; the message says what to do.
class Error : public std::exception {
public:
  explicit Error(String message) : message(std::move(message)) {}
  const char *what() const noexcept override { return message.c_str(); }

private:
  String message;
};

namespace detail {

/// The number in decimal digits.
inline String to_text(uint64_t number, bool is_negative = false) {
  char digits[24] = {};
  char *first = digits + sizeof digits - 1;
  do
    *--first = static_cast<char>('0' + number % 10);
  while (number /= 10);
  if (is_negative)
    *--first = '-';
  return first;
}
inline String to_text(int64_t number) {
  const uint64_t bits = static_cast<uint64_t>(number);
  return to_text(number < 0 ? 0 - bits : bits, number < 0);
}
inline String to_text(int32_t number) { return to_text(int64_t{number}); }
inline String to_text(uint32_t number) { return to_text(uint64_t{number}); }

} // namespace detail

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

/// For devices that must compile with older headers, too: there Device has no
/// do_task, and task is overridden.
#define DLAVM_DEVICE_HAS_DO_TASK

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
      refuse(reg, value);
    do_write(reg, static_cast<uint32_t>(value));
  }

  virtual uint32_t read(uint32_t reg) = 0;

  /// Returns when the register reads \p value.
  virtual void poll(uint32_t reg, uint32_t value) = 0;

  virtual void dma_write(uint64_t address, const void *data, size_t bytes) = 0;
  virtual void dma_read(uint64_t address, void *data, size_t bytes) = 0;
  /// False of a device whose dma_read always throws.
  virtual bool can_read_memory() const { return true; }

  /// Sends a file with these bytes, which \p data holds as well. Only hosts
  /// that send files and no memory have a use for the path.
  virtual void dma_write_file(uint64_t address, const String & /*path*/,
                              const void *data, size_t bytes) {
    dma_write(address, data, bytes);
  }

  /// Takes the words of the driver's instruction blocks, which load_parameters
  /// has sent to the device.
  void keep_instructions(const void *words, size_t bytes) {
    sent_calls[0] = sent_calls[1] = -1;
    instructions.resize(bytes / sizeof(uint32_t));
    if (!instructions.empty())
      std::memcpy(instructions.data(), words,
                  instructions.size() * sizeof(uint32_t));
  }

  /// For a device that passes all on to another one, which has the words.
  void swap_instructions(Device &other) {
    instructions.swap(other.instructions);
    std::swap(sent_calls, other.sent_calls);
  }

  /// Changes a word of what was kept.
  void set_instruction(int32_t word, int64_t value) {
    check_instructions(word, 1);
    if (value < 0 || value > int64_t{0xffffffff})
      throw Error("word " + detail::to_text(word) +
                  " of the instruction blocks cannot hold " +
                  detail::to_text(value) + ": words have 32 bits");
    instructions[static_cast<size_t>(word)] = static_cast<uint32_t>(value);
  }

  /// Sends some of what was kept, in one transfer; word 0 has the DMA address
  /// \p address.
  void send_instructions(int64_t address, int32_t first, int32_t words) {
    check_instructions(first, words);
    dma_write(static_cast<uint64_t>(address) +
                  sizeof(uint32_t) * static_cast<uint64_t>(first),
              instructions.data() + first,
              sizeof(uint32_t) * static_cast<size_t>(words));
  }

  /// The same where the device has the blocks twice: the words are those of a
  /// call after \p past tokens, in the buffer 0 or 1.
  void send_instructions(int64_t address, int32_t first, int32_t words,
                         int32_t past, int32_t buffer) {
    int32_t &sent = sent_calls[buffer & 1];
    // A transfer that fails leaves words of neither call.
    sent = -1;
    send_instructions(address, first, words);
    sent = past;
  }

  /// The past of the words that the buffer was sent last, -1 if there are none.
  int32_t sent_instructions(int32_t buffer) const {
    return sent_calls[buffer & 1];
  }

  /// Says which operation the following writes belong to; \p layer is -1
  /// outside the layers. Only devices that record or check have a use for it;
  /// the others are asked once. Devices override do_task; the function is
  /// virtual only so that one that overrides it, as in older headers, does not
  /// compile. Calls of it are direct, since it is final.
  virtual void task(int32_t layer, const char *name) final { // override do_task
    if (follows_tasks)
      do_task(layer, name);
  }

  /// Says that an operation has ended; only drivers that were compiled to print
  /// their steps call it.
  virtual void step(int32_t layer, const char *name) {
    if (layer >= 0)
      std::fprintf(stderr, "layer %d: ", static_cast<int>(layer));
    std::fprintf(stderr, "%s\n", name);
  }

protected:
  virtual void do_write(uint32_t reg, uint32_t value) = 0;
  virtual void do_task(int32_t /*layer*/, const char * /*name*/) {
    follows_tasks = false;
  }

private:
  // Apart from write(), which is inlined where it does not build a message.
  [[noreturn]] static void refuse(uint32_t reg, int64_t value) {
    throw Error("register " + detail::to_text(reg) + " cannot hold " +
                detail::to_text(value) + ": registers have 32 bits");
  }

  void check_instructions(int32_t first, int32_t words) const {
    if (instructions.empty())
      throw Error("the device has no instruction blocks; call load_parameters "
                  "before decode");
    const int64_t end = static_cast<int64_t>(instructions.size());
    if (first < 0 || words < 0 || int64_t{first} + words > end)
      throw Error("the instruction blocks have " + detail::to_text(end) +
                  " words, but the driver needs " + detail::to_text(words) +
                  " from word " + detail::to_text(first) +
                  " on: they are those of another driver");
  }

  std::vector<uint32_t> instructions;
  int32_t sent_calls[2] = {-1, -1};
  bool follows_tasks = true;
};

/// A device that does nothing. Registers and memory read 0, polls succeed.
class NullDevice : public Device {
public:
  uint32_t read(uint32_t /*reg*/) override { return 0; }
  void poll(uint32_t /*reg*/, uint32_t /*value*/) override {}
  void dma_write(uint64_t /*address*/, const void * /*data*/,
                 size_t /*bytes*/) override {}
  void dma_read(uint64_t /*address*/, void *data, size_t bytes) override {
    std::memset(data, 0, bytes);
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
  /// Writes to a std::ostream, which must outlive the recorder.
  template <typename Stream>
  explicit Recorder(Stream &os)
      : stream(&os), put([](void *stream, const char *text, size_t size) {
          static_cast<Stream *>(stream)->write(
              text, static_cast<std::ptrdiff_t>(size));
        }) {}

  uint32_t read(uint32_t reg) override {
    line("# R " + detail::to_text(reg));
    return 0;
  }
  void poll(uint32_t reg, uint32_t value) override {
    line("P " + detail::to_text(reg) + " " + detail::to_text(value));
  }
  void dma_write(uint64_t address, const void * /*data*/,
                 size_t bytes) override {
    line("# D write " + detail::to_text(address) + " " +
         detail::to_text(bytes));
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    line("# D read " + detail::to_text(address) + " " + detail::to_text(bytes));
    NullDevice::dma_read(address, data, bytes);
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    line("# task " + detail::to_text(layer) + " " + name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    line("W " + detail::to_text(reg) + " " + detail::to_text(value));
  }

private:
  // Text that is built before it is streamed does not depend on the number
  // format or the locale of the stream.
  void line(const String &text) {
    const String whole = text + "\n";
    put(stream, whole.c_str(), whole.size());
  }

  void *stream;
  void (*put)(void *stream, const char *text, size_t size);
};

/// Refuses a call that the driver was not made for, before it touches the
/// device: a call needs a token, and the KV caches hold \p max_tokens.
inline void check_call(int32_t seq, int32_t past, int32_t max_tokens) {
  if (seq < 1)
    throw Error("seq is " + detail::to_text(seq) +
                ", but a call processes at least one token");
  if (past < 0)
    throw Error("past is " + detail::to_text(past) +
                ", but the KV cache cannot hold fewer than 0 tokens");
  const int64_t total = int64_t{seq} + past;
  if (total > max_tokens)
    throw Error("seq + past is " + detail::to_text(seq) + " + " +
                detail::to_text(past) + " = " + detail::to_text(total) +
                ", but this driver was made for at most " +
                detail::to_text(max_tokens) + " tokens");
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
inline String to_hex(uint64_t number) {
  char text[] = "0000000000000000";
  for (size_t i = sizeof text - 1; number != 0; number /= 16)
    text[--i] = "0123456789abcdef"[number % 16];
  return text;
}

/// Reads a number, all of the text and no sign; false if it is none, or has
/// more than 19 digits.
inline bool parse_number(const char *text, size_t size, unsigned base,
                         uint64_t &number) {
  number = 0;
  for (size_t i = 0; i < size; ++i) {
    const unsigned digit =
        text[i] >= '0' && text[i] <= '9'   ? unsigned(text[i] - '0')
        : text[i] >= 'a' && text[i] <= 'f' ? unsigned(text[i] - 'a') + 10
                                           : base;
    if (digit >= base)
      return false;
    number = number * base + digit;
  }
  return size > 0 && size <= 19;
}

inline bool parse_hex(const char *text, size_t size, uint64_t &number) {
  return size == 16 && parse_number(text, size, 16, number);
}

/// Text that may be anything, for messages.
inline String quote(const char *text, size_t size) {
  constexpr size_t most = 60;
  String quoted = "'";
  for (size_t i = 0; i < size && i < most; ++i)
    quoted.append(text[i] < ' ' || text[i] > '~' ? "?" : text + i, 1);
  return quoted + (size > most ? "...'" : "'");
}

/// True for a path that stays below the directory that it is looked up in: no
/// name in it is empty, "." or "..".
inline bool is_below(const char *path) {
  for (const char *name = path;; ++name) {
    const size_t size = std::strcspn(name, "/");
    if (size == 0 || (size <= 2 && std::strncmp(name, "..", size) == 0))
      return false;
    name += size;
    if (*name == '\0')
      return true;
  }
}

/// Bytes without a value.
class Buffer {
public:
  explicit Buffer(size_t bytes) { reserve(bytes); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { std::free(bytes); }

  char *data() { return static_cast<char *>(bytes); }
  size_t size() const { return capacity; }
  /// Makes room for as many; the bytes lose their values.
  void reserve(size_t size) {
    if (size <= capacity)
      return;
    std::free(bytes);
    capacity = 0;
    bytes = std::malloc(size);
    if (!bytes)
      throw std::bad_alloc();
    capacity = size;
  }

private:
  void *bytes = nullptr;
  size_t capacity = 0;
};

/// A file that is read.
class File {
public:
  explicit File(const String &path) : file(std::fopen(path.c_str(), "rb")) {}
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() {
    if (file)
      std::fclose(file);
  }

  /// Reads this many bytes; false if there are fewer.
  bool read(void *data, size_t bytes) {
    return file && std::fread(data, 1, bytes, file) == bytes;
  }
  bool seek(uint64_t place) {
    return file && std::fseek(file, static_cast<long>(place), SEEK_SET) == 0;
  }

private:
  std::FILE *file;
};

/// The bytes of a file. Returns what is wrong with one that cannot be read, or
/// null.
inline const char *get_size(const String &path, uint64_t &bytes) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    return std::strerror(errno);
  if ((status.st_mode & S_IFMT) != S_IFREG)
    return "it is no regular file";
  bytes = static_cast<uint64_t>(status.st_size);
  return nullptr;
}

inline bool exists(const String &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ||
         (errno != ENOENT && errno != ENOTDIR);
}

/// A line of checksums.txt.
struct Checksum {
  const char *name;
  uint64_t hash;
  uint64_t bytes;
  size_t line;
  /// Whether the table of the driver names it.
  bool is_loaded;
};

/// The files that checksums.txt lists, by name.
class Checksums {
public:
  /// Reads checksums.txt, which says which files were packed, and for whom:
  ///
  ///     dlavm-parameters 2 <fingerprint> <hash of the lines that follow>
  ///     <hash> <bytes> <path below the directory>       for every file
  ///
  /// Fingerprint and hashes are 16 hexadecimal digits. Throws if it is not
  /// there, is not complete or not as it was written, or belongs to a driver
  /// with another fingerprint.
  Checksums(const String &directory, uint64_t fingerprint);

  Checksum *begin() { return reinterpret_cast<Checksum *>(files.data()); }
  Checksum *end() { return begin() + count; }

  /// Null if it is not listed.
  Checksum *find(const String &name) {
    const Checksum key = {name.c_str(), 0, 0, 0, false};
    return static_cast<Checksum *>(
        std::bsearch(&key, begin(), count, sizeof key, compare_names));
  }

private:
  static int compare_names(const void *left, const void *right) {
    return std::strcmp(static_cast<const Checksum *>(left)->name,
                       static_cast<const Checksum *>(right)->name);
  }

  /// The text, with a null where a line ends.
  Buffer text{0}, files{0};
  size_t count = 0;
};

inline Checksums::Checksums(const String &directory, uint64_t fingerprint) {
  const String path = directory + "/checksums.txt";
  if (!exists(path))
    throw Error(path + " does not exist, so " + directory +
                " has no complete set of parameter files; run dlavm pack, "
                "which writes it");
  uint64_t bytes = 0;
  if (get_size(path, bytes))
    throw Error(path + " cannot be read");
  constexpr uint64_t most = uint64_t{64} << 20;
  if (bytes > most)
    throw Error(path + " has " + to_text(bytes) + " bytes, more than the " +
                to_text(most) + " of a list of files; run dlavm pack again");
  text.reserve(bytes + 1);
  if (!File(path).read(text.data(), bytes))
    throw Error(path + " cannot be read");
  if (bytes == 0)
    throw Error(path + " is empty; run dlavm pack again");

  size_t lines = 0;
  for (size_t i = 0; i < bytes; ++i)
    lines += text.data()[i] == '\n';
  files.reserve(lines * sizeof(Checksum));

  size_t number = 1;
  auto fail = [&](const String &why) {
    throw Error(path + ", line " + to_text(uint64_t{number}) + ": " + why +
                "; run dlavm pack again");
  };
  uint64_t found = 0, listed_hash = 0;
  Hash64 lines_hash;
  char *const end = text.data() + bytes;
  for (char *line = text.data(); line != end; ++number) {
    char *const line_end = static_cast<char *>(
        std::memchr(line, '\n', static_cast<size_t>(end - line)));
    if (!line_end)
      fail("the line has no end, so the file was cut off");
    *line_end = '\0';
    const size_t size = static_cast<size_t>(line_end - line);
    const char *const next = line;
    line = line_end + 1;
    if (number == 1) {
      constexpr char title[] = "dlavm-parameters 2 ";
      constexpr size_t length = sizeof title - 1, digits = 16;
      if (std::strncmp(next, title, length) != 0 ||
          size != length + digits + 1 + digits ||
          next[length + digits] != ' ' ||
          !parse_hex(next + length, digits, found) ||
          !parse_hex(next + length + digits + 1, digits, listed_hash))
        fail("expected 'dlavm-parameters 2', a fingerprint and a checksum, "
             "found " +
             quote(next, size));
      lines_hash.update(line, static_cast<size_t>(end - line));
      continue;
    }
    Checksum &sum = *new (begin() + count++) Checksum();
    const size_t first = std::strcspn(next, " ");
    const size_t second =
        first < size ? first + 1 + std::strcspn(next + first + 1, " ") : size;
    if (second >= size || next[first] != ' ' || next[second] != ' ' ||
        !parse_hex(next, first, sum.hash) ||
        !parse_number(next + first + 1, second - first - 1, 10, sum.bytes))
      fail("expected a checksum, a size and a path, found " +
           quote(next, size));
    sum.name = next + second + 1;
    sum.line = number;
    const size_t length = size - second - 1;
    if (!is_below(sum.name) || std::strlen(sum.name) != length)
      fail("expected a path below the directory, found " +
           quote(sum.name, length));
  }
  std::qsort(begin(), count, sizeof(Checksum), compare_names);
  for (Checksum *sum = begin(); count > 0 && sum != begin() + count - 1; ++sum)
    if (compare_names(sum, sum + 1) == 0) {
      number = std::max(sum[0].line, sum[1].line);
      fail(quote(sum->name, std::strlen(sum->name)) + " is listed twice");
    }
  if (found != fingerprint)
    throw Error("the parameter files in " + directory +
                " were packed for another driver: their fingerprint is " +
                to_hex(found) + ", that of this driver " + to_hex(fingerprint) +
                "; run dlavm pack for this driver");
  if (lines_hash.get() != listed_hash)
    throw Error(path +
                " lists other files than those that were packed: the "
                "lines after the first have the checksum " +
                to_hex(lines_hash.get()) + ", but the first says " +
                to_hex(listed_hash) + "; run dlavm pack again");
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
  /// The memory, by name: "HBM".
  const char *space;
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

/// How a device copies from one memory to the others by itself. Some hosts
/// write these faster this way, and some not otherwise.
struct CopyEngine {
  /// Copies \p bytes from the address \p source, without the base of its
  /// memory, to the DMA address \p destination, which lies in \p port.
  void (*copy)(Device &device, int64_t source, int64_t destination,
               int64_t bytes, int32_t port);
  /// The memory that it copies from, by name: "DDR". What belongs there needs
  /// no copy.
  const char *space;
  /// DMA address of that memory's first byte.
  uint64_t base;
  /// Room for one file, which nothing else occupies while parameters are
  /// loaded; the address does not include the base.
  int64_t scratch;
  int64_t scratch_bytes;

  bool serves(const ParameterFile &file) const {
    return std::strcmp(file.space, space) != 0;
  }
};

namespace detail {

/// The path of a file: the pattern with the numbers in it.
inline String get_path(const char *pattern, int32_t layer, int32_t port) {
  String path;
  for (const char *next = pattern; *next != '\0';) {
    const bool is_layer = std::strncmp(next, "{layer}", 7) == 0;
    if (!is_layer && std::strncmp(next, "{port}", 6) != 0) {
      path.append(next++, 1);
      continue;
    }
    const int32_t number = is_layer ? layer : port;
    path = std::move(path) + (number < 10 ? "0" : "") + to_text(number);
    next += is_layer ? 7 : 6;
  }
  return path;
}

/// Goes through all files of a table.
class Files {
public:
  Files(const ParameterFile *first, size_t count)
      : entry(first), end(first + count) {}

  /// Goes to the first file, and then to the next; false if there is none.
  bool next() {
    if (is_before)
      is_before = false;
    else
      ++port;
    for (; entry != end; ++entry, layer = 0) {
      for (; layer < std::max(entry->layers, 1); ++layer, port = 0)
        if (port < entry->ports)
          return true;
      port = 0;
    }
    return false;
  }

  const ParameterFile &get_entry() const { return *entry; }
  int32_t get_port() const { return port; }
  /// The path below the directory of the parameters.
  String get_name() const { return get_path(entry->pattern, layer, port); }
  uint64_t get_address() const {
    return entry->address + static_cast<uint64_t>(layer * entry->layer_stride) +
           static_cast<uint64_t>(port) * entry->port_stride;
  }

private:
  const ParameterFile *entry, *end;
  int32_t layer = 0, port = 0;
  bool is_before = true;
};

/// Checks what can be known without reading the file; \p what names it in
/// messages.
inline void check_size(const String &path, const String &what, uint64_t bytes) {
  const String wanted =
      path + ", " + what + ", should have " + detail::to_text(bytes) + " bytes";
  if (!exists(path))
    throw Error(wanted + ", but does not exist; run dlavm pack again");
  uint64_t found = 0;
  if (const char *why = get_size(path, found))
    throw Error(wanted + ", but cannot be read: " + why);
  if (found != bytes)
    throw Error(wanted + ", but has " + detail::to_text(found) +
                "; run dlavm pack again");
}

/// The same for a file of the table; \p listed is its line of checksums.txt, or
/// null.
inline void check_size(const String &path, const ParameterFile &file,
                       const Checksum *listed) {
  const String what = String("a file of ") + file.object;
  if (!listed)
    throw Error(path + ", " + what +
                ", is not listed in checksums.txt; run dlavm pack again");
  if (listed->bytes != file.bytes)
    throw Error(path + ", " + what + ", should have " +
                detail::to_text(file.bytes) +
                " bytes, but checksums.txt says " +
                detail::to_text(listed->bytes) + "; run dlavm pack again");
  check_size(path, what, file.bytes);
}

/// Reads a file of the right size, in pieces that \p buffer holds, and compares
/// its checksum.
inline void check_content(const String &path, const String &what,
                          const Checksum &listed, Buffer &buffer) {
  File file(path);
  Hash64 hash;
  for (uint64_t left = listed.bytes; left > 0;) {
    const size_t piece = std::min<uint64_t>(left, buffer.size());
    if (!file.read(buffer.data(), piece))
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
inline void read_again(const String &path, const Checksum &listed,
                       Buffer &data) {
  const String partial =
      " while it was loaded; the device holds a part of the parameters";
  data.reserve(listed.bytes);
  if (!File(path).read(data.data(), listed.bytes))
    throw Error(path + " could not be read" + partial);
  Hash64 hash;
  hash.update(data.data(), listed.bytes);
  if (hash.get() != listed.hash)
    throw Error(path + " changed" + partial);
}

} // namespace detail

/// Writes all files of the table to the device. Checks first that
/// checksums.txt is there, is as it was written and belongs to the driver with
/// this fingerprint, that it lists every file of the table, and that every file
/// that it lists is there and of the right size and checksum; what fails this
/// does not touch the device. Files are read again to be loaded: one that has
/// changed meanwhile is not loaded either, but those before it have been, as
/// the error says. With an engine, files for other memories than
/// its own go through its scratch memory. Of the object \p kept, the device
/// object keeps a copy: that of instruction blocks.
inline void load_parameters(Device &device, const ParameterFile *first,
                            size_t count, const String &directory,
                            uint64_t fingerprint,
                            const CopyEngine *engine = nullptr,
                            const char *kept = nullptr) {
  detail::Checksums sums(directory, fingerprint);
  // What the table does not name, such as the embedding, is for the host.
  const String listed_only = "which checksums.txt lists";
  for (detail::Files files(first, count); files.next();) {
    const ParameterFile &file = files.get_entry();
    const String name = files.get_name();
    const String path = directory + "/" + name;
    detail::Checksum *listed = sums.find(name);
    detail::check_size(path, file, listed);
    if (engine && engine->serves(file) &&
        file.bytes > static_cast<uint64_t>(engine->scratch_bytes))
      throw Error("the scratch memory has " +
                  detail::to_text(engine->scratch_bytes) + " bytes, but " +
                  path + " has " + detail::to_text(file.bytes));
    listed->is_loaded = true;
  }
  for (const detail::Checksum &sum : sums)
    if (!sum.is_loaded)
      detail::check_size(directory + "/" + sum.name, listed_only, sum.bytes);

  detail::Buffer data(size_t{1} << 22);
  for (detail::Files files(first, count); files.next();) {
    const String name = files.get_name();
    detail::check_content(directory + "/" + name,
                          String("a file of ") + files.get_entry().object,
                          *sums.find(name), data);
  }
  for (const detail::Checksum &sum : sums)
    if (!sum.is_loaded)
      detail::check_content(directory + "/" + sum.name, listed_only, sum, data);

  for (detail::Files files(first, count); files.next();) {
    const ParameterFile &file = files.get_entry();
    const String name = files.get_name();
    const String path = directory + "/" + name;
    detail::read_again(path, *sums.find(name), data);
    if (kept && std::strcmp(file.object, kept) == 0)
      device.keep_instructions(data.data(), file.bytes);
    if (!engine || !engine->serves(file)) {
      device.dma_write_file(files.get_address(), path, data.data(), file.bytes);
      continue;
    }
    device.dma_write_file(engine->base + static_cast<uint64_t>(engine->scratch),
                          path, data.data(), file.bytes);
    engine->copy(device, engine->scratch,
                 static_cast<int64_t>(files.get_address()),
                 static_cast<int64_t>(file.bytes), files.get_port());
  }
}

/// Fills all layers of an object with zeros, in all its ports.
inline void clear(Device &device, const ParameterFile &object) {
  const std::vector<char> zeros(object.bytes);
  for (detail::Files layers(&object, 1); layers.next();)
    device.dma_write(layers.get_address(), zeros.data(), zeros.size());
}

/// Reads the rows of these tokens from a file with a row of FP16 elements for
/// every token of the vocabulary; returns them row-major [ids][channels].
inline std::vector<uint16_t> read_embeddings(const String &path,
                                             const std::vector<int32_t> &ids,
                                             int32_t vocabulary,
                                             int32_t channels) {
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= vocabulary)
      throw Error("token " + detail::to_text(uint64_t{i}) + " has the id " +
                  detail::to_text(ids[i]) +
                  ", but the ids of this model are 0 to " +
                  detail::to_text(vocabulary - 1));
  const uint64_t row = sizeof(uint16_t) * static_cast<uint64_t>(channels);
  const uint64_t bytes = row * static_cast<uint64_t>(vocabulary);
  const String what = path + ", the embedding of " +
                      detail::to_text(vocabulary) + " tokens, should have " +
                      detail::to_text(bytes) + " bytes";
  if (!detail::exists(path))
    throw Error(what + ", but does not exist; run dlavm pack");
  uint64_t found = 0;
  if (const char *why = detail::get_size(path, found))
    throw Error(what + ", but cannot be read: " + why);
  if (found != bytes)
    throw Error(what + ", but has " + detail::to_text(found) +
                "; run dlavm pack again");
  detail::File file(path);
  std::vector<uint16_t> rows(ids.size() * static_cast<size_t>(channels));
  char *next = reinterpret_cast<char *>(rows.data());
  for (int32_t id : ids) {
    if (!file.seek(row * static_cast<uint64_t>(id)) || !file.read(next, row))
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
    throw Error("a map of " + detail::to_text(tokens) + " tokens and " +
                detail::to_text(channels) + " channels in groups of " +
                detail::to_text(lanes) + " has no elements");
  const size_t groups = static_cast<size_t>((channels - 1) / lanes + 1);
  return groups * static_cast<size_t>(tokens) * static_cast<size_t>(lanes);
}

/// Refuses ports that cannot share the lanes of a map evenly.
inline void check_ports(int32_t lanes, int32_t ports) {
  if (ports < 1 || lanes % ports != 0)
    throw Error(to_text(ports) + " ports cannot share groups of " +
                to_text(lanes) + " channels");
}

/// Calls \p visit(place, element, count) with all elements of a map, row after
/// row, in runs that lie side by side in it. An element's place is port after
/// port, in each group after group of its share of the lanes, in a group token
/// after token.
template <typename Visit>
void visit_runs(size_t size, int32_t tokens, int32_t channels, int32_t lanes,
                int32_t ports, Visit visit) {
  check_ports(lanes, ports);
  const int32_t share = lanes / ports;
  const size_t port_size = size / static_cast<size_t>(ports);
  size_t element = 0;
  for (int32_t token = 0; token < tokens; ++token)
    for (int32_t channel = 0; channel < channels; channel += share) {
      const size_t port = static_cast<size_t>(channel % lanes / share);
      const size_t group = static_cast<size_t>(channel / lanes);
      const size_t pixel =
          group * static_cast<size_t>(tokens) + static_cast<size_t>(token);
      const size_t count =
          static_cast<size_t>(std::min(share, channels - channel));
      visit(port * port_size + pixel * static_cast<size_t>(share), element,
            count);
      element += count;
    }
}

} // namespace detail

/// The patches of an image, row after row, [patches][patch_rows][patch_columns]
/// [channels]; \p image is [rows][columns][channels], which patches divide.
inline std::vector<uint16_t> cut_patches(const uint16_t *image, int32_t rows,
                                         int32_t columns, int32_t patch_rows,
                                         int32_t patch_columns,
                                         int32_t channels) {
  if (rows < 1 || columns < 1 || channels < 1 || patch_rows < 1 ||
      patch_columns < 1 || rows % patch_rows != 0 ||
      columns % patch_columns != 0)
    throw Error("an image of " + detail::to_text(rows) + " x " +
                detail::to_text(columns) + " pixels has no patches of " +
                detail::to_text(patch_rows) + " x " +
                detail::to_text(patch_columns));
  // A row of a patch is one piece of the image.
  const size_t piece =
      static_cast<size_t>(patch_columns) * static_cast<size_t>(channels);
  const size_t line =
      static_cast<size_t>(columns) * static_cast<size_t>(channels);
  std::vector<uint16_t> patches(static_cast<size_t>(rows) * line);
  size_t place = 0;
  for (int32_t row = 0; row < rows; row += patch_rows)
    for (size_t column = 0; column < line; column += piece)
      for (int32_t i = 0; i < patch_rows; ++i)
        for (size_t j = 0; j < piece; ++j)
          patches[place++] =
              image[static_cast<size_t>(row + i) * line + column + j];
  return patches;
}

/// Writes FP16 elements, row-major [tokens][channels], as a feature map: groups
/// of \p lanes channels, in each the tokens. Channels that fill the last group
/// are 0. Of several ports, \p port_stride bytes apart, each has neighbouring
/// channels of every group.
inline void write_map(Device &device, uint64_t address, const uint16_t *rows,
                      int32_t tokens, int32_t channels, int32_t lanes,
                      int32_t ports = 1, uint64_t port_stride = 0) {
  std::vector<uint16_t> map(detail::map_size(tokens, channels, lanes));
  detail::visit_runs(map.size(), tokens, channels, lanes, ports,
                     [&](size_t place, size_t element, size_t count) {
                       std::memcpy(&map[place], rows + element,
                                   count * sizeof *rows);
                     });
  const size_t size = map.size() / static_cast<size_t>(ports);
  for (size_t port = 0; port < static_cast<size_t>(ports); ++port)
    device.dma_write(address + port * port_stride, map.data() + port * size,
                     size * sizeof(uint16_t));
}

/// Reads a feature map; returns FP16 elements, row-major [tokens][channels].
inline std::vector<uint16_t> read_map(Device &device, uint64_t address,
                                      int32_t tokens, int32_t channels,
                                      int32_t lanes, int32_t ports = 1,
                                      uint64_t port_stride = 0) {
  std::vector<uint16_t> map(detail::map_size(tokens, channels, lanes));
  detail::check_ports(lanes, ports);
  const size_t size = map.size() / static_cast<size_t>(ports);
  // What the last row of a token has behind the last channel, nobody may have
  // written: ports that have no more of it are not read there.
  const auto port_lanes = static_cast<size_t>(lanes / ports);
  const auto last_lanes = static_cast<size_t>((channels - 1) % lanes + 1);
  for (size_t port = 0; port < static_cast<size_t>(ports); ++port) {
    const size_t rest = port * port_lanes < last_lanes
                            ? 0
                            : static_cast<size_t>(tokens) * port_lanes;
    if (size > rest)
      device.dma_read(address + port * port_stride, map.data() + port * size,
                      (size - rest) * sizeof(uint16_t));
  }
  std::vector<uint16_t> rows;
  // Logits are many, and lie in the right order.
  if (tokens == 1 && ports == 1) {
    map.resize(static_cast<size_t>(channels));
    rows.swap(map);
    return rows;
  }
  rows.resize(static_cast<size_t>(tokens) * static_cast<size_t>(channels));
  detail::visit_runs(map.size(), tokens, channels, lanes, ports,
                     [&](size_t place, size_t element, size_t count) {
                       std::memcpy(&rows[element], &map[place],
                                   count * sizeof rows[0]);
                     });
  return rows;
}

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_RUNTIME_H
