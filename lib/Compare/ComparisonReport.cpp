//===- ComparisonReport.cpp - Distances as a table and as JSON ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Compare/Comparison.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

double OpDistance::getCosine() const {
  if (expectedSquares == 0 && foundSquares == 0)
    return 1;
  // Where nothing differs, rounding of the sums must not say otherwise.
  if (largestError == 0)
    return 1;
  const double cosine =
      product / std::sqrt(expectedSquares) / std::sqrt(foundSquares);
  // The sign of a NaN means nothing.
  return std::isnan(cosine) ? std::abs(cosine) : cosine;
}

void Comparison::print(raw_ostream &os) const {
  os << "layer  op                        cosine      largest error  "
        "different of elements\n";
  for (const OpDistance &op : getDistances()) {
    if (op.layer >= 0)
      os << format("%5lld", static_cast<long long>(op.layer));
    else
      os << "    -";
    os << "  " << left_justify(op.name, 24)
       << format("%10.7f  %15.6g  ", op.getCosine(), op.largestError)
       << right_justify(std::to_string(op.different), 9) << " of "
       << op.elements << "\n";
  }
}

void Comparison::printJSON(raw_ostream &os) const {
  json::OStream json(os, 2);
  json.object([&] {
    json.attribute("tolerance", tolerance);
    json.attributeArray("ops", [&] {
      for (const OpDistance &op : getDistances())
        json.object([&] {
          json.attribute("layer", op.layer);
          json.attribute("name", op.name);
          json.attribute("computes", op.computes);
          json.attribute("buffer", op.buffer);
          // JSON has no NaN and no infinity.
          auto number = [&](StringRef key, double value) {
            if (std::isfinite(value))
              json.attribute(key, value);
            else
              json.attribute(key, nullptr);
          };
          number("cosine", op.getCosine());
          number("largest_error", op.largestError);
          json.attribute("different", op.different);
          json.attribute("elements", op.elements);
        });
    });
    json.attributeArray("findings", [&] {
      for (const Finding &finding :
           concat<const Finding>(machine.getFindings(), findings))
        json.object([&] {
          json.attribute("seq", finding.seq);
          json.attribute("past", finding.past);
          json.attribute("layer", finding.layer);
          json.attribute("task", finding.task);
          json.attribute("register", finding.reg);
          json.attribute("buffer", finding.buffer);
          json.attribute("message", finding.message);
        });
    });
  });
  os << "\n";
}
