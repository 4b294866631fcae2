//===- Blas.cpp - Products of matrices, with threads ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Blas.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>

// LAPACK has no header in Debian's package of OpenBLAS.
extern "C" {
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda,
             int *info);
void dtrtri_(const char *uplo, const char *diag, const int *n, double *a,
             const int *lda, int *info);
}

using namespace dlavm;

void quantize::useCallersThread() { openblas_set_num_threads(1); }

bool quantize::invertCholesky(double *matrix, int64_t n) {
  // The lower triangle in rows is the upper one in LAPACK's columns.
  const int size = static_cast<int>(n);
  int info = 0;
  dpotrf_("U", &size, matrix, &size, &info);
  if (info == 0)
    dtrtri_("U", "N", &size, matrix, &size, &info);
  return info == 0;
}
