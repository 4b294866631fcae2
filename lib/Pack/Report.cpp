//===- Report.cpp - What rounding has done --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/PackDirectory.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

namespace {
/// All layers of a parameter.
struct Summary {
  QuantizationError all;
  const PackReport::Matrix *worst = nullptr;
  int64_t layers = 0;
};
} // namespace

std::string PackReport::describeLoss() const {
  QuantizationError total;
  const Matrix *first = nullptr;
  for (const Matrix &matrix : matrices) {
    total.add(matrix.error);
    if (!first && matrix.error.vanishedBlocks + matrix.error.outlierBlocks > 0)
      first = &matrix;
  }
  if (!first)
    return "";
  return formatv("{0} blocks of 128 weights become zeros, and {1} all but for "
                 "one large weight, the first in '{2}' of layer {3}",
                 total.vanishedBlocks, total.outlierBlocks, first->parameter,
                 first->layer);
}

std::string dlavm::printReport(const PackReport &report, ScaleChoice choice) {
  MapVector<StringRef, Summary> parameters;
  QuantizationError total;
  for (const PackReport::Matrix &matrix : report.matrices) {
    Summary &summary = parameters[matrix.parameter];
    summary.all.add(matrix.error);
    ++summary.layers;
    if (!summary.worst ||
        matrix.error.getRelative() > summary.worst->error.getRelative())
      summary.worst = &matrix;
    total.add(matrix.error);
  }
  std::string text;
  raw_string_ostream os(text);
  os << "Weights rounded to INT4, the scale of a block of 128 input channels "
        "by "
     << (choice == ScaleChoice::Search ? "search" : "absmax") << "\n"
     << "(relative: root mean square of the errors over that of the "
        "weights)\n\n"
     << formatv("{0,-28} {1,8} {2,12} {3,12} {4,12}\n", "parameter", "relative",
                "worst layer", "relative", "largest");
  for (auto &[name, summary] : parameters) {
    const std::string layer =
        summary.layers > 1 ? std::to_string(summary.worst->layer) : "-";
    os << formatv("{0,-28} {1,8:P2} {2,12} {3,12:P2} {4,12:E2}\n", name,
                  summary.all.getRelative(), layer,
                  summary.worst->error.getRelative(), summary.all.largest);
  }
  os << formatv("{0,-28} {1,8:P2} {2,12} {3,12} {4,12:E2}\n", "all",
                total.getRelative(), "", "", total.largest);
  if (total.vanishedBlocks > 0 || total.outlierBlocks > 0)
    os << formatv("\n{0} blocks became zeros; in {1}, one weight is so large "
                  "that all others became zeros\n",
                  total.vanishedBlocks, total.outlierBlocks);
  for (auto &[name, summary] : parameters)
    if (summary.all.vanishedBlocks > 0 || summary.all.outlierBlocks > 0)
      os << formatv("{0,-28} {1,8} {2,12}\n", name, summary.all.vanishedBlocks,
                    summary.all.outlierBlocks);
  os << formatv("\n{0,-28} {1,8} {2,12} {3,12}\n", "tensor", "layer",
                "relative", "largest");
  auto getLayer = [&](const PackReport::Matrix &matrix) {
    return parameters[matrix.parameter].layers > 1
               ? std::to_string(matrix.layer)
               : std::string("-");
  };
  for (const PackReport::Matrix &matrix : report.matrices)
    os << formatv("{0,-28} {1,8} {2,12:P2} {3,12:E2}\n", matrix.parameter,
                  getLayer(matrix), matrix.error.getRelative(),
                  matrix.error.largest);
  if (total.exactBlocks > 0 || total.refittedBlocks > 0) {
    os << formatv("\nOf the checkpoint's INT4 codes, {0} blocks stay as they "
                  "are; {1} are fitted anew\n\n{2,-28} {3,8} {4,12} {5,12} "
                  "{6,12}\n",
                  total.exactBlocks, total.refittedBlocks, "tensor", "layer",
                  "as they are", "fitted anew", "relative");
    for (const PackReport::Matrix &matrix : report.matrices)
      if (matrix.error.exactBlocks > 0 || matrix.error.refittedBlocks > 0)
        os << formatv("{0,-28} {1,8} {2,12} {3,12} {4,12:P2}\n",
                      matrix.parameter, getLayer(matrix),
                      matrix.error.exactBlocks, matrix.error.refittedBlocks,
                      matrix.error.getRelative());
  }
  for (const PackReport::Table &table : report.tables)
    os << formatv("\n{0}: 15 straight segments, at most {1:F5} from {2}\n",
                  table.object, table.maxError, table.function);
  return text;
}
