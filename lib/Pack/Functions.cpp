//===- Functions.cpp - Activation functions, the same everywhere ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Functions.h"

#include <cmath>
#include <limits>

using namespace dlavm;

double exactly::exp(double x) {
  if (x > 709)
    return std::numeric_limits<double>::infinity();
  if (x < -745)
    return 0;
  // x = n * ln 2 + r; the upper part of ln 2 has so few bits that its product
  // with n is exact.
  constexpr double ln2High = 0x1.62e42fee00000p-1;
  constexpr double ln2Low = 0x1.a39ef35793c76p-33;
  constexpr double inverse = 0x1.71547652b82fep+0;
  const double n = std::floor(x * inverse + 0.5);
  const double r = (x - n * ln2High) - n * ln2Low;
  // The Taylor series: |r| <= 0.35, whose 14th term is below 2^-56.
  double sum = 1;
  for (int i = 14; i > 0; --i)
    sum = 1 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

double exactly::erf(double x) {
  if (std::fabs(x) > 6)
    return x > 0 ? 1 : -1;
  // 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n + 1) / (1 * 3 * ... *
  // (2n + 1)): all terms have the same sign.
  constexpr double factor = 0x1.20dd750429b6dp+0;
  double term = x, sum = x;
  for (int n = 1; std::fabs(term) > 1e-18 * std::fabs(sum); ++n) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return factor * exp(-x * x) * sum;
}

double exactly::sigmoid(double x) { return 1 / (1 + exp(-x)); }
double exactly::silu(double x) { return x * sigmoid(x); }
double exactly::tanh(double x) { return 2 * sigmoid(2 * x) - 1; }
double exactly::gelu(double x) {
  constexpr double inverseSqrt2 = 0x1.6a09e667f3bcdp-1;
  return 0.5 * x * (1 + erf(x * inverseSqrt2));
}
