//===- XdmaFiles.h - The nodes of a card as files ---------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVM_BOARD_XDMAFILES_H
#define DLAVM_TOOLS_DLAVM_BOARD_XDMAFILES_H

#include "DLAVM/Board/SimulatedCard.h"

namespace dlavm {

/// Offers the card below the directory \p mountPoint as the XDMA driver does
/// below /dev: xdma0_user, xdma0_h2c_0 to 3 and xdma0_c2h_0 to 3. Prints
/// "ready" when they are there, and findings as they come. Returns the exit
/// code when the file system is unmounted or a signal ends it.
int serveXdmaFiles(SimulatedCard &card, const std::string &mountPoint);

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVM_BOARD_XDMAFILES_H
