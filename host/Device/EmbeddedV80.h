//===- EmbeddedV80.h - Headers that V80 devices are compiled with -*- C++
//-*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DEVICE_EMBEDDEDV80_H
#define DLAVM_HOST_DEVICE_EMBEDDEDV80_H

#include <string_view>

namespace dlavm::host {

// The headers of runtime/.
std::string_view getBoardHeader();
std::string_view getV80Header();
std::string_view getV80WriteBinHeader();
std::string_view getV80Host2FPGAHeader();

} // namespace dlavm::host

#endif // DLAVM_HOST_DEVICE_EMBEDDEDV80_H
