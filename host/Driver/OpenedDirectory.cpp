//===- OpenedDirectory.cpp - A model that is ready to answer --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/OpenedDirectory.h"

using namespace dlavm::host;
using dlavm::Error;

OpenedDirectory dlavm::host::openDirectory(const std::string &directory,
                                           const std::string &on,
                                           const std::vector<DeviceKind> &kinds,
                                           bool load) {
  OpenedDirectory opened;
  opened.directory = directory;
  opened.driver = std::make_unique<CompiledDriver>(directory);
  const Plan &plan = opened.driver->getPlan();
  opened.name = plan.namespaceName;
  opened.maxTokens = plan.maxTokens;
  opened.endTokens = plan.endTokens;
  if (!dlavm::detail::exists(directory + "/checksums.txt"))
    throw Error(directory + " has no complete set of parameter files; run "
                            "dlavm pack, which writes it");
  if (Tokenizer::isIn(directory))
    opened.tokenizer = Tokenizer::open(directory);
  opened.device = openDevice(kinds, on, plan);
  opened.model = std::make_unique<DriverModel>(*opened.driver, *opened.device);
  if (load)
    opened.model->load();
  return opened;
}
