//===- Logits.h - Passes over logits ----------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_LOGITS_H
#define DLAVM_HOST_CHAT_LOGITS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dlavm::host {

/// Values in groups, with the maximum of each: what is large is found without
/// looking at all the others again. Refers to the values.
class GroupMaxima {
public:
  explicit GroupMaxima(const std::vector<float> &values);

  /// Of each group; none where there is no value.
  const std::vector<float> &get() const { return maxima; }
  /// Of all values, of which there must be one.
  float getLargest() const;

  size_t getSize(size_t group) const;
  /// The index of a value of a group, which ascends with \p position.
  size_t getIndex(size_t group, size_t position) const {
    return group / kLanes * kChunk + position * kLanes + group % kLanes;
  }

  /// Calls \p visit(index) with all values that are at least \p least, in no
  /// order.
  template <typename Visit> void visit(float least, Visit visit) const {
    for (size_t group = 0; group < maxima.size(); ++group) {
      if (maxima[group] < least)
        continue;
      for (size_t i = 0, end = getSize(group); i < end; ++i) {
        const size_t index = getIndex(group, i);
        if (values[index] >= least)
          visit(index);
      }
    }
  }

private:
  // A chunk has a group for each lane of vectors, so that maxima are found
  // without looking across lanes.
  static constexpr size_t kLanes = 16, kRows = 128, kChunk = kLanes * kRows;

  const std::vector<float> &values;
  std::vector<float> maxima;
};

/// The index of the largest value, the first of several.
size_t findLargest(const GroupMaxima &maxima);
size_t findLargest(const std::vector<float> &values);

/// The indices of the \p count largest values, in ascending order; of equal
/// values, the first are taken.
std::vector<int32_t> selectLargest(const std::vector<float> &values,
                                   const GroupMaxima &maxima, size_t count);
std::vector<int32_t> selectLargest(const std::vector<float> &values,
                                   size_t count);
/// The same, the index of the largest first.
std::vector<int32_t> sortLargest(const std::vector<float> &values,
                                 size_t count);

/// Makes each value e to the power of (value - \p largest) * \p scale, which is
/// exactly 1 for \p largest, with a relative error below 1e-6. What is below
/// e to the power of -87 may be 0, below -88 it is. No value may be larger than
/// \p largest. The same on every machine.
void exponentiate(std::vector<float> &values, float largest, float scale);

/// Makes 0 of the weights, of which the largest is 1, but for the fewest that
/// have \p part of their sum; one remains always. Of equal ones, the first
/// stay.
void keepMostOf(std::vector<float> &weights, double part);

/// How many values of sumBlocks a sum has.
constexpr size_t kBlockValues = 512;

/// The sums of blocks of values, the same on every machine.
std::vector<double> sumBlocks(const std::vector<float> &values);

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_LOGITS_H
