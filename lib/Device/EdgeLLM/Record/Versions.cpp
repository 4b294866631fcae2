//===- Versions.cpp - What older versions of edgellm change ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the newest to the oldest, each as its differences from the one after it.
// Sections named in comments are those of the document of the versions.
//
//===----------------------------------------------------------------------===//

#include "Record.h"

using namespace dlavm;
using namespace dlavm::edgellm;

/// The scale of the attention products is FP16 (section 4).
static void to20240923(DeviceInfo &device) {
  device.setParameter("sCONV_OUT_DW", 16);
  device.setParameter("DAT_BRAM_DEPTH", 8192);
  device.setParameter("WT_BRAM_DEPTH", 1024);
  for (TaskKind kind : {TaskKind::Scores, TaskKind::Values}) {
    RegisterTable &table = device.addTask(kind).registers;
    Register scale = table.get("BankStepAndScale");
    scale.meaning = "distance between HBM ports (log2 bytes) and FP16 scale";
    scale.fields = {{"BankStep", 16, 16}, {"Scale", 0, 16}};
    table.replace(scale);
  }
}

static void to20240912(DeviceInfo &device) {
  device.setParameter("DAT_BRAM_DEPTH", 4096);
  device.setParameter("WT_BRAM_DEPTH", 2048);
}

llvm::ArrayRef<OlderVersion> edgellm::getOlderVersions() {
  static const OlderVersion versions[] = {{"20240923", to20240923},
                                          {"20240912", to20240912}};
  return versions;
}
