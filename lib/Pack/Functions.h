//===- Functions.h - Activation functions, the same everywhere ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C library's functions differ between machines in the last bit, which
// could make another table of the same activation. These consist of operations
// that IEEE 754 defines to the last bit.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_FUNCTIONS_H
#define DLAVM_LIB_PACK_FUNCTIONS_H

namespace dlavm::exactly {

// Errors of some 1e-15, relative for exp, absolute for the others.
double exp(double x);
double erf(double x);

double silu(double x);
double gelu(double x);
double tanh(double x);
double sigmoid(double x);

} // namespace dlavm::exactly

#endif // DLAVM_LIB_PACK_FUNCTIONS_H
