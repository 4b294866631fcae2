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
#include "host/Package/HostSource.h"
#include "host/Package/RunScript.h"

#include <map>
#include <vector>

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

/// The checksum of the program cksum.
class PosixChecksum {
public:
  void update(const void *data, size_t size) {
    const auto *next = static_cast<const unsigned char *>(data);
    bytes += size;
    for (size_t i = 0; i < size; ++i)
      add(next[i]);
  }
  /// A line of the program's output.
  std::string print(const std::string &name) {
    const uint64_t size = bytes;
    for (uint64_t left = size; left > 0; left >>= 8)
      add(left & 255);
    return std::to_string(~crc) + " " + std::to_string(size) + " " + name +
           "\n";
  }

private:
  void add(uint32_t byte) {
    crc ^= byte << 24;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
  }

  uint32_t crc = 0;
  uint64_t bytes = 0;
};

class PackageWriter {
public:
  PackageWriter(const CompiledDriver &driver, const std::string &program);
  Package write(const std::string &output);

private:
  void addModelFile(const std::string &name, const Checksum *listed = nullptr);
  void addChecksums(const std::vector<std::string> &unlisted);
  void addProgram(const std::string &program);
  /// Hands over the content in pieces.
  template <typename Sink>
  void readFile(const PackagedFile &file, uint64_t bytes, Sink sink);
  void writeFile(Archive &archive, const std::string &name,
                 const PackagedFile &file);

  const std::string &directory;
  const uint64_t fingerprint;
  dlavm::detail::Checksums checksums;
  dlavm::detail::Buffer buffer{size_t{1} << 20};
  /// By their place in the archive.
  std::map<std::string, PackagedFile> files;
  std::string checksumLines, programSums;
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
      fingerprint(driver.getPlan().fingerprint),
      checksums(directory, fingerprint) {
  package.name = driver.getPlan().namespaceName;
  std::vector<std::string> unlisted;
  for (const std::string &name :
       {std::string("dlavm_runtime.h"), std::string("plan.json"),
        driver.getPlan().driver})
    if (!checksums.find(name))
      unlisted.push_back(name);
  for (const std::string &name : unlisted)
    addModelFile(name);
  for (const Checksum &sum : checksums)
    addModelFile(sum.name, &sum);
  addChecksums(unlisted);
  addProgram(program);
}

/// As in the directory, and with the files that only a package lists: there
/// they change with each compilation, here never.
void PackageWriter::addChecksums(const std::vector<std::string> &unlisted) {
  // By name, so that a package of a package is the same.
  std::map<std::string, std::string> lines;
  auto addLine = [&](uint64_t hash, uint64_t bytes, const std::string &name) {
    lines[name] = std::string(dlavm::detail::to_hex(hash).c_str()) + " " +
                  std::to_string(bytes) + " " + name + "\n";
  };
  for (const Checksum &sum : checksums)
    addLine(sum.hash, sum.bytes, sum.name);
  for (const std::string &name : unlisted) {
    const std::string path = directory + "/" + name;
    uint64_t bytes = 0;
    if (const char *why = dlavm::detail::get_size(path, bytes))
      throw Error(path + " cannot be read: " + why);
    dlavm::detail::Hash64 hash;
    readFile({path, {}}, bytes,
             [&](const void *data, size_t size) { hash.update(data, size); });
    addLine(hash.get(), bytes, name);
  }
  for (const auto &[name, line] : lines)
    checksumLines += line;
  dlavm::detail::Hash64 hash;
  hash.update(checksumLines.data(), checksumLines.size());
  checksumLines = std::string("dlavm-parameters 2 ") +
                  dlavm::detail::to_hex(fingerprint).c_str() + " " +
                  dlavm::detail::to_hex(hash.get()).c_str() + "\n" +
                  checksumLines;
  files[package.name + "/model/checksums.txt"].text = checksumLines;
}

/// The program, its source, and what says whether both are whole.
void PackageWriter::addProgram(const std::string &program) {
  std::map<std::string, PackagedFile> added;
  added["dlavm-host"] = {program, {}, true, nullptr};
  size_t count = 0;
  const SourceFile *source = getHostSource(count);
  for (size_t i = 0; i < count; ++i)
    added["source/" + std::string(source[i].path)].text = source[i].text;
  for (const auto &[name, file] : added) {
    PosixChecksum sum;
    if (file.source.empty()) {
      sum.update(file.text.data(), file.text.size());
    } else {
      uint64_t bytes = 0;
      dlavm::detail::get_size(file.source, bytes);
      readFile(file, bytes,
               [&](const void *data, size_t size) { sum.update(data, size); });
    }
    programSums += sum.print(name);
    files[package.name + "/" + name] = file;
  }
  files[package.name + "/run.sh"] = {"", getRunScript(), true, nullptr};
  files[package.name + "/program.cksum"].text = programSums;
}

template <typename Sink>
void PackageWriter::readFile(const PackagedFile &file, uint64_t bytes,
                             Sink sink) {
  dlavm::detail::File in(file.source);
  for (uint64_t left = bytes; left > 0;) {
    const size_t piece = std::min<uint64_t>(left, buffer.size());
    if (!in.read(buffer.data(), piece))
      throw Error(file.source + " cannot be read");
    sink(buffer.data(), piece);
    left -= piece;
  }
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
  dlavm::detail::Hash64 hash;
  readFile(file, bytes, [&](const void *data, size_t size) {
    hash.update(data, size);
    archive.write(data, size);
  });
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
