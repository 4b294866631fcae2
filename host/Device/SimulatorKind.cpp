//===- SimulatorKind.cpp - Drivers on the simulator -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Device/SimulatorKind.h"

#include "host/Device/BoardKinds.h"

#include <dlfcn.h>
#include <filesystem>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

namespace {

class SimulatorDevice : public Device {
public:
  SimulatorDevice(const SimulatorFunctions &functions, const std::string &name)
      : functions(functions),
        simulator(functions.create(name.c_str(), /*sanitize=*/0,
                                   /*threads=*/0)) {
    if (!simulator)
      throw Error("no simulator of a device " + name + "; there are " +
                  functions.getDevices());
    try {
      check();
    } catch (...) {
      functions.destroy(simulator);
      throw;
    }
  }
  ~SimulatorDevice() override { functions.destroy(simulator); }

  uint32_t read(uint32_t reg) override {
    return functions.read(simulator, reg);
  }
  void poll(uint32_t reg, uint32_t value) override {
    functions.poll(simulator, reg, value);
    check();
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    functions.dmaWrite(simulator, address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    functions.dmaRead(simulator, address, data, bytes);
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    functions.task(simulator, layer, name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    functions.write(simulator, reg, value);
  }

private:
  void check() {
    if (functions.getNumFindings(simulator) == 0)
      return;
    std::string first;
    functions.visitFindings(
        simulator,
        [](const char *text, void *data) {
          auto &first = *static_cast<std::string *>(data);
          if (first.empty())
            first = text;
        },
        &first);
    throw Error("the simulated device: " + first);
  }

  const SimulatorFunctions functions;
  DLAVMSimulator *simulator;
};

} // namespace

DeviceKind dlavm::host::getSimulatorKind(const SimulatorFunctions &functions) {
  return {"simulator", "simulator",
          "the device that the driver was compiled for, simulated",
          [functions](const std::string &arguments,
                      const Plan &plan) -> std::unique_ptr<Device> {
            if (!arguments.empty())
              throw Error("--on=simulator takes no arguments, found '" +
                          arguments + "'");
            return std::make_unique<SimulatorDevice>(functions, plan.device);
          }};
}

/// The library is never closed: its devices live as long as they like.
static SimulatorFunctions loadFunctions(const std::string &library) {
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw Error("the simulator cannot be loaded: " + std::string(dlerror()) +
                "; --on=simulator:LIBRARY names libdlavm-simulator.so, which "
                "the build of DLAVM makes");
  auto find = [&](auto &function, const char *name) {
    void *symbol = dlsym(handle, name);
    if (!symbol)
      throw Error(library + " is no simulator: it has no function " + name);
    function = reinterpret_cast<std::decay_t<decltype(function)>>(symbol);
  };
  SimulatorFunctions functions;
  find(functions.create, "dlavmSimulatorCreate");
  find(functions.destroy, "dlavmSimulatorDestroy");
  find(functions.getDevices, "dlavmSimulatorGetDevices");
  find(functions.write, "dlavmSimulatorWrite");
  find(functions.read, "dlavmSimulatorRead");
  find(functions.poll, "dlavmSimulatorPoll");
  find(functions.dmaWrite, "dlavmSimulatorDMAWrite");
  find(functions.dmaRead, "dlavmSimulatorDMARead");
  find(functions.task, "dlavmSimulatorTask");
  find(functions.getNumFindings, "dlavmSimulatorGetNumFindings");
  find(functions.visitFindings, "dlavmSimulatorVisitFindings");
  return functions;
}

/// Looks beside the library and the program that this is part of, where a build
/// and an installation have it; otherwise the system looks. (A run path does
/// not serve dlopen under AddressSanitizer, which calls it from its own
/// library.)
static std::string findLibrary() {
  const std::string name = "libdlavm-simulator.so";
  std::vector<std::filesystem::path> objects = {"/proc/self/exe"};
  // Of a program it is what its caller calls it.
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&findLibrary), &info) != 0)
    objects.emplace_back(info.dli_fname);
  for (const std::filesystem::path &object : objects) {
    std::error_code error;
    const std::filesystem::path directory =
        std::filesystem::canonical(object, error).parent_path();
    for (const std::filesystem::path &place :
         {directory / name, directory.parent_path() / "lib" / name})
      if (!error && std::filesystem::exists(place, error))
        return place.string();
  }
  return name;
}

DeviceKind dlavm::host::getSimulatorLibraryKind() {
  return {"simulator", "simulator:LIBRARY",
          "the device that the driver was compiled for, simulated by "
          "libdlavm-simulator.so",
          [](const std::string &arguments,
             const Plan &plan) -> std::unique_ptr<Device> {
            const SimulatorFunctions functions =
                loadFunctions(arguments.empty() ? findLibrary() : arguments);
            return std::make_unique<SimulatorDevice>(functions, plan.device);
          }};
}

std::vector<DeviceKind> dlavm::host::getHostDeviceKinds() {
  return {getXdmaKind(), getV80Kind(), getSimulatorLibraryKind()};
}
