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
#include <filesystem>
#include <fstream>
#include <iostream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace dlavm {

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

/// Calls \p visit(path, entry, DMA address, port) for every file of the table.
template <typename Visit>
void for_each_file(const ParameterFile *first, size_t count,
                   const std::string &directory, Visit visit) {
  for (const ParameterFile *file = first; file != first + count; ++file) {
    for (int32_t layer = 0; layer < std::max(file->layers, 1); ++layer) {
      for (int32_t port = 0; port < file->ports; ++port) {
        std::string name = file->pattern;
        replace_number(name, "{layer}", layer);
        replace_number(name, "{port}", port);
        const uint64_t address =
            file->address + static_cast<uint64_t>(layer * file->layer_stride) +
            static_cast<uint64_t>(port) * file->port_stride;
        visit(directory + "/" + name, *file, address, port);
      }
    }
  }
}

inline void check_file(const std::string &path, const ParameterFile &file) {
  const std::string what = path + ", a file of " + file.object +
                           ", should have " + std::to_string(file.bytes) +
                           " bytes";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Error(what + ", but does not exist");
  const uint64_t found = std::filesystem::file_size(path, error);
  if (error)
    throw Error(what + ", but cannot be read: " + error.message());
  if (found != file.bytes)
    throw Error(what + ", but has " + std::to_string(found) +
                "; it was packed for another model or device");
}

inline void read_file(const std::string &path, std::vector<char> &data) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream.read(data.data(), static_cast<std::streamsize>(data.size())))
    throw Error(path + " cannot be read");
}

} // namespace detail

/// Writes all files of the table to the device. Checks first that every file is
/// there and of the right size, so that a device is loaded as a whole or not
/// touched. With an engine, files for HBM go through its scratch memory.
inline void load_parameters(Device &device, const ParameterFile *first,
                            size_t count, const std::string &directory,
                            const CopyEngine *engine = nullptr) {
  detail::for_each_file(
      first, count, directory,
      [&](const std::string &path, const ParameterFile &file, uint64_t,
          int32_t) {
        detail::check_file(path, file);
        if (engine && file.space == Space::HBM &&
            file.bytes > static_cast<uint64_t>(engine->scratch_bytes))
          throw Error("the scratch memory has " +
                      std::to_string(engine->scratch_bytes) + " bytes, but " +
                      path + " has " + std::to_string(file.bytes));
      });

  std::vector<char> data;
  detail::for_each_file(
      first, count, directory,
      [&](const std::string &path, const ParameterFile &file, uint64_t address,
          int32_t port) {
        data.resize(file.bytes);
        detail::read_file(path, data);
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

} // namespace dlavm

#endif // DLAVM_RUNTIME_H
