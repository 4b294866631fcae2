//===- BoardKindsTest.cpp - Cards that --on= can name ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Device/BoardKinds.h"

#include "../Driver/TestDriver.h"

#include "gtest/gtest.h"

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;
using dlavm::XdmaOptions;

namespace {

std::string getError(const std::function<void()> &function) {
  try {
    function();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

std::unique_ptr<Device> openBoard(const std::string &on) {
  return openDevice({getXdmaKind(), getV80Kind()}, on, Plan());
}

std::string getError(const std::string &on) {
  return getError([&] { openBoard(on); });
}

/// A host library whose functions count, or write down.
const char *const kHeader = R"cpp(
#include <cstdint>
#include <cstdio>
static uint32_t file[64];
static void CSB_Write(uint32_t reg, uint32_t value) { file[reg] = value; }
static uint32_t CSB_Read(uint32_t reg) { return file[reg]; }
)cpp";

} // namespace

//===----------------------------------------------------------------------===//
// XDMA
//===----------------------------------------------------------------------===//

TEST(XdmaKind, Options) {
  const XdmaOptions plain = parseXdmaOptions("/dev/xdma1");
  EXPECT_STREQ(plain.path.c_str(), "/dev/xdma1");
  EXPECT_EQ(plain.channels, 1);
  EXPECT_EQ(plain.window, 0x20000u);
  EXPECT_FALSE(plain.maps_registers);

  const XdmaOptions all = parseXdmaOptions(
      "card/xdma0,channel=1,channels=3,registers=mmap,window=0x1000,"
      "window-bytes=512,transfer-bytes=65536,timeout=1.5,user=a,h2c=b,c2h=c");
  EXPECT_STREQ(all.path.c_str(), "card/xdma0");
  EXPECT_EQ(all.first_channel, 1);
  EXPECT_EQ(all.channels, 3);
  EXPECT_TRUE(all.maps_registers);
  EXPECT_EQ(all.window, 0x1000u);
  EXPECT_EQ(all.window_bytes, 512u);
  EXPECT_EQ(all.transfer_bytes, 65536u);
  EXPECT_EQ(all.poll_seconds, 1.5);
  EXPECT_STREQ(all.user.c_str(), "a");
  EXPECT_STREQ(all.h2c.c_str(), "b");
  EXPECT_STREQ(all.c2h.c_str(), "c");
}

TEST(XdmaKind, Refusals) {
  EXPECT_EQ(getError("xdma"), "--on=xdma: give what the names of its nodes "
                              "begin with: --on=xdma:/dev/xdma0");
  EXPECT_EQ(getError("xdma:,channel=1"),
            "--on=xdma:,channel=1: give what the names of its nodes begin "
            "with: --on=xdma:/dev/xdma0");
  const std::string path = "xdma:/nowhere/x";
  const std::pair<const char *, const char *> cases[] = {
      {",", "expected key=value, found ''"},
      {",channel", "expected key=value, found 'channel'"},
      {",channel=", "expected key=value, found 'channel='"},
      {",=1", "expected key=value, found '=1'"},
      {",channel=1,", "expected key=value, found ''"},
      {",channel=1,channel=1", "channel is given twice; give it once"},
      {",channel=10", "channel=10 must be a number from 0 to 9"},
      {",channel=-1", "channel=-1 must be a number from 0 to 9"},
      {",channel=1x", "channel=1x must be a number from 0 to 9"},
      {",channel=8,channels=3", "channels=3 must be a number from 1 to 2"},
      {",window=0x", "window=0x must be a number from 0 to 1073741824"},
      {",window=99999999999999999999",
       "window=99999999999999999999 must be a number from 0 to 1073741824"},
      {",window=2", "window must be a multiple of 4, the bytes of a register"},
      {",window-bytes=3",
       "window-bytes=3 must be a number from 4 to 1073741824"},
      {",registers=dma", "registers=dma must be pread or mmap"},
      {",timeout=0",
       "timeout=0 must be seconds, more than 0 and at most 86400"},
      {",timeout=1.2.3",
       "timeout=1.2.3 must be seconds, more than 0 and at most 86400"},
      {",timeout=nan",
       "timeout=nan must be seconds, more than 0 and at most 86400"},
      {",speed=1", "there is no key 'speed'; there are channel, channels, "
                   "registers, window, window-bytes, transfer-bytes, timeout, "
                   "user, h2c and c2h"},
  };
  for (const auto &[text, message] : cases)
    EXPECT_EQ(getError(path + text), "--on=" + path + text + ": " + message);
}

TEST(XdmaKind, OpensTheNodes) {
  EXPECT_EQ(getError("xdma:/nowhere/x").find("cannot open /nowhere/x_user: "),
            0u);
  const TestDirectory directory;
  for (const char *name : {"x_user", "x_h2c_0", "x_c2h_0"})
    directory.write(name, std::string(4096, '\3'));
  const std::unique_ptr<Device> device =
      openBoard("xdma:" + directory.getPath() + "/x,window=0");
  EXPECT_EQ(device->read(5), 0x03030303u);
  EXPECT_TRUE(device->can_read_memory());
}

//===----------------------------------------------------------------------===//
// V80
//===----------------------------------------------------------------------===//

TEST(V80Kind, WritesWords) {
  const TestDirectory directory;
  directory.write("host.h", kHeader + std::string(R"cpp(
static void DDR_Update(uint64_t address, uint32_t value) {
  file[address / 4] = value;
}
static void DDR_Write_bin(char *path, uint64_t address, uint32_t bytes) {
  file[0] = path[0] + address + bytes;
}
)cpp"));
  const std::unique_ptr<Device> device =
      openBoard("v80:" + directory.getPath() +
                "/host.h,interface=write-bin,timeout=0.01");
  EXPECT_FALSE(device->can_read_memory());
  device->write(7, 5);
  EXPECT_EQ(device->read(7), 5u);
  const uint32_t word = 17;
  device->dma_write(32, &word, sizeof word);
  EXPECT_EQ(device->read(8), 17u);
  device->dma_write_file(1000, "A", nullptr, 10000);
  EXPECT_EQ(device->read(0), 65u + 11000u);
  device->task(1, "key");
  EXPECT_EQ(getError([&] { device->poll(7, 1); })
                .find("register 7 is still 5 and not 1 after 10 ms, in the "
                      "task key of layer 1"),
            0u);
}

TEST(V80Kind, SendsFiles) {
  const TestDirectory directory;
  directory.write("host.h", kHeader + std::string(R"cpp(
static void start_host2fpga(const char *path, uint64_t address, uint64_t bytes,
                            int) {
  if (FILE *content = std::fopen(path, "rb")) {
    file[address] = bytes + std::fgetc(content);
    std::fclose(content);
  }
}
)cpp"));
  const std::unique_ptr<Device> device =
      openBoard("v80:" + directory.getPath() +
                "/host.h,interface=host2fpga,scratch=" + directory.getPath() +
                "/scratch");
  device->dma_write(9, "B", 1);
  EXPECT_EQ(device->read(9), 67u);
}

TEST(V80Kind, Refusals) {
  EXPECT_EQ(getError("v80"),
            "--on=v80: give the header of the board's host library, which "
            "declares CSB_Write and CSB_Read");
  const std::pair<const char *, const char *> cases[] = {
      {"", "give interface=write-bin (DDR_Write_bin, DDR_Update) or "
           "interface=host2fpga (start_host2fpga)"},
      {",interface=xdma", "interface=xdma must be write-bin or host2fpga"},
      {",interface=host2fpga",
       "give scratch=FILE, through which memory is sent; it is overwritten"},
      {",interface=write-bin,scratch=x",
       "interface=write-bin has no scratch file"},
      {",interface=write-bin,path=x",
       "there is no key 'path'; there are interface, library, scratch and "
       "timeout"},
      {",interface=write-bin", "the header of the host library, /nowhere/h.h, "
                               "cannot be read: No such file or directory"},
  };
  for (const auto &[text, message] : cases) {
    const std::string on = std::string("v80:/nowhere/h.h") + text;
    EXPECT_EQ(getError(on), "--on=" + on + ": " + message);
  }
  const TestDirectory directory;
  directory.write("host.h", "int CSB_Read(int);\n");
  const std::string on = "v80:" + directory.getPath() + "/host.h";
  EXPECT_EQ(getError("v80:" + directory.getPath() + ",interface=write-bin"),
            "--on=v80:" + directory.getPath() + ",interface=write-bin: " +
                directory.getPath() + " is no header of a host library");
  // Functions that the header does not declare, and a library that is none.
  EXPECT_NE(getError(on + ",interface=write-bin").find("CSB_Write"),
            std::string::npos);
  EXPECT_NE(getError(on + ",interface=write-bin,library=/nowhere/lib.so")
                .find("the host library cannot be loaded: /nowhere/lib.so"),
            std::string::npos);
}
