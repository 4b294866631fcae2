//===- V80Kind.cpp - Cards behind the host library of the V80 -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Device/BoardKinds.h"

#include "host/Device/DeviceArguments.h"
#include "host/Device/EmbeddedV80.h"
#include "host/Driver/DriverCompiler.h"
#include "host/Driver/EmbeddedText.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/stat.h>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

/// The text without the includes of headers of the runtime, which stand before
/// it.
static std::string withoutRuntime(std::string_view header) {
  std::string text;
  while (!header.empty()) {
    const size_t end = std::min(header.find('\n'), header.size() - 1) + 1;
    const std::string_view line = header.substr(0, end);
    if (line.find("#include \"dlavm_") != 0)
      text += line;
    header.remove_prefix(end);
  }
  return text;
}

static void checkHeader(const std::string &header,
                        const DeviceArguments &values) {
  struct stat status;
  if (stat(header.c_str(), &status) != 0)
    values.refuse("the header of the host library, " + header +
                  ", cannot be read: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode) ||
      header.find_first_of("\"\\\n") != std::string::npos)
    values.refuse(header + " is no header of a host library");
}

static std::unique_ptr<Device> openV80(const std::string &arguments) {
  DeviceArguments values(
      "--on=v80" + (arguments.empty() ? "" : ":" + arguments), arguments);
  const std::string header = values.getPath();
  if (header.empty())
    values.refuse("give the header of the board's host library, which declares "
                  "CSB_Write and CSB_Read");
  if (!values.has("interface"))
    values.refuse("give interface=write-bin (DDR_Write_bin, DDR_Update) or "
                  "interface=host2fpga (start_host2fpga)");
  const bool isWriteBin =
      values.takeWord("interface", {"write-bin", "host2fpga"}, "") ==
      "write-bin";
  const std::string scratch = values.takeText("scratch", "");
  if (scratch.empty() != isWriteBin)
    values.refuse(isWriteBin ? "interface=write-bin has no scratch file"
                             : "give scratch=FILE, through which memory is "
                               "sent; it is overwritten");
  const std::string library = values.takeText("library", "");
  const double seconds = values.takeSeconds("timeout", 60);
  values.finish("interface, library, scratch and timeout");
  checkHeader(header, values);

  // The device refers to its functions, and may be named by a path or not.
  if (!library.empty() && !dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL))
    values.refuse(std::string("the host library cannot be loaded: ") +
                  dlerror());
  const size_t slash = header.rfind('/');
  const bool hasDirectory = slash != std::string::npos;
  std::string source(getRuntimeHeader());
  source += withoutRuntime(getBoardHeader());
  source +=
      "#include \"" + header.substr(hasDirectory ? slash + 1 : 0) + "\"\n";
  source += withoutRuntime(getV80Header());
  source += withoutRuntime(isWriteBin ? getV80WriteBinHeader()
                                      : getV80Host2FPGAHeader());
  source +=
      "extern \"C\" __attribute__((visibility(\"default\")))\n"
      "dlavm::Device *dlavm_open_v80([[maybe_unused]] const char *scratch,"
      " double seconds) {\n  auto *device = new ";
  source += isWriteBin ? "dlavm::V80WriteBinDevice();\n"
                       : "dlavm::V80Host2FPGADevice(scratch);\n";
  source += "  device->poll_seconds = seconds;\n  return device;\n}\n";
  // What the device throws outlives it.
  static std::vector<SharedObject> objects;
  objects.push_back(
      compileAndLoad(source, hasDirectory ? header.substr(0, slash + 1) : ".",
                     "the device of the host library " + header));
  void *symbol = objects.back().findSymbol("dlavm_open_v80");
  if (!symbol)
    values.refuse("the device compiles, but is not found; what does the "
                  "compiler of the environment variable CXX do?");
  return std::unique_ptr<Device>(
      reinterpret_cast<Device *(*)(const char *, double)>(symbol)(
          scratch.c_str(), seconds));
}

DeviceKind dlavm::host::getV80Kind() {
  return {"v80", "v80:HEADER,interface=write-bin|host2fpga[,key=value...]",
          "a V80, through the C functions that the HEADER of its host library "
          "declares",
          [](const std::string &arguments, const Plan &) {
            return openV80(arguments);
          }};
}
