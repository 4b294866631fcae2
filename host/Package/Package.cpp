//===- Package.cpp - A driver with all that runs it -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Package/Package.h"

#include "host/Driver/CompiledDriver.h"
#include "host/Package/Archive.h"
#include "host/Package/RunScript.h"

#include <map>

using namespace dlavm::host;
using dlavm::Error;
using dlavm::detail::Checksum;

static const char kSuffix[] = ".tar.zst";

namespace {

/// A file of the package: one of the host, or a text.
struct PackagedFile {
  std::string source;
  std::string_view text;
  bool isExecutable = false;
  /// Its line of checksums.txt, if it has one.
  const Checksum *listed = nullptr;
};

class PackageWriter {
public:
  PackageWriter(const CompiledDriver &driver, const std::string &program);
  Package write(const std::string &output);

private:
  void addModelFile(const std::string &name, const Checksum *listed = nullptr);
  void writeFile(Archive &archive, const std::string &name,
                 const PackagedFile &file);

  const std::string &directory;
  dlavm::detail::Checksums checksums;
  dlavm::detail::Buffer buffer{size_t{1} << 20};
  /// By their place in the archive.
  std::map<std::string, PackagedFile> files;
  Package package;
};

} // namespace

void PackageWriter::addModelFile(const std::string &name,
                                 const Checksum *listed) {
  PackagedFile &file = files[package.name + "/model/" + name];
  file.source = directory + "/" + name;
  file.listed = listed;
}

PackageWriter::PackageWriter(const CompiledDriver &driver,
                             const std::string &program)
    : directory(driver.getDirectory()),
      checksums(directory, driver.getPlan().fingerprint) {
  package.name = driver.getPlan().namespaceName;
  for (const char *name : {"checksums.txt", "dlavm_runtime.h", "plan.json"})
    addModelFile(name);
  addModelFile(driver.getPlan().driver);
  for (const Checksum &sum : checksums)
    addModelFile(sum.name, &sum);
  files[package.name + "/dlavm-host"] = {program, {}, true, nullptr};
  files[package.name + "/run.sh"] = {"", getRunScript(), true, nullptr};
}

void PackageWriter::writeFile(Archive &archive, const std::string &name,
                              const PackagedFile &file) {
  ++package.files;
  if (file.source.empty()) {
    archive.beginFile(name, file.text.size(), file.isExecutable);
    archive.write(file.text.data(), file.text.size());
    package.bytes += file.text.size();
    return;
  }
  uint64_t bytes = 0;
  if (const char *why = dlavm::detail::get_size(file.source, bytes))
    throw Error(file.source + " cannot be read: " + why);
  archive.beginFile(name, bytes, file.isExecutable);
  dlavm::detail::File in(file.source);
  dlavm::detail::Hash64 hash;
  for (uint64_t left = bytes; left > 0;) {
    const size_t piece = std::min<uint64_t>(left, buffer.size());
    if (!in.read(buffer.data(), piece))
      throw Error(file.source + " cannot be read");
    hash.update(buffer.data(), piece);
    archive.write(buffer.data(), piece);
    left -= piece;
  }
  if (file.listed && hash.get() != file.listed->hash)
    throw Error(file.source +
                " does not have the checksum that checksums.txt lists: it has "
                "changed since it was packed; run dlavm pack again");
  package.bytes += bytes;
}

Package PackageWriter::write(const std::string &output) {
  // What is missing is said before gigabytes are written.
  for (const Checksum &sum : checksums)
    dlavm::detail::check_size(directory + "/" + sum.name,
                              "which checksums.txt lists", sum.bytes);
  Archive archive(output);
  for (const auto &[name, file] : files)
    writeFile(archive, name, file);
  archive.commit();
  return package;
}

Package dlavm::host::writePackage(const std::string &directory,
                                  const std::string &program,
                                  const std::string &output) {
  // No file of a driver has such a name, so none is written over.
  const size_t slash = output.rfind('/') + 1, end = sizeof kSuffix - 1;
  if (output.size() <= slash + end ||
      output.compare(output.size() - end, end, kSuffix) != 0)
    throw Error("a package is a " + std::string(kSuffix) +
                " file, but the output is '" + output + "'; name it model" +
                kSuffix);
  uint64_t bytes = 0;
  if (const char *why = dlavm::detail::get_size(program, bytes))
    throw Error(program + ", which a package needs, cannot be read: " + why +
                "; the build of DLAVM makes it beside dlavm");
  return PackageWriter(CompiledDriver(directory), program).write(output);
}
