//===- Blas.cpp - Products of matrices, with threads ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Blas.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

// BLIS may be called by several threads at once; Debian's OpenBLAS either may
// not, or starts threads of its own with every program.
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace dlavm;
using namespace dlavm::quantize;

static constexpr int64_t kPanel = 256;

void quantize::forPanels(
    int64_t size, llvm::function_ref<void(int64_t first, int64_t count)> work) {
  llvm::parallelFor(0, llvm::divideCeil(size, kPanel), [&](size_t panel) {
    const int64_t first = static_cast<int64_t>(panel) * kPanel;
    work(first, std::min(kPanel, size - first));
  });
}

template <typename Float>
static CBLAS_TRANSPOSE getTranspose(MatrixRef<Float> matrix) {
  return matrix.isTransposed ? CblasTrans : CblasNoTrans;
}

void quantize::multiply(int64_t m, int64_t n, int64_t k, double alpha,
                        MatrixRef<const double> left,
                        MatrixRef<const double> right, double beta,
                        MatrixRef<double> result) {
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
  cblas_sgemm(CblasRowMajor, getTranspose(left), getTranspose(right),
              static_cast<int>(m), static_cast<int>(n), static_cast<int>(k),
              alpha, left.elements, static_cast<int>(left.stride),
              right.elements, static_cast<int>(right.stride), beta,
              result.elements, static_cast<int>(result.stride));
}

/// Replaces the lower triangle of a small matrix A = L L^T by L, and writes the
/// inverse of L, with zeros above the diagonal. False if A is not positive
/// definite.
static bool factorize(MatrixRef<double> a, int64_t n, double *inverse) {
  for (int64_t i = 0; i < n; ++i) {
    double *row = a.elements + i * a.stride;
    double *out = inverse + i * n;
    for (int64_t j = 0; j <= i; ++j) {
      const double *other = a.elements + j * a.stride;
      double rest = row[j];
      for (int64_t k = 0; k < j; ++k)
        rest -= row[k] * other[k];
      if (j < i)
        row[j] = rest / other[j];
      else if (rest > 0 && std::isfinite(rest))
        row[j] = std::sqrt(rest);
      else
        return false;
    }
    // Row i of L times the inverse is row i of the identity matrix.
    std::fill_n(out, n, 0.0);
    for (int64_t k = 0; k < i; ++k)
      for (int64_t j = 0; j <= k; ++j)
        out[j] -= row[k] * inverse[k * n + j];
    for (int64_t j = 0; j < i; ++j)
      out[j] /= row[i];
    out[i] = 1 / row[i];
  }
  return true;
}

/// Replaces [rows, size] by its product with \p right [size, size].
static void multiplyInPlace(MatrixRef<double> matrix, int64_t rows,
                            int64_t size, MatrixRef<const double> right) {
  std::vector<double> copy(rows * size);
  for (int64_t row = 0; row < rows; ++row)
    std::copy_n(matrix.elements + row * matrix.stride, size, &copy[row * size]);
  multiply(rows, size, size, 1.0, {copy.data(), size}, right, 0.0, matrix);
}

bool quantize::invertCholesky(double *matrix, int64_t n) {
  auto at = [&](int64_t row, int64_t column) -> MatrixRef<double> {
    return {matrix + row * n + column, n};
  };
  auto in = [&](int64_t row, int64_t column,
                bool isTransposed = false) -> MatrixRef<const double> {
    return {matrix + row * n + column, n, isTransposed};
  };
  const int64_t blocks = llvm::divideCeil(n, kPanel);
  auto getSize = [&](int64_t first) { return std::min(kPanel, n - first); };
  // The inverses of the blocks on the diagonal of L.
  std::vector<std::vector<double>> inverses(blocks);

  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = block * kPanel, size = getSize(begin);
    const int64_t end = begin + size;
    inverses[block].resize(size * size);
    if (!factorize(at(begin, begin), size, inverses[block].data()))
      return false;
    // The blocks below.
    forPanels(n - end, [&](int64_t first, int64_t count) {
      multiplyInPlace(at(end + first, begin), count, size,
                      {inverses[block].data(), size, /*isTransposed=*/true});
    });
    // What remains of A.
    forPanels(n - end, [&](int64_t first, int64_t count) {
      multiply(count, first + count, size, -1.0, in(end + first, begin),
               in(end, begin, /*isTransposed=*/true), 1.0,
               at(end + first, end));
    });
  }

  // X = inverse of L, row after row of blocks: L_ii X_ij is minus the sum of
  // L_ik X_kj over j <= k < i.
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = block * kPanel, size = getSize(begin);
    std::vector<double> row(size * begin);
    for (int64_t i = 0; i < size; ++i)
      std::copy_n(matrix + (begin + i) * n, begin, row.data() + i * begin);
    forPanels(begin, [&](int64_t first, int64_t count) {
      std::vector<double> sum(size * count);
      multiply(size, count, begin - first, -1.0, {row.data() + first, begin},
               in(first, first), 0.0, {sum.data(), count});
      multiply(size, count, size, 1.0, {inverses[block].data(), size},
               {sum.data(), count}, 0.0, at(begin, first));
    });
    for (int64_t i = 0; i < size; ++i)
      std::copy_n(&inverses[block][i * size], size,
                  matrix + (begin + i) * n + begin);
  }
  return true;
}
