//===- Blas.h - Products of matrices, with threads --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_QUANTIZE_BLAS_H
#define DLAVM_LIB_QUANTIZE_BLAS_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace dlavm::quantize {

/// A row-major matrix, of which \p stride elements lie between rows.
template <typename Float> struct MatrixRef {
  Float *elements;
  int64_t stride;
  bool isTransposed = false;
};

/// Calls \p work with the first index and the size of each piece of \p size,
/// in several threads. The pieces are always the same, so results do not depend
/// on the number of threads.
void forPanels(int64_t size,
               llvm::function_ref<void(int64_t first, int64_t count)> work);

// result [m, n] = beta * result + alpha * left [m, k] * right [k, n], where the
// sizes are those after transposing, by one thread. Safe to call from several.

void multiply(int64_t m, int64_t n, int64_t k, double alpha,
              MatrixRef<const double> left, MatrixRef<const double> right,
              double beta, MatrixRef<double> result);
void multiply(int64_t m, int64_t n, int64_t k, float alpha,
              MatrixRef<const float> left, MatrixRef<const float> right,
              float beta, MatrixRef<float> result);

/// Replaces the lower triangle of a row-major matrix A = L L^T of size \p n by
/// the inverse of L; what is above the diagonal loses its values. False if A is
/// not positive definite.
bool invertCholesky(double *matrix, int64_t n);

} // namespace dlavm::quantize

#endif // DLAVM_LIB_QUANTIZE_BLAS_H
