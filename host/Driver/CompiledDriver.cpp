//===- CompiledDriver.cpp - A driver, compiled and loaded -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/CompiledDriver.h"

#include "host/Driver/DriverTable.h"
#include "host/Driver/EmbeddedText.h"
#include "host/Support/File.h"
#include "host/Tokenizer/TokenizerFiles.h"

#include <cstring>
#include <limits>
#include <optional>
#include <sys/stat.h>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

//===----------------------------------------------------------------------===//
// What is compiled around a driver
//===----------------------------------------------------------------------===//

static const char guard[] = R"cpp(
template <typename Function>
static int guard(const DLAVMCaller *caller, Function function) {
  try {
    function(*static_cast<dlavm::Device *>(caller->device));
    return 0;
  } catch (const std::bad_alloc &) {
    caller->fail(caller, "out of memory");
  } catch (const std::exception &exception) {
    caller->fail(caller, exception.what());
  } catch (...) {
    caller->fail(caller, "the driver throws what is no std::exception");
  }
  return 1;
}
)cpp";

/// The functions of the table, in its order.
static const char loadParameters[] = R"cpp(
    [](const DLAVMCaller *caller, const char *directory) {
      return guard(caller, [&](dlavm::Device &device) {
        driver::load_parameters(device, directory);
      });
    },
)cpp";

static const char readEmbeddings[] = R"cpp(
    [](const DLAVMCaller *caller, const char *directory, const int32_t *ids,
       size_t count, uint16_t *rows, size_t size) {
      return guard(caller, [&](dlavm::Device &) {
        const std::vector<uint16_t> read = driver::read_embeddings(
            directory, std::vector<int32_t>(ids, ids + count));
        if (read.size() != size)
          throw dlavm::Error("read_embeddings of the driver reads other rows "
                             "than plan.json says");
        std::memcpy(rows, read.data(), size * sizeof(uint16_t));
      });
    },
)cpp";

static std::string getWriteInput(const PlanFunction &function) {
  return R"cpp(
    [](const DLAVMCaller *caller, const uint16_t *rows,
       [[maybe_unused]] int32_t seq) {
      return guard(caller, [&](dlavm::Device &device) {
        driver::)cpp" +
         function.name +
         (function.lastTokenOnly ? "(device, rows);\n"
                                 : "(device, rows, seq);\n") +
         "      });\n    },\n";
}

static const char run[] = R"cpp(
    [](const DLAVMCaller *caller, int32_t seq, int32_t past) {
      return guard(caller, [&](dlavm::Device &device) {
        driver::run(device, seq, past);
      });
    },
)cpp";

static std::string getDecode(const PlanFunction &function) {
  return R"cpp(
    [](const DLAVMCaller *caller, int32_t past) {
      return guard(caller, [&](dlavm::Device &device) {
        driver::)cpp" +
         function.name + "(device, past);\n      });\n    },\n";
}

static std::string getReadToken(const PlanFunction &function) {
  return R"cpp(
    [](const DLAVMCaller *caller, int32_t *id) {
      return guard(caller, [&](dlavm::Device &device) {
        *id = driver::)cpp" +
         function.name + "(device);\n      });\n    },\n";
}

static std::string getReadLogits(const PlanFunction &function) {
  return R"cpp(
    [](const DLAVMCaller *caller,
       void (*take)(void *, const uint16_t *, size_t), void *data) {
      return guard(caller, [&](dlavm::Device &device) {
        const std::vector<uint16_t> logits = driver::)cpp" +
         function.name + R"cpp((device);
        take(data, logits.data(), logits.size());
      });
    },
)cpp";
}

static const PlanFunction *findLogits(const Plan &plan) {
  const PlanFunction *logits = plan.findFunction("output", "read_logits");
  return logits && logits->lastTokenOnly ? logits : nullptr;
}

/// The runtime header comes first: its include guard keeps the driver from
/// including another version, with which devices of this program would not go
/// together.
static std::string getSource(const Plan &plan) {
  const PlanFunction *input = plan.findFunction("input");
  const PlanFunction *decode = plan.findFunction("decode");
  const PlanFunction *token = plan.findFunction("token");
  const PlanFunction *logits = findLogits(plan);
  std::string text(getRuntimeHeader());
  text += getDriverTable();
  text += "#include \"" + plan.driver + "\"\n";
  text += "namespace driver = ::" + plan.namespaceName + ";\n";
  // Another version of the compiler makes another source.
  text += "[[maybe_unused]] static const char compiler[] = __VERSION__;\n";
  text += guard;
  text += "static const DLAVMDriver table = {\n"
          "    driver::kFingerprint, driver::kMaxTokens,\n";
  const std::string none = "    nullptr,\n";
  text += loadParameters;
  text += plan.vocabulary > 0 ? readEmbeddings : none;
  text += input ? getWriteInput(*input) : none;
  text += run;
  text += decode ? getDecode(*decode) : none;
  text += token ? getReadToken(*token) : none;
  text += logits ? getReadLogits(*logits) : none;
  return text + "};\n"
                "extern \"C\" __attribute__((visibility(\"default\"))) const "
                "DLAVMDriver *dlavm_get_driver() {\n"
                "  return &table;\n}\n";
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// A caller that keeps the message.
struct Caller : DLAVMCaller {
  explicit Caller(Device *device) {
    this->device = device;
    fail = [](const DLAVMCaller *caller, const char *message) {
      static_cast<const Caller *>(caller)->message = message;
    };
  }
  /// Throws if a function of the table did not return 0.
  void check(int code) const {
    if (code != 0)
      throw Error(message);
  }
  mutable std::string message;
};

} // namespace

/// A compiler waits for pipes, and takes many times what it reads.
static void checkHeader(const std::string &header) {
  const std::string hint = "; compile the model again with dlavm compile";
  struct stat status;
  if (stat(header.c_str(), &status) != 0)
    throw Error(header + " cannot be read: " + std::strerror(errno) + hint);
  if (!S_ISREG(status.st_mode) || status.st_size > (32 << 20))
    throw Error(header + " is no file with the source of a driver" + hint);
}

/// A package lists its driver as well, and one that is not as it was packaged
/// must not run.
static void checkListed(const std::string &directory, const Plan &plan) {
  std::optional<dlavm::detail::Checksums> sums;
  try {
    sums.emplace(directory, plan.fingerprint);
  } catch (const Error &) {
    // It is said when the parameters are loaded, which nobody may want to.
    return;
  }
  dlavm::detail::Buffer buffer(size_t{1} << 16);
  const char what[] = "which checksums.txt lists";
  for (const char *name : {plan.driver.c_str(), "dlavm_runtime.h", "plan.json"})
    if (const dlavm::detail::Checksum *listed = sums->find(name)) {
      const std::string path = directory + "/" + name;
      dlavm::detail::check_size(path, what, listed->bytes);
      dlavm::detail::check_content(path, what, *listed, buffer);
    }
  if (!sums->find(plan.driver.c_str()))
    return;
  for (const std::string &name : getTokenizerFileNames()) {
    const std::string path = joinPath(directory, name);
    struct stat status;
    if (!sums->find(name.c_str()) && lstat(path.c_str(), &status) == 0)
      throw Error(path + " was not packaged, as " + directory +
                  "/checksums.txt does not list it, and would change what is "
                  "said; remove it, or put it into the checkpoint and package "
                  "that");
  }
}

CompiledDriver::CompiledDriver(const std::string &directory)
    : directory(directory), plan(Plan::read(directory)) {
  const std::string header = joinPath(directory, plan.driver);
  checkHeader(header);
  checkListed(directory, plan);
  object = compileAndLoad(getSource(plan), directory, "the driver " + header);
  void *symbol = object.findSymbol("dlavm_get_driver");
  if (symbol)
    table = reinterpret_cast<const DLAVMDriver *(*)()>(symbol)();
  if (!table)
    throw Error("the driver " + header +
                " compiles, but its functions are not found; what does the "
                "compiler of the environment variable CXX do?");
  if (table->fingerprint != plan.fingerprint ||
      table->maxTokens != plan.maxTokens)
    throw Error("the driver " + header +
                " and the plan.json beside it were not made together; compile "
                "the model again with dlavm compile");
}

void CompiledDriver::loadParameters(Device &device) const {
  const Caller caller(&device);
  caller.check(table->loadParameters(&caller, directory.c_str()));
}

std::vector<uint16_t>
CompiledDriver::readEmbeddings(const std::vector<int32_t> &ids) const {
  if (!table->readEmbeddings)
    throw Error("the driver in " + directory +
                " has no embedding, so it takes no token ids");
  std::vector<uint16_t> rows(ids.size() * static_cast<size_t>(plan.channels));
  const Caller caller(nullptr);
  caller.check(table->readEmbeddings(&caller, directory.c_str(), ids.data(),
                                     ids.size(), rows.data(), rows.size()));
  return rows;
}

void CompiledDriver::writeInput(Device &device,
                                const std::vector<uint16_t> &rows,
                                int32_t seq) const {
  const PlanFunction *input = plan.findFunction("input");
  if (!input)
    throw Error("the driver in " + directory +
                " has no single input for embedded tokens");
  const size_t tokens = input->lastTokenOnly ? 1 : static_cast<size_t>(seq);
  if (seq < 1 || rows.size() != tokens * static_cast<size_t>(input->channels))
    throw Error("the driver in " + directory + " takes " +
                std::to_string(input->channels) +
                " channels of each token, not " + std::to_string(rows.size()) +
                " elements for " + std::to_string(seq));
  const Caller caller(&device);
  caller.check(table->writeInput(&caller, rows.data(), seq));
}

void CompiledDriver::run(Device &device, int32_t seq, int32_t past) const {
  const Caller caller(&device);
  caller.check(seq == 1 && table->decode ? table->decode(&caller, past)
                                         : table->run(&caller, seq, past));
}

int32_t CompiledDriver::readToken(Device &device) const {
  if (!table->readToken)
    throw Error("the driver in " + directory +
                " yields no token; compile a model that ends in llm.argmax");
  const Caller caller(&device);
  int32_t id = 0;
  caller.check(table->readToken(&caller, &id));
  return id;
}

bool CompiledDriver::hasLogits() const { return table->readLogits != nullptr; }

void CompiledDriver::readLogits(
    Device &device,
    const std::function<void(const uint16_t *, size_t)> &take) const {
  if (!hasLogits())
    throw Error("the driver in " + directory + " yields no logits");
  const Caller caller(&device);
  caller.check(table->readLogits(
      &caller,
      [](void *data, const uint16_t *logits, size_t size) {
        (*static_cast<const std::function<void(const uint16_t *, size_t)> *>(
            data))(logits, size);
      },
      const_cast<std::function<void(const uint16_t *, size_t)> *>(&take)));
}
