//===- SparseMemory.h - Large arrays of which little is used -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_SIMULATOR_SPARSEMEMORY_H
#define DLAVM_LIB_SIMULATOR_SPARSEMEMORY_H

#include <cstdint>
#include <utility>

#include <sys/mman.h>

namespace dlavm {

/// Zeros that take memory where they are written for the first time.
template <typename T> class SparseArray {
public:
  SparseArray() = default;
  /// data() is null if the system refuses that much address space.
  explicit SparseArray(int64_t count) : bytes(count * sizeof(T)) {
    void *place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place != MAP_FAILED)
      elements = static_cast<T *>(place);
  }
  SparseArray(SparseArray &&other) noexcept { swap(other); }
  SparseArray &operator=(SparseArray &&other) noexcept {
    swap(other);
    return *this;
  }
  ~SparseArray() {
    if (elements)
      munmap(elements, bytes);
  }

  T *data() const { return elements; }
  T &operator[](int64_t index) const { return elements[index]; }

private:
  void swap(SparseArray &other) {
    std::swap(elements, other.elements);
    std::swap(bytes, other.bytes);
  }

  T *elements = nullptr;
  uint64_t bytes = 0;
};

} // namespace dlavm

#endif // DLAVM_LIB_SIMULATOR_SPARSEMEMORY_H
