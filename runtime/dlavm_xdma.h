//===- dlavm_xdma.h - Drivers on a card behind XDMA -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the XDMA driver of Linux: registers through the user BAR, DMA by reading
// and writing a channel's node at the offset that is the DMA address.
//
//     dlavm::XdmaOptions options;
//     options.path = "/dev/xdma0";
//     dlavm::XdmaDevice device(options);
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_XDMA_H
#define DLAVM_XDMA_H

#include "dlavm_board.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dlavm {
inline namespace runtime {

struct XdmaOptions {
  /// The nodes' names begin with it: those of "/dev/xdma0" are
  /// /dev/xdma0_user, /dev/xdma0_h2c_0 and /dev/xdma0_c2h_0.
  String path = "/dev/xdma0";
  /// The node of the registers, and what the names of the channels' nodes have
  /// before the number, where they do not follow from the path.
  String user, h2c, c2h;
  /// Large transfers are shared by so many channels, from the first one on.
  int32_t first_channel = 0;
  int32_t channels = 1;
  /// Where register 0 lies in the user BAR, and how large the window is; a
  /// register has 4 bytes.
  uint64_t window = 0x20000;
  uint64_t window_bytes = 0x1000;
  /// Reach registers by mmap and not by a system call for each.
  bool maps_registers = false;
  /// The driver is asked for at most so many bytes at once.
  size_t transfer_bytes = size_t{4} << 20;
  /// See BoardDevice::poll_seconds.
  double poll_seconds = 60;
};

namespace detail {

/// "Input/output error (errno 5)"
inline String describe_errno(int number) {
  return String(std::strerror(number)) + " (errno " + to_text(number) + ")";
}

/// What to do about ENOTCONN.
inline const char *get_killed_board_advice() {
  return "the dlavm-board whose card this was is gone; clear the place with "
         "fusermount3 -u and the directory, or start another one there";
}

/// An open node, which knows its name.
class Node {
public:
  Node(String path, int flags)
      : path(std::move(path)),
        descriptor(open(this->path.c_str(), flags | O_CLOEXEC)) {
    if (descriptor >= 0)
      return;
    const int number = errno;
    const char *advice =
        number == ENOENT
            ? "is the driver xdma loaded, is the card programmed, and is this "
              "its node? See lsmod, lspci and ls /dev/xdma*"
        : number == EACCES || number == EPERM
            ? "this user may not use it; see ls -l, and the rules of udev"
        : number == ENOTCONN ? get_killed_board_advice()
                             : "see dmesg";
    throw Error("cannot open " + this->path + ": " + describe_errno(number) +
                "; " + advice);
  }
  Node(Node &&other) noexcept
      : path(std::move(other.path)), descriptor(other.descriptor) {
    other.descriptor = -1;
  }
  ~Node() {
    if (descriptor >= 0)
      close(descriptor);
  }

  int get() const { return descriptor; }
  const String &get_path() const { return path; }

  /// Takes the lock that ends with this node.
  void lock() const {
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int number = errno;
      if (number == EINTR)
        continue;
      throw Error(path +
                  (number == EWOULDBLOCK
                       ? String(" is in use by another process; a card serves "
                                "one at a time. `fuser " +
                                path + "` says which")
                       : " cannot be locked: " + describe_errno(number)));
    }
  }

private:
  String path;
  int descriptor;
};

/// A channel in one direction.
class XdmaChannel {
public:
  XdmaChannel(const String &path, bool is_to_card, size_t most)
      : node(path, is_to_card ? O_WRONLY : O_RDONLY), is_to_card(is_to_card),
        most(most) {}
  XdmaChannel(XdmaChannel &&other) noexcept
      : node(std::move(other.node)), is_to_card(other.is_to_card),
        most(other.most), bounce(other.bounce) {
    other.bounce = nullptr;
  }
  ~XdmaChannel() { std::free(bounce); }

  const String &get_path() const { return node.get_path(); }

  /// \p data is only read where the direction is to the card.
  void transfer(uint64_t address, char *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
      const size_t piece = std::min(bytes - done, most);
      // Some engines want the place in a page that the address on the card has.
      const size_t place = (address + done) % page;
      char *memory = data + done;
      const bool is_bounced =
          reinterpret_cast<uintptr_t>(memory) % page != place;
      if (is_bounced) {
        memory = get_bounce() + place;
        if (is_to_card)
          std::memcpy(memory, data + done, piece);
      }
      for (size_t part = 0; part < piece;)
        part += transfer_part(address, done + part, bytes, memory + part,
                              piece - part);
      if (is_bounced && !is_to_card)
        std::memcpy(data + done, memory, piece);
      done += piece;
    }
  }

private:
  /// Returns how many bytes the driver took or gave, at least one.
  size_t transfer_part(uint64_t address, size_t done, size_t bytes,
                       char *memory, size_t size) {
    const auto offset = static_cast<off_t>(address + done);
    for (;;) {
      const ssize_t count = is_to_card
                                ? pwrite(node.get(), memory, size, offset)
                                : pread(node.get(), memory, size, offset);
      if (count > 0)
        return static_cast<size_t>(count);
      const int number = errno;
      if (count < 0 && number == EINTR)
        continue;
      throw Error(String("the DMA ") + (is_to_card ? "to" : "from") +
                  " the card at the address 0x" + to_hex(address) +
                  " ends after " + to_text(uint64_t{done}) + " of " +
                  to_text(uint64_t{bytes}) + " bytes: " + node.get_path() +
                  ": " +
                  (count < 0 ? describe_errno(number)
                             : String("nothing more is transferred")) +
                  "; does the card have memory there? See dmesg");
    }
  }

  char *get_bounce() {
    if (!bounce && posix_memalign(&bounce, page, most + page) != 0) {
      bounce = nullptr;
      throw std::bad_alloc();
    }
    return static_cast<char *>(bounce);
  }

  static constexpr size_t page = 4096;

  Node node;
  bool is_to_card;
  size_t most;
  void *bounce = nullptr;
};

/// What one channel does of a transfer.
struct XdmaShare {
  XdmaChannel *channel;
  uint64_t address;
  char *data;
  size_t bytes;
  pthread_t thread;
  bool has_thread;
  std::exception_ptr failure;

  static void *run(void *data) noexcept {
    XdmaShare &share = *static_cast<XdmaShare *>(data);
    try {
      share.channel->transfer(share.address, share.data, share.bytes);
    } catch (...) {
      share.failure = std::current_exception();
    }
    return nullptr;
  }
};

/// Transfers with as many channels as are worth it.
inline void transfer(std::vector<XdmaChannel> &channels, uint64_t address,
                     char *data, size_t bytes) {
  // What a thread must have to do, and what the shares are multiples of.
  constexpr size_t least = size_t{256} << 10, page = 4096;
  const size_t count = std::min<size_t>(channels.size(), bytes / least);
  if (count <= 1)
    return channels.front().transfer(address, data, bytes);
  const size_t size = (bytes / count + page - 1) / page * page;
  std::vector<XdmaShare> shares(count);
  for (size_t i = 0; i < count; ++i) {
    XdmaShare &share = shares[i];
    const bool is_last = i + 1 == count;
    share.channel = &channels[i];
    share.address = address + i * size;
    share.data = data + i * size;
    share.bytes = is_last ? bytes - i * size : size;
    share.has_thread = !is_last && pthread_create(&share.thread, nullptr,
                                                  XdmaShare::run, &share) == 0;
    if (!share.has_thread)
      XdmaShare::run(&share);
  }
  for (const XdmaShare &share : shares)
    if (share.has_thread)
      pthread_join(share.thread, nullptr);
  for (const XdmaShare &share : shares)
    if (share.failure)
      std::rethrow_exception(share.failure);
}

} // namespace detail

/// A card behind the XDMA driver. While it is open nobody else can open it so;
/// the lock ends with the device or its process, however that ends.
class XdmaDevice : public BoardDevice {
public:
  explicit XdmaDevice(const XdmaOptions &options)
      : options(check(options)),
        user(options.user.size() ? options.user : options.path + "_user",
             O_RDWR) {
    static_assert(sizeof(off_t) == 8, "addresses have more than 32 bits");
    poll_seconds = options.poll_seconds;
    user.lock();
    open_channels(to_card, options.h2c, "_h2c_", true);
    open_channels(from_card, options.c2h, "_c2h_", false);
    if (options.maps_registers)
      map();
  }
  ~XdmaDevice() override {
    if (mapping)
      munmap(mapping, mapping_bytes);
  }

  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    // Nobody writes there.
    transfer(to_card, address,
             const_cast<char *>(static_cast<const char *>(data)), bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    transfer(from_card, address, static_cast<char *>(data), bytes);
  }

protected:
  uint32_t do_read(uint32_t reg) override {
    uint32_t value = 0;
    if (mapping)
      value = *get_register(reg);
    else
      access(reg, "read", [&](off_t offset) {
        return pread(user.get(), &value, sizeof value, offset);
      });
    return value;
  }
  void do_write(uint32_t reg, uint32_t value) override {
    if (mapping)
      *get_register(reg) = value;
    else
      access(reg, "written", [&](off_t offset) {
        return pwrite(user.get(), &value, sizeof value, offset);
      });
  }

private:
  static const XdmaOptions &check(const XdmaOptions &options) {
    auto refuse = [](const char *what, uint64_t value, const char *wanted) {
      throw Error(String("XDMA: ") + what + " is " + detail::to_text(value) +
                  ", but must be " + wanted);
    };
    constexpr uint64_t most_window = uint64_t{1} << 40;
    if (options.window % 4 != 0 || options.window > most_window)
      refuse("the offset of the register window", options.window,
             "a multiple of 4, and of a user BAR");
    if (options.window_bytes < 4 || options.window_bytes > most_window)
      refuse("the size of the register window", options.window_bytes,
             "that of at least one register, 4 bytes, and of a user BAR");
    // The nodes have one digit.
    constexpr int32_t end = 10;
    if (options.first_channel < 0 || options.first_channel >= end)
      refuse("the first channel", static_cast<uint32_t>(options.first_channel),
             "0 to 9");
    if (options.channels < 1 || options.channels > end - options.first_channel)
      refuse("the number of channels", static_cast<uint32_t>(options.channels),
             "at least 1, and none of them behind 9");
    if (options.transfer_bytes < 4096 || options.transfer_bytes > size_t{1}
                                                                      << 30)
      refuse("the size of a transfer", options.transfer_bytes,
             "4096 to 1073741824");
    return options;
  }

  void open_channels(std::vector<detail::XdmaChannel> &channels,
                     const String &prefix, const char *suffix,
                     bool is_to_card) {
    for (int32_t i = 0; i < options.channels; ++i)
      channels.emplace_back((prefix.size() ? prefix : options.path + suffix) +
                                detail::to_text(options.first_channel + i),
                            is_to_card, options.transfer_bytes);
  }

  void map() {
    const String what = "the registers at byte " +
                        detail::to_text(options.window) + " of " +
                        user.get_path() + " cannot be mapped: ";
    const uint64_t skew = options.window % static_cast<uint64_t>(getpagesize());
    const size_t bytes = skew + options.window_bytes;
    struct stat status;
    // Behind the end of a file a process would be killed.
    if (fstat(user.get(), &status) == 0 &&
        (status.st_mode & S_IFMT) == S_IFREG &&
        static_cast<uint64_t>(status.st_size) <
            options.window + options.window_bytes)
      throw Error(what + "it is a file of " +
                  detail::to_text(static_cast<uint64_t>(status.st_size)) +
                  " bytes");
    void *const begin =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, user.get(),
             static_cast<off_t>(options.window - skew));
    const int number = errno;
    if (begin == MAP_FAILED)
      throw Error(what + detail::describe_errno(number) +
                  "; is the user BAR as large? Or reach them without mmap");
    mapping = begin;
    mapping_bytes = bytes;
    registers = reinterpret_cast<volatile uint32_t *>(
        static_cast<char *>(begin) + skew);
  }

  void check_register(uint32_t reg) const {
    if (reg >= options.window_bytes / 4)
      throw Error("register " + detail::to_text(reg) +
                  " lies behind the register window of " +
                  detail::to_text(options.window_bytes) + " bytes" +
                  get_place());
  }
  volatile uint32_t *get_register(uint32_t reg) const {
    check_register(reg);
    return registers + reg;
  }

  template <typename Call>
  void access(uint32_t reg, const char *verb, Call call) const {
    check_register(reg);
    const uint64_t offset = options.window + uint64_t{4} * reg;
    ssize_t count;
    while ((count = call(static_cast<off_t>(offset))) < 0 && errno == EINTR)
      continue;
    if (count == 4)
      return;
    const int number = errno;
    throw Error("register " + detail::to_text(reg) + " cannot be " + verb +
                get_place() + ": " + user.get_path() + ", byte " +
                detail::to_text(offset) + ": " +
                (count < 0 ? detail::describe_errno(number)
                           : detail::to_text(int64_t{count}) +
                                 " of 4 bytes; is the user BAR as large?"));
  }

  void transfer(std::vector<detail::XdmaChannel> &channels, uint64_t address,
                char *data, size_t bytes) const {
    if (address + bytes < address || address + bytes > uint64_t(INT64_MAX))
      throw Error("a DMA of " + detail::to_text(uint64_t{bytes}) +
                  " bytes at the address 0x" + detail::to_hex(address) +
                  " leaves all addresses of a card");
    detail::transfer(channels, address, data, bytes);
  }

  XdmaOptions options;
  detail::Node user;
  std::vector<detail::XdmaChannel> to_card, from_card;
  void *mapping = nullptr;
  size_t mapping_bytes = 0;
  volatile uint32_t *registers = nullptr;
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_XDMA_H
