//===- Shim.cpp - What is compiled around a driver ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Shim.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// The other end of the channel, and a device that tells it everything.
static const char device[] = R"cpp(
namespace {
class Stream {
public:
  Stream(Channel *channel, int socket) : channel(channel), socket(socket) {}

  /// Hands the turn over and waits for it; ends where nobody is left.
  void turn() {
    char byte = 0;
    publish();
    while (write(socket, &byte, 1) != 1)
      if (errno != EINTR)
        _exit(1);
    while (::read(socket, &byte, 1) != 1)
      if (errno != EINTR)
        _exit(0);
    end = next = 0;
  }

  void put(const void *data, size_t size) {
    const char *from = static_cast<const char *>(data);
    while (size > 0) {
      if (end == Channel::capacity)
        turn();
      const size_t room = Channel::capacity - end;
      const size_t piece = size < room ? size : room;
      std::memcpy(channel->bytes + end, from, piece);
      end += piece;
      from += piece;
      size -= piece;
    }
  }
  /// All of it in one turn, so that it is seen whole or not at all. Drivers do
  /// hardly anything else, and -O1 inlines nothing by itself.
  __attribute__((always_inline)) void put(RecordKind kind, uint32_t number,
                                          uint64_t value) {
    const Record record = {kind, number, value};
    if (Channel::capacity - end < sizeof record)
      turn();
    std::memcpy(channel->bytes + end, &record, sizeof record);
    end += sizeof record;
  }
  /// What was put so far is seen even if the driver ends now.
  __attribute__((always_inline)) void publish() {
    __atomic_store_n(&channel->sent, end, __ATOMIC_RELEASE);
  }

  /// Takes what the other side has sent; asks for more where it is not enough.
  void get(void *data, size_t size) {
    char *to = static_cast<char *>(data);
    while (size > 0) {
      if (next == channel->received)
        turn();
      const size_t left = channel->received - next;
      const size_t piece = size < left ? size : left;
      std::memcpy(to, channel->bytes + next, piece);
      next += piece;
      to += piece;
      size -= piece;
    }
  }
  /// What follows overwrites what was taken.
  void answer(void *data, size_t size) {
    turn();
    get(data, size);
  }

  Channel *const channel;

private:
  const int socket;
  size_t end = 0, next = 0;
};

class StreamDevice : public dlavm::NullDevice {
public:
  explicit StreamDevice(Stream &stream) : stream(stream) {}
  uint32_t read(uint32_t reg) override {
    uint32_t value = 0;
    stream.put(RecordKind::Read, reg, 0);
    stream.answer(&value, sizeof value);
    return value;
  }
  void poll(uint32_t reg, uint32_t value) override {
    stream.put(RecordKind::Poll, reg, value);
    stream.publish();
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    putTransfer(RecordKind::DMAWrite, address, bytes);
    stream.put(data, bytes);
    stream.publish();
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    putTransfer(RecordKind::DMARead, address, bytes);
    stream.answer(data, bytes);
  }
#ifndef DLAVM_DEVICE_HAS_DO_TASK
  // The runtime header of a driver that was compiled before Device had do_task
  // calls task. Without override, as in some headers both are there.
  virtual void task(int32_t layer, const char *name) { do_task(layer, name); }
#endif

protected:
  virtual void do_task(int32_t layer, const char *name) {
    const size_t length = std::strlen(name);
    stream.put(RecordKind::Task, static_cast<uint32_t>(layer), length);
    stream.put(name, length);
    stream.publish();
  }
  void do_write(uint32_t reg, uint32_t value) override {
    stream.put(RecordKind::Write, reg, value);
    stream.publish();
  }

private:
  void putTransfer(RecordKind kind, uint64_t address, uint64_t bytes) {
    stream.put(kind, 0, address);
    stream.put(&bytes, sizeof bytes);
  }

  Stream &stream;
};

struct Call {
  int32_t function, seq, past, token;
  const char *directory;
  const std::vector<int32_t> &ids;
  const std::vector<uint16_t> &input;
  std::vector<uint16_t> rows;
};
} // namespace
)cpp";

static const char entry[] = R"cpp(
static void serve(Stream &stream, StreamDevice &device) {
  const Channel &channel = *stream.channel;
  std::vector<char> directory(channel.directorySize + 1);
  std::vector<int32_t> ids(channel.idsSize / sizeof(int32_t));
  std::vector<uint16_t> input(channel.inputSize / sizeof(uint16_t));
  Call call = {channel.function, channel.seq, channel.past, 0,
               directory.data(), ids,         input, {}};
  const size_t idsSize = channel.idsSize, inputSize = channel.inputSize;
  stream.get(directory.data(), channel.directorySize);
  stream.get(ids.data(), idsSize);
  stream.get(input.data(), inputSize);
  dispatch(device, call);
  const size_t size = call.rows.size() * sizeof(uint16_t);
  stream.put(RecordKind::Return, static_cast<uint32_t>(call.token), size);
  stream.put(call.rows.data(), size);
}

static void putException(Stream &stream, const char *message) {
  stream.put(RecordKind::Throw, 0, std::strlen(message));
  stream.put(message, std::strlen(message));
}

int main(int, char **arguments) {
  void *memory = mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE,
                      MAP_SHARED, std::atoi(arguments[1]), 0);
  if (memory == MAP_FAILED)
    return 1;
  // Who prints to find something out wants to see it, whatever happens then.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Stream stream(static_cast<Channel *>(memory), std::atoi(arguments[2]));
  StreamDevice device(stream);
  for (;;) {
    stream.turn();
    try {
      serve(stream, device);
    } catch (const std::bad_alloc &) {
      putException(stream, "the driver wants more memory than it may have");
    } catch (const std::exception &exception) {
      putException(stream, exception.what());
    } catch (...) {
      putException(stream, "the driver throws what is no std::exception");
    }
  }
}
)cpp";

static std::string getCall(const HostFunction &function) {
  const std::string name = "driver::" + function.name;
  if (function.kind == "input")
    return name + (function.takesSeq() ? "(device, call.input.data(), call.seq)"
                                       : "(device, call.input.data())");
  if (function.kind == "token")
    return "call.token = " + name + "(device)";
  if (function.kind == "decode")
    return name + "(device, call.past)";
  return "call.rows = " + name +
         (function.takesSeq() ? "(device, call.seq)" : "(device)");
}

std::string dlavm::getShimSource(const DriverPlan &plan) {
  std::string text;
  raw_string_ostream os(text);
  // The version of the compiler makes another source.
  os << "#include \"" << plan.driver << "\"\n"
     << "#include <sys/mman.h>\n#include <unistd.h>\n"
     << "namespace driver = " << plan.namespaceName << ";\n"
     << "[[maybe_unused]] static const char compiler[] = __VERSION__;\n"
     << "namespace {\n"
     << channelText << "\n}\n"
     << device
     << "\nstatic void dispatch([[maybe_unused]] dlavm::Device &device, Call "
        "&call) {\n"
     << "  switch (call.function) {\n";
  auto add = [&](unsigned number, const std::string &statement) {
    os << "  case " << number << ":\n    " << statement << ";\n    return;\n";
  };
  add(Run, "driver::run(device, call.seq, call.past)");
  add(LoadParameters, "driver::load_parameters(device, call.directory)");
  if (!plan.embedding.empty())
    add(ReadEmbeddings,
        "call.rows = driver::read_embeddings(call.directory, call.ids)");
  if (plan.decodesFromBlocks())
    add(KeepInstructions, "device.keep_instructions(call.input.data(), "
                          "sizeof(uint16_t) * call.input.size())");
  for (auto [i, function] : enumerate(plan.functions))
    add(FirstFunction + i, getCall(function));
  os << "  }\n}\n" << entry;
  return text;
}
