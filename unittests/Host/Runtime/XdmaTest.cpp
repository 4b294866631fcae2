//===- XdmaTest.cpp - Devices behind XDMA, with files for its nodes -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dlavm_xdma.h"

#include "gtest/gtest.h"

#include <atomic>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>

#include <sys/syscall.h>

using namespace dlavm;

//===----------------------------------------------------------------------===//
// System calls that fail as cards do
//===----------------------------------------------------------------------===//

namespace {

/// What a call does: bytes that it may transfer at most, or an errno.
struct Transfer {
  size_t most = SIZE_MAX;
  int error = 0;
};

/// Decides about the calls of a test; the number of the call counts from 0.
std::function<Transfer(int call, const void *memory, size_t bytes, off_t)>
    decide;
std::atomic<int> calls{0};

template <typename Data>
ssize_t call(long number, int file, Data *data, size_t bytes, off_t offset) {
  if (decide) {
    const Transfer transfer = decide(calls++, data, bytes, offset);
    if (transfer.error != 0) {
      errno = transfer.error;
      return -1;
    }
    bytes = std::min(bytes, transfer.most);
  }
  return syscall(number, file, data, bytes, offset);
}

} // namespace

// These take the place of those in the C library.
extern "C" ssize_t pread(int file, void *data, size_t bytes, off_t offset) {
  return call(SYS_pread64, file, data, bytes, offset);
}
extern "C" ssize_t pwrite(int file, const void *data, size_t bytes,
                          off_t offset) {
  return call(SYS_pwrite64, file, data, bytes, offset);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

namespace {

class XdmaTest : public testing::Test {
protected:
  XdmaTest() {
    std::string pattern = testing::TempDir() + "dlavm-xdma-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    options.path = directory + "/card0";
    makeFile("card0_user", 0x21000);
    // All channels lead to the same memory.
    for (int channel = 0; channel < 4; ++channel)
      for (const char *name : {"card0_h2c_", "card0_c2h_"}) {
        const std::string link =
            directory + "/" + name + std::to_string(channel);
        if (channel == 0 && link.find("h2c") != std::string::npos)
          makeFile("card0_h2c_0", 0);
        else
          EXPECT_EQ(symlink("card0_h2c_0", link.c_str()), 0);
      }
  }
  ~XdmaTest() override {
    decide = nullptr;
    calls = 0;
    const std::string command = "rm -rf '" + directory + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  void makeFile(const std::string &name, off_t bytes) {
    const std::string path = directory + "/" + name;
    std::ofstream{path}.close();
    EXPECT_EQ(truncate(path.c_str(), bytes), 0);
  }
  /// Replaces a node.
  void link(const std::string &name, const std::string &target) {
    const std::string path = directory + "/" + name;
    unlink(path.c_str());
    EXPECT_EQ(symlink(target.c_str(), path.c_str()), 0);
  }
  uint32_t readWord(const std::string &name, std::streamoff offset) {
    std::ifstream file(directory + "/" + name, std::ios::binary);
    uint32_t word = 0;
    file.seekg(offset);
    file.read(reinterpret_cast<char *>(&word), sizeof word);
    return word;
  }

  std::string directory;
  XdmaOptions options;
};

/// What the function throws, without the temporary directory.
std::string getError(const std::string &directory,
                     const std::function<void()> &function) {
  try {
    function();
  } catch (const Error &error) {
    std::string text = error.what();
    for (size_t at; (at = text.find(directory)) != std::string::npos;)
      text.replace(at, directory.size(), "DIR");
    return text;
  }
  return "no error";
}

std::vector<char> getBytes(size_t count, int seed = 1) {
  std::vector<char> bytes(count);
  uint32_t state = static_cast<uint32_t>(seed);
  for (char &byte : bytes)
    byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

} // namespace

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

TEST_F(XdmaTest, RegistersLieInTheWindow) {
  for (const bool isMapped : {false, true}) {
    options.maps_registers = isMapped;
    XdmaDevice device(options);
    device.write(34, isMapped ? 7 : 5);
    EXPECT_EQ(device.read(34), isMapped ? 7u : 5u);
    EXPECT_EQ(readWord("card0_user", 0x20000 + 4 * 34), isMapped ? 7u : 5u);
  }
  // A window that begins within a page.
  options.window = 0x20088;
  options.window_bytes = 8;
  EXPECT_EQ(XdmaDevice(options).read(0), 7u);
  EXPECT_EQ(getError(directory, [&] { XdmaDevice(options).read(2); }),
            "register 2 lies behind the register window of 8 bytes");
  options.maps_registers = false;
  EXPECT_EQ(getError(directory, [&] { XdmaDevice(options).write(2, 0); }),
            "register 2 lies behind the register window of 8 bytes");
}

TEST_F(XdmaTest, AccessesAreRepeatedAfterASignal) {
  XdmaDevice device(options);
  decide = [](int call, const void *, size_t bytes, off_t offset) {
    EXPECT_EQ(bytes, 4u);
    EXPECT_EQ(offset, 0x20000 + 4 * 3);
    return Transfer{SIZE_MAX, call % 3 < 2 ? EINTR : 0};
  };
  device.write(3, 9);
  EXPECT_EQ(device.read(3), 9u);
  EXPECT_EQ(calls, 6);
}

TEST_F(XdmaTest, FailingAccesses) {
  XdmaDevice device(options);
  device.task(2, "query");
  decide = [](int, const void *, size_t, off_t) {
    return Transfer{SIZE_MAX, EIO};
  };
  EXPECT_EQ(getError(directory, [&] { device.read(3); }),
            "register 3 cannot be read, in the task query of layer 2: "
            "DIR/card0_user, byte 131084: Input/output error (errno 5)");
  decide = [](int, const void *, size_t, off_t) { return Transfer{2, 0}; };
  EXPECT_EQ(getError(directory, [&] { device.write(3, 1); }),
            "register 3 cannot be written, in the task query of layer 2: "
            "DIR/card0_user, byte 131084: 2 of 4 bytes; is the user BAR as "
            "large?");
  decide = nullptr;
  options.window_bytes = 0x2000;
  makeFile("card1_user", 0x21000);
  options.user = directory + "/card1_user";
  EXPECT_EQ(getError(directory, [&] { XdmaDevice(options).read(0x400); }),
            "register 1024 cannot be read: DIR/card1_user, byte 135168: 0 of 4 "
            "bytes; is the user BAR as large?");
}

TEST_F(XdmaTest, AWindowThatCannotBeMapped) {
  options.maps_registers = true;
  options.window_bytes = 0x1001;
  EXPECT_EQ(getError(directory, [&] { XdmaDevice device(options); }),
            "the registers at byte 131072 of DIR/card0_user cannot be mapped: "
            "it is a file of 135168 bytes");
  link("card0_user", "/dev/null");
  EXPECT_EQ(getError(directory, [&] { XdmaDevice device(options); }),
            "the registers at byte 131072 of DIR/card0_user cannot be mapped: "
            "No such device (errno 19); is the user BAR as large? Or reach "
            "them without mmap");
}

TEST_F(XdmaTest, APollWaitsForTheValue) {
  XdmaDevice device(options);
  decide = [&](int call, const void *, size_t, off_t) {
    // Long enough that the poll begins to yield.
    if (call == 3000) {
      const uint32_t done = 1;
      const int file = open((directory + "/card0_user").c_str(), O_WRONLY);
      EXPECT_EQ(syscall(SYS_pwrite64, file, &done, sizeof done, 0x20004), 4);
      close(file);
    }
    return Transfer();
  };
  device.poll(1, 1);
  EXPECT_EQ(calls, 3001);
}

TEST_F(XdmaTest, APollEnds) {
  options.poll_seconds = 0.02;
  XdmaDevice device(options);
  EXPECT_EQ(getError(directory, [&] { device.poll(1, 1); }),
            "register 1 is still 0 and not 1 after 20 ms: does the card run, "
            "and is it the device that the driver was compiled for?");
  device.task(11, "attention_scores");
  EXPECT_EQ(getError(directory, [&] { device.poll(1, 1); }),
            "register 1 is still 0 and not 1 after 20 ms, in the task "
            "attention_scores of layer 11: does the card run, and is it the "
            "device that the driver was compiled for?");
  device.task(-1, "lm_head");
  EXPECT_EQ(getError(directory, [&] { device.poll(1, 1); }),
            "register 1 is still 0 and not 1 after 20 ms, in the task lm_head: "
            "does the card run, and is it the device that the driver was "
            "compiled for?");
}

TEST_F(XdmaTest, ACardThatIsGone) {
  options.poll_seconds = 1;
  XdmaDevice device(options);
  device.task(0, "key");
  device.write(1, 0xffffffff);
  const std::string message =
      "register 1 reads 0xffffffff, as all registers of a card that is gone, "
      "in the task key of layer 0: it lost its power, its PCIe link or its "
      "bitstream; program it, and reboot the host or rescan its PCIe bus";
  EXPECT_EQ(getError(directory, [&] { device.read(1); }), message);
  EXPECT_EQ(getError(directory, [&] { device.poll(1, 1); }), message);
}

//===----------------------------------------------------------------------===//
// DMA
//===----------------------------------------------------------------------===//

TEST_F(XdmaTest, MemoryIsPlacedInAPageAsOnTheCard) {
  options.transfer_bytes = 10000;
  XdmaDevice device(options);
  size_t bytes = 0;
  decide = [&](int, const void *memory, size_t size, off_t offset) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 4096,
              static_cast<uintptr_t>(offset % 4096));
    EXPECT_LE(size, 10000u);
    bytes += size;
    return Transfer();
  };
  const std::vector<char> data = getBytes(50001);
  for (const uint64_t address : {0x4000, 0x4001, 0x4fff, 0x5123}) {
    // Also from and to odd places.
    std::vector<char> written(1, 'x'), found(data.size() + 1);
    written.insert(written.end(), data.begin(), data.end());
    device.dma_write(address, written.data() + 1, data.size());
    device.dma_read(address, found.data() + 1, data.size());
    EXPECT_EQ(std::vector<char>(found.begin() + 1, found.end()), data);
  }
  EXPECT_EQ(bytes, 8 * data.size());
  device.dma_write(0, nullptr, 0);
}

TEST_F(XdmaTest, MemoryInPlaceIsNotCopied) {
  XdmaDevice device(options);
  void *memory = nullptr;
  ASSERT_EQ(posix_memalign(&memory, 4096, 8192), 0);
  std::memset(memory, 3, 8192);
  decide = [&](int, const void *data, size_t, off_t) {
    EXPECT_EQ(data, static_cast<char *>(memory) + 64);
    return Transfer();
  };
  device.dma_write(0x10040, static_cast<char *>(memory) + 64, 8000);
  device.dma_read(0x20040, static_cast<char *>(memory) + 64, 0);
  EXPECT_EQ(calls, 1);
  std::free(memory);
}

TEST_F(XdmaTest, HighAddresses) {
  XdmaDevice device(options);
  std::vector<off_t> offsets;
  decide = [&](int, const void *, size_t, off_t offset) {
    offsets.push_back(offset);
    return Transfer{0, EIO};
  };
  char byte = 0;
  EXPECT_EQ(
      getError(directory, [&] { device.dma_write(0x60000000000, &byte, 1); }),
      "the DMA to the card at the address 0x0000060000000000 ends after "
      "0 of 1 bytes: DIR/card0_h2c_0: Input/output error (errno 5); does "
      "the card have memory there? See dmesg");
  EXPECT_EQ(offsets, std::vector<off_t>{0x60000000000});
  for (const uint64_t address : {~uint64_t{0}, uint64_t{1} << 63})
    EXPECT_NE(getError(directory, [&] { device.dma_write(address, &byte, 1); })
                  .find("leaves all addresses"),
              std::string::npos);
}

TEST_F(XdmaTest, ShortTransfersAreContinuedAndInterruptedOnesRepeated) {
  options.transfer_bytes = 65536;
  XdmaDevice device(options);
  decide = [](int call, const void *, size_t, off_t) {
    if (call % 3 == 0)
      return Transfer{0, EINTR};
    return Transfer{static_cast<size_t>(1 + call * 7919 % 5000), 0};
  };
  const std::vector<char> data = getBytes(300000);
  std::vector<char> found(data.size());
  device.dma_write(12345, data.data(), data.size());
  device.dma_read(12345, found.data(), found.size());
  EXPECT_EQ(found, data);
  EXPECT_GT(calls, 100);
}

TEST_F(XdmaTest, FailingTransfers) {
  options.transfer_bytes = 4096;
  XdmaDevice device(options);
  std::vector<char> data = getBytes(10000);
  decide = [](int call, const void *, size_t, off_t) {
    return call == 0   ? Transfer()
           : call == 1 ? Transfer{100, 0}
                       : Transfer{0, ENODEV};
  };
  EXPECT_EQ(getError(directory,
                     [&] { device.dma_write(0, data.data(), data.size()); }),
            "the DMA to the card at the address 0x0000000000000000 ends after "
            "4196 of 10000 bytes: DIR/card0_h2c_0: No such device (errno 19); "
            "does the card have memory there? See dmesg");
  // The file ends here.
  decide = nullptr;
  device.dma_write(0, data.data(), 5000);
  EXPECT_EQ(getError(directory,
                     [&] { device.dma_read(16, data.data(), data.size()); }),
            "the DMA from the card at the address 0x0000000000000010 ends "
            "after 4984 of 10000 bytes: DIR/card0_c2h_0: nothing more is "
            "transferred; does the card have memory there? See dmesg");
}

TEST_F(XdmaTest, ChannelsShareLargeTransfers) {
  options.channels = 3;
  options.transfer_bytes = 128 << 10;
  makeFile("other_0", 0);
  XdmaDevice device(options);
  for (const size_t bytes : {100, 600000, 786432, 5000001}) {
    const std::vector<char> data = getBytes(bytes, static_cast<int>(bytes));
    std::vector<char> found(bytes);
    device.dma_write(0x1010, data.data(), bytes);
    device.dma_read(0x1010, found.data(), bytes);
    EXPECT_TRUE(found == data) << bytes;
  }

  // The channel of the middle fails.
  link("card0_h2c_2", "/dev/full");
  options.first_channel = 1;
  options.user = directory + "/other_0";
  XdmaDevice failing(options);
  const std::vector<char> data = getBytes(3 << 20);
  failing.dma_write(0, data.data(), 100);
  EXPECT_EQ(getError(directory,
                     [&] { failing.dma_write(0, data.data(), data.size()); }),
            "the DMA to the card at the address 0x0000000000100000 ends after "
            "0 of 1048576 bytes: DIR/card0_h2c_2: No space left on device "
            "(errno 28); does the card have memory there? See dmesg");
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

TEST_F(XdmaTest, NamesOfNodes) {
  makeFile("registers", 0x1000);
  makeFile("in3", 0);
  link("out3", "in3");
  options.path = "/nowhere/card";
  options.user = directory + "/registers";
  options.h2c = directory + "/in";
  options.c2h = directory + "/out";
  options.first_channel = 3;
  options.window = 0;
  XdmaDevice device(options);
  device.write(1, 77);
  const uint32_t sent = 99;
  uint32_t found = 0;
  device.dma_write(256, &sent, sizeof sent);
  device.dma_read(256, &found, sizeof found);
  EXPECT_EQ(found, 99u);
  EXPECT_EQ(readWord("registers", 4), 77u);
  EXPECT_EQ(readWord("in3", 256), 99u);
}

TEST_F(XdmaTest, MissingNodes) {
  unlink((directory + "/card0_c2h_1").c_str());
  options.channels = 2;
  EXPECT_EQ(getError(directory, [&] { XdmaDevice device(options); }),
            "cannot open DIR/card0_c2h_1: No such file or directory (errno 2); "
            "is the driver xdma loaded, is the card programmed, and is this "
            "its node? See lsmod, lspci and ls /dev/xdma*");
  // Whoever fails leaves no lock.
  options.channels = 1;
  XdmaDevice device(options);
}

TEST_F(XdmaTest, OneProcessAtATime) {
  {
    XdmaDevice device(options);
    EXPECT_EQ(getError(directory, [&] { XdmaDevice second(options); }),
              "DIR/card0_user is in use by another process; a card serves one "
              "at a time. `fuser DIR/card0_user` says which");
  }
  XdmaDevice device(options);
}

TEST_F(XdmaTest, OptionsThatCannotBe) {
  auto check = [&](auto member, auto value) {
    XdmaOptions wrong = options;
    wrong.*member = value;
    return getError(directory, [&] { XdmaDevice device(wrong); });
  };
  EXPECT_EQ(check(&XdmaOptions::window, 2u),
            "XDMA: the offset of the register window is 2, but must be a "
            "multiple of 4, and of a user BAR");
  EXPECT_EQ(check(&XdmaOptions::window, uint64_t{1} << 63).substr(0, 6),
            "XDMA: ");
  EXPECT_EQ(check(&XdmaOptions::window_bytes, 3u),
            "XDMA: the size of the register window is 3, but must be that of "
            "at least one register, 4 bytes, and of a user BAR");
  EXPECT_EQ(check(&XdmaOptions::channels, 0),
            "XDMA: the number of channels is 0, but must be at least 1, and "
            "none of them behind 9");
  EXPECT_EQ(check(&XdmaOptions::channels, 11).substr(0, 6), "XDMA: ");
  EXPECT_EQ(check(&XdmaOptions::first_channel, 10),
            "XDMA: the first channel is 10, but must be 0 to 9");
  EXPECT_EQ(check(&XdmaOptions::transfer_bytes, size_t{100}),
            "XDMA: the size of a transfer is 100, but must be 4096 to "
            "1073741824");
}
