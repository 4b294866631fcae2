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

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

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
  DirectoryPacker(OutputDirectory &output, const DriverPlan &plan,
                  const DeviceInfo &device, TensorSource &source,
                  const PackOptions &options)
      : output(output), plan(plan), options(options),
        packer(plan, device, source, options.scaleChoice, options.fitsAnew,
               options.usableIds),
        files(output) {}

  Expected<PackedDirectory> run();

private:
  /// Makes sure that no file is written over another.
  Error checkFiles();
  void announceFiles();
  Error writeFiles(PackReport &report);
  /// Another tokenizer may have had other files.
  void removeFormerTexts();
  Error complete(const PackReport &report);

  OutputDirectory &output;
  const DriverPlan &plan;
  const PackOptions &options;
  ObjectPacker packer;
  FileSet files;
  /// The index of the first file of each object, in the plan's order.
  std::vector<size_t> firstFile;
  /// The index of the first of options.texts.
  size_t firstText = 0;
};

} // namespace

Error DirectoryPacker::checkFiles() {
  std::vector<std::string> outputs = {output.getPlace(kPlanFile),
                                      output.getPlace(kReportFile),
                                      output.getPlace(kChecksumFile)};
  for (const PackedFile &file : files.getFiles())
    outputs.push_back(output.getPlace(file.path));
  std::vector<std::string> inputs = options.inputs;
  inputs.push_back(output.getPlace(plan.driver));
  inputs.push_back(output.getPlace(plan.model));
  return checkOutputs(outputs, inputs);
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
  firstText = files.getFiles().size();
  for (const auto &[name, text] : options.texts)
    files.add(name, text.size());
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
    const size_t embedding = firstText - 1;
    units.push_back({packer.getEmbeddingBytes(), [&, embedding] {
                       return packer.packEmbedding(
                           [&](int64_t, ArrayRef<uint8_t> bytes) {
                             return write(embedding, bytes);
                           });
                     }});
  }
  if (Error error = files.stage())
    return error;
  int64_t ports = 1;
  for (const PlanObject &object : plan.objects)
    ports = std::max(ports, object.ports);
  if (Error error = runUnits(units, limitThreads(options.threads, ports)))
    return error;
  for (auto [index, text] : enumerate(options.texts))
    if (Error error =
            write(firstText + index, arrayRefFromStringRef(text.second)))
      return error;
  return Error::success();
}

Error DirectoryPacker::complete(const PackReport &report) {
  ArrayRef<PackedFile> written = files.getFiles();
  DriverPlan packed = plan;
  const bool isSearch = options.scaleChoice == ScaleChoice::Search;
  packed.packed = {isSearch ? "search" : "absmax", options.endTokens,
                   written.vec()};
  if (options.usableIds)
    packed.packed->usableIds = options.usableIds->count;
  const std::pair<StringRef, std::string> texts[] = {
      {kReportFile, printReport(report, options.scaleChoice)},
      {kPlanFile, packed.print()},
      {kChecksumFile, printChecksums(written, plan.fingerprint)}};
  for (const auto &[file, text] : texts)
    if (Error error = output.write(file, text))
      return error;
  removeFormerTexts();
  return output.commit();
}

void DirectoryPacker::removeFormerTexts() {
  if (!plan.packed)
    return;
  for (const PackedFile &file : plan.packed->files)
    if (is_contained(options.formerTexts, file.path) &&
        none_of(files.getFiles(), [&](const PackedFile &written) {
          return written.path == file.path;
        }))
      output.remove(file.path);
}

Expected<PackedDirectory> DirectoryPacker::run() {
  announceFiles();
  if (Error error = checkFiles())
    return error;
  PackedDirectory result;
  if (Error error = writeFiles(result.report))
    return error;
  const std::string loss = result.report.describeLoss();
  if (options.isStrict && !loss.empty())
    return createStringError(loss + "; without --strict they are packed");
  if (Error error = complete(result.report))
    return error;
  for (const PackedFile &file : files.getFiles()) {
    ++result.files;
    result.bytes += file.bytes;
  }
  return result;
}

Expected<PackedDirectory> dlavm::packDirectory(OutputDirectory &output,
                                               const DriverPlan &plan,
                                               const DeviceInfo &device,
                                               TensorSource &source,
                                               const PackOptions &options) {
  return DirectoryPacker(output, plan, device, source, options).run();
}

bool dlavm::keepPacking(StringRef directory, std::string &plan) {
  SmallString<128> checksums(directory);
  sys::path::append(checksums, kChecksumFile);
  Expected<std::unique_ptr<MemoryBuffer>> list = readTextFile(checksums);
  if (!list) {
    consumeError(list.takeError());
    return false;
  }
  // Whatever else is there is replaced.
  Expected<DriverPlan> before = DriverPlan::read(directory);
  Expected<DriverPlan> after = DriverPlan::parse(plan, kPlanFile);
  const bool isKept = before && after && before->packed &&
                      before->fingerprint == after->fingerprint &&
                      (*list)->getBuffer().starts_with(
                          (kChecksumTitle + after->fingerprint + " ").str()) &&
                      // That of a package lists the driver, which changes.
                      !(*list)->getBuffer().contains(
                          (" " + StringRef(after->driver) + "\n").str());
  if (isKept) {
    after->packed = before->packed;
    plan = after->print();
  }
  consumeError(before.takeError());
  consumeError(after.takeError());
  return isKept;
}
