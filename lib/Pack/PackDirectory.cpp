//===- PackDirectory.cpp - Parameter files beside a driver ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/OutputFiles.h"
#include "FileSet.h"
#include "Units.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kPlanFile = "plan.json";

static std::string printChecksum(uint64_t checksum) {
  return utohexstr(checksum, /*LowerCase=*/true, 16);
}

static constexpr StringLiteral kChecksumTitle = "dlavm-parameters 2 ";

static std::string printChecksums(ArrayRef<PackedFile> files,
                                  StringRef fingerprint) {
  std::string lines;
  raw_string_ostream os(lines);
  for (const PackedFile &file : files)
    os << printChecksum(file.checksum) << " " << file.bytes << " " << file.path
       << "\n";
  return (kChecksumTitle + fingerprint + " " +
          printChecksum(XXH64(lines.data(), lines.size(), /*seed=*/0)) + "\n" +
          lines)
      .str();
}

namespace {

class DirectoryPacker {
public:
  DirectoryPacker(StringRef directory, const DriverPlan &plan,
                  const DeviceInfo &device, TensorSource &source,
                  const PackOptions &options)
      : directory(directory), plan(plan), options(options),
        packer(plan, device, source, options.scaleChoice), files(directory) {}

  Expected<PackedDirectory> run();

private:
  std::string getPath(StringRef file) const {
    return joinPath(directory, file);
  }
  /// Makes sure that no file is written over another.
  Error checkFiles();
  /// Makes sure that nothing looks complete.
  Error invalidate();
  void announceFiles();
  Error writeFiles(PackReport &report);
  Error complete(const PackReport &report);

  std::string directory;
  const DriverPlan &plan;
  const PackOptions &options;
  ObjectPacker packer;
  FileSet files;
  /// The index of the first file of each object, in the plan's order.
  std::vector<size_t> firstFile;
};

} // namespace

Error DirectoryPacker::checkFiles() {
  std::vector<std::string> outputs = {getPath(kPlanFile), getPath(kReportFile),
                                      getPath(kChecksumFile)};
  for (const PackedFile &file : files.getFiles())
    outputs.push_back(getPath(file.path));
  std::vector<std::string> inputs = options.inputs;
  inputs.push_back(getPath(plan.driver));
  inputs.push_back(getPath(plan.model));
  return checkOutputs(outputs, inputs);
}

Error DirectoryPacker::invalidate() {
  for (StringRef file : {kChecksumFile, kReportFile})
    if (std::error_code error = sys::fs::remove(getPath(file)))
      return createStringError(error, "cannot remove " + getPath(file) + ": " +
                                          error.message());
  DriverPlan unpacked = plan;
  unpacked.packed.reset();
  const std::string path = getPath(kPlanFile), text = unpacked.print();
  Expected<std::unique_ptr<MemoryBuffer>> old = readTextFile(path);
  if (!old)
    return createStringError("cannot read " + path + ": " +
                             toString(old.takeError()));
  return (*old)->getBuffer() == text ? Error::success()
                                     : writeOutputFile(path, text);
}

void DirectoryPacker::announceFiles() {
  for (const PlanObject &object : plan.objects) {
    firstFile.push_back(files.getFiles().size());
    if (object.kind == ObjectKind::KVCache)
      continue;
    for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1);
         ++layer)
      for (int64_t port = 0; port < object.ports; ++port)
        files.add(object.getFile(layer, port), object.bytes);
  }
  if (!plan.embedding.empty())
    files.add(kEmbeddingFile.str(), packer.getEmbeddingBytes());
}

Error DirectoryPacker::writeFiles(PackReport &report) {
  int64_t total = 0;
  for (const PackedFile &file : files.getFiles())
    total += file.bytes;
  Progress progress(options, total);
  auto write = [&](size_t file, ArrayRef<uint8_t> bytes) -> Error {
    if (Error error = files.write(file, bytes))
      return error;
    progress.add(bytes.size());
    return Error::success();
  };
  auto writeObject = [&](const PlanObject &object, int64_t layer, int64_t port,
                         int64_t, ArrayRef<uint8_t> bytes) {
    const size_t index = &object - plan.objects.data();
    return write(firstFile[index] + layer * object.ports + port, bytes);
  };
  std::vector<Unit> units;
  if (Error error = addObjectUnits(plan, packer, writeObject, units, report))
    return error;
  if (!plan.embedding.empty()) {
    if (Error error = packer.checkEmbedding())
      return error;
    const size_t last = files.getFiles().size() - 1;
    units.push_back({packer.getEmbeddingBytes(), [&, last] {
                       return packer.packEmbedding(
                           [&](int64_t, ArrayRef<uint8_t> bytes) {
                             return write(last, bytes);
                           });
                     }});
  }
  if (Error error = files.createDirectories())
    return error;
  int64_t ports = 1;
  for (const PlanObject &object : plan.objects)
    ports = std::max(ports, object.ports);
  return runUnits(units, limitThreads(options.threads, ports));
}

Error DirectoryPacker::complete(const PackReport &report) {
  ArrayRef<PackedFile> written = files.getFiles();
  if (Error error = writeOutputFile(getPath(kReportFile),
                                    printReport(report, options.scaleChoice)))
    return error;
  DriverPlan packed = plan;
  const bool isSearch = options.scaleChoice == ScaleChoice::Search;
  packed.packed = {isSearch ? "search" : "absmax", options.endTokens,
                   written.vec()};
  if (Error error = writeOutputFile(getPath(kPlanFile), packed.print()))
    return error;
  return writeOutputFile(getPath(kChecksumFile),
                         printChecksums(written, plan.fingerprint));
}

Expected<PackedDirectory> DirectoryPacker::run() {
  announceFiles();
  if (Error error = checkFiles())
    return error;
  if (Error error = invalidate())
    return error;
  PackedDirectory result;
  auto pack = [&]() -> Error {
    if (Error error = writeFiles(result.report))
      return error;
    return complete(result.report);
  };
  if (Error error = pack()) {
    // The files go with the FileSet; this makes room for the plan.
    sys::fs::remove(getPath(kReportFile));
    return joinErrors(std::move(error), invalidate());
  }
  files.keep();
  for (const PackedFile &file : files.getFiles()) {
    ++result.files;
    result.bytes += file.bytes;
  }
  return result;
}

Expected<PackedDirectory> dlavm::packDirectory(StringRef directory,
                                               const DriverPlan &plan,
                                               const DeviceInfo &device,
                                               TensorSource &source,
                                               const PackOptions &options) {
  return DirectoryPacker(directory, plan, device, source, options).run();
}
