//===- EventSink.h - Events of a driver's run ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_EVENTSINK_H
#define DLAVM_CHECK_EVENTSINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace dlavm {

/// What a driver does to a device, one call per event. The driver that runs may
/// be an interpreted csb program or compiled driver source.
class EventSink {
public:
  virtual ~EventSink() = default;
  /// The following writes belong to this op; the layer is -1 outside them.
  virtual void task(int32_t layer, llvm::StringRef name) = 0;
  virtual void write(uint32_t reg, uint32_t value) = 0;
  virtual void poll(uint32_t reg, uint32_t value) = 0;
  /// The value of the register, 0 for those who only listen.
  virtual uint32_t read(uint32_t reg) = 0;
  /// DMA to and from absolute addresses. Who only listens has no memory.
  virtual void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {}
  virtual void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) {
    llvm::fill(bytes, 0);
  }
};

/// Stands before a sink or a device: hands all events on to it, and lets
/// classes below see or change some of them.
template <typename Sink = EventSink> class InterposedSink : public Sink {
public:
  /// \p next must outlive it.
  explicit InterposedSink(Sink &next) : next(&next) {}
  /// Hands on to \p newNext from now on.
  void setNext(Sink &newNext) { next = &newNext; }

  void task(int32_t layer, llvm::StringRef name) override {
    next->task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override { next->write(reg, value); }
  void poll(uint32_t reg, uint32_t value) override { next->poll(reg, value); }
  uint32_t read(uint32_t reg) override { return next->read(reg); }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    next->dmaWrite(address, bytes);
  }
  void dmaRead(uint64_t address,
               llvm::MutableArrayRef<uint8_t> bytes) override {
    next->dmaRead(address, bytes);
  }

protected:
  Sink *next;
};

/// Counts the events.
class CountingSink : public EventSink {
public:
  void task(int32_t, llvm::StringRef) override { ++tasks; }
  void write(uint32_t, uint32_t) override { ++writes; }
  void poll(uint32_t, uint32_t) override { ++polls; }
  uint32_t read(uint32_t) override {
    ++reads;
    return 0;
  }
  int64_t getAccesses() const { return writes + polls + reads; }

  int64_t tasks = 0, writes = 0, polls = 0, reads = 0;
};

/// Hands the events, but not what the host reads of memory, to an object with
/// these functions.
template <typename Consumer> class ForwardingSink final : public EventSink {
public:
  explicit ForwardingSink(Consumer &consumer) : consumer(consumer) {}
  void task(int32_t layer, llvm::StringRef name) override {
    consumer.task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override {
    consumer.write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override {
    consumer.poll(reg, value);
  }
  uint32_t read(uint32_t reg) override {
    consumer.read(reg);
    return 0;
  }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    consumer.dmaWrite(address, bytes);
  }

private:
  Consumer &consumer;
};

} // namespace dlavm

#endif // DLAVM_CHECK_EVENTSINK_H
