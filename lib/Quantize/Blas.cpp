//===- Blas.cpp - Products of matrices, with threads ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Blas.h"

#include <cblas.h>

#include <mutex>

// LAPACK has no header in Debian's package of OpenBLAS.
extern "C" {
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda,
             int *info);
void dtrtri_(const char *uplo, const char *diag, const int *n, double *a,
             const int *lda, int *info);
}

using namespace dlavm;
using namespace dlavm::quantize;

/// Lets nobody else into OpenBLAS: Debian's serial build looks for a free
/// buffer without a lock, so two threads may get the same one. The build with
/// threads does without, if it starts none of its own.
static std::unique_lock<std::mutex> enter() {
  static std::mutex mutex;
  static const bool isSafe = [] {
    openblas_set_num_threads(1);
    return openblas_get_parallel() == OPENBLAS_THREAD;
  }();
  return isSafe ? std::unique_lock<std::mutex>()
                : std::unique_lock<std::mutex>(mutex);
}

template <typename Float>
static CBLAS_TRANSPOSE getTranspose(MatrixRef<Float> matrix) {
  return matrix.isTransposed ? CblasTrans : CblasNoTrans;
}

void quantize::multiply(int64_t m, int64_t n, int64_t k, double alpha,
                        MatrixRef<const double> left,
                        MatrixRef<const double> right, double beta,
                        MatrixRef<double> result) {
  const std::unique_lock<std::mutex> lock = enter();
  cblas_dgemm(CblasRowMajor, getTranspose(left), getTranspose(right),
              static_cast<int>(m), static_cast<int>(n), static_cast<int>(k),
              alpha, left.elements, static_cast<int>(left.stride),
              right.elements, static_cast<int>(right.stride), beta,
              result.elements, static_cast<int>(result.stride));
}

void quantize::multiply(int64_t m, int64_t n, int64_t k, float alpha,
                        MatrixRef<const float> left,
                        MatrixRef<const float> right, float beta,
                        MatrixRef<float> result) {
  const std::unique_lock<std::mutex> lock = enter();
  cblas_sgemm(CblasRowMajor, getTranspose(left), getTranspose(right),
              static_cast<int>(m), static_cast<int>(n), static_cast<int>(k),
              alpha, left.elements, static_cast<int>(left.stride),
              right.elements, static_cast<int>(right.stride), beta,
              result.elements, static_cast<int>(result.stride));
}

bool quantize::invertCholesky(double *matrix, int64_t n) {
  const std::unique_lock<std::mutex> lock = enter();
  // The lower triangle in rows is the upper one in LAPACK's columns.
  const int size = static_cast<int>(n);
  int info = 0;
  dpotrf_("U", &size, matrix, &size, &info);
  if (info == 0)
    dtrtri_("U", "N", &size, matrix, &size, &info);
  return info == 0;
}
