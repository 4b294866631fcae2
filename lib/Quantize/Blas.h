//===- Blas.h - Products of matrices, with threads --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_QUANTIZE_BLAS_H
#define DLAVM_LIB_QUANTIZE_BLAS_H

#include <cstdint>

namespace dlavm::quantize {

/// A row-major matrix, of which \p stride elements lie between rows.
template <typename Float> struct MatrixRef {
  Float *elements;
  int64_t stride;
  bool isTransposed = false;
};

// result [m, n] = beta * result + alpha * left [m, k] * right [k, n], where the
// sizes are those after transposing. OpenBLAS computes one product at a time.
// Safe to call from several threads.

void multiply(int64_t m, int64_t n, int64_t k, double alpha,
              MatrixRef<const double> left, MatrixRef<const double> right,
              double beta, MatrixRef<double> result);
void multiply(int64_t m, int64_t n, int64_t k, float alpha,
              MatrixRef<const float> left, MatrixRef<const float> right,
              float beta, MatrixRef<float> result);

/// Replaces the lower triangle of a row-major matrix A = L L^T of size \p n by
/// the inverse of L. False if A is not positive definite.
bool invertCholesky(double *matrix, int64_t n);

} // namespace dlavm::quantize

#endif // DLAVM_LIB_QUANTIZE_BLAS_H
