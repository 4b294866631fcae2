//===- PackageCommand.cpp - dlavm package ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Command.h"
#include "host/Package/Package.h"

#include <filesystem>
#include <iostream>

using namespace dlavm::host;

namespace dlavm {
void addPackageCommand(CLI::App &command, CommandContext &context);
} // namespace dlavm

static int run(const std::string &directory, const std::string &output) {
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe");
  const Package package =
      writePackage(directory, self.parent_path() / "dlavm-host", output);
  if (!Tokenizer::isIn(directory))
    printNote("there is no tokenizer, which chat and serve need, in " +
              directory);
  std::cout << output << ": " << package.name << ", " << package.files
            << " files, " << package.bytes << " bytes before compression\n";
  return 0;
}

void dlavm::addPackageCommand(CLI::App &command, CommandContext &context) {
  struct Arguments {
    std::string directory, output;
  };
  const auto arguments = std::make_shared<Arguments>();
  command
      .add_option("DIR", arguments->directory,
                  "a directory that dlavm compile and dlavm pack wrote")
      ->required();
  command
      .add_option("-o", arguments->output,
                  "the package, a .tar.zst, which run.sh in it explains")
      ->required()
      ->type_name("FILE");
  command.callback([arguments, &context] {
    context.run = [arguments] {
      return run(arguments->directory, arguments->output);
    };
  });
}
