//===- Blas.h - Products of matrices, with threads --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_QUANTIZE_BLAS_H
#define DLAVM_LIB_QUANTIZE_BLAS_H

#include <cblas.h>

#include <cstdint>

namespace dlavm::quantize {

/// Lets OpenBLAS compute in the thread that calls it: threads are
/// llvm::parallelFor's. To be called before anything else of it.
void useCallersThread();

/// Replaces the lower triangle of a row-major matrix A = L L^T of size \p n by
/// the inverse of L. False if A is not positive definite.
bool invertCholesky(double *matrix, int64_t n);

/// result -= or += left * right, row-major: [m, k] x [k, n].
inline void addProduct(double factor, const double *left, int64_t leftStride,
                       const double *right, int64_t rightStride, double *result,
                       int64_t resultStride, int64_t m, int64_t n, int64_t k) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(m),
              static_cast<int>(n), static_cast<int>(k), factor, left,
              static_cast<int>(leftStride), right,
              static_cast<int>(rightStride), 1, result,
              static_cast<int>(resultStride));
}

} // namespace dlavm::quantize

#endif // DLAVM_LIB_QUANTIZE_BLAS_H
