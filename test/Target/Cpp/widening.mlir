// RUN: rm -rf %t && mkdir -p %t
// RUN: dlavm-opt %s --csb-prepare-emission | dlavm-translate --csb-to-cpp -o %t/driver.h
// RUN: FileCheck %s < %t/driver.h
// RUN: echo '#include "driver.h"' > %t/driver.cpp
// RUN: %cxx -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I %runtime %t/driver.cpp

// C++ widens an operand only to the type of the other: what is 64 bits wide here
// must be so there.

csb.register_table @t "t" {
  csb.register @R = 3
}
csb.buffer @b "DDR" at 4096 bytes 64 live [0, 0]
csb.constant @stride = 65536

// CHECK-LABEL: inline void run(dlavm::Device &device, int32_t x, int32_t y) {
func.func @run(%x: i32 loc("x"), %y: i32 loc("y")) {
  %wx = arith.extsi %x : i32 to i64
  %wy = arith.extsi %y : i32 to i64
  %b = csb.address_of @b : i64
  %stride = csb.address_of @stride : i64

  // Addresses have 64 bits.
  // CHECK-NEXT: device.write(t::R, kB + x);
  %0 = arith.addi %b, %wx : i64
  csb.write @t::@R, %0 : i64

  // CHECK-NEXT: device.write(t::R, x * kStride);
  %1 = arith.muli %wx, %stride : i64
  csb.write @t::@R, %1 : i64

  // CHECK-NEXT: device.write(t::R, kB + x * kStride);
  %2 = arith.muli %wx, %stride : i64
  %3 = arith.addi %b, %2 : i64
  csb.write @t::@R, %3 : i64

  // Two that are widened do not widen each other.
  // CHECK-NEXT: device.write(t::R, int64_t{x} * y);
  %4 = arith.muli %wx, %wy : i64
  csb.write @t::@R, %4 : i64

  // CHECK-NEXT: device.write(t::R, int64_t{x} + y);
  %5 = arith.addi %wx, %wy : i64
  csb.write @t::@R, %5 : i64

  // CHECK-NEXT: device.write(t::R, (int64_t{x} - y) * kStride);
  %6 = arith.subi %wx, %wy : i64
  %7 = arith.muli %6, %stride : i64
  csb.write @t::@R, %7 : i64

  // A sum of 32 bits that is widened as a whole.
  // CHECK-NEXT: device.write(t::R, int64_t{x + y} * y);
  %8 = arith.addi %x, %y : i32
  %9 = arith.extsi %8 : i32 to i64
  %10 = arith.muli %9, %wy : i64
  csb.write @t::@R, %10 : i64

  // std::min wants one type.
  // CHECK-NEXT: device.write(t::R, std::min<int64_t>(x, kStride));
  %11 = arith.minsi %wx, %stride : i64
  csb.write @t::@R, %11 : i64

  // CHECK-NEXT: device.write(t::R, std::min(x, y));
  %12 = arith.minsi %x, %y : i32
  csb.write @t::@R, %12 : i32

  // A constant that fits is an int, which widens nothing.
  // CHECK-NEXT: device.write(t::R, int64_t{64} * x);
  // CHECK-NEXT: device.write(t::R, int64_t{x} + 64);
  // CHECK-NEXT: device.write(t::R, 3000000000 * x);
  %c64 = arith.constant 64 : i64
  %large = arith.constant 3000000000 : i64
  %15 = arith.muli %wx, %c64 : i64
  csb.write @t::@R, %15 : i64
  %16 = arith.addi %wx, %c64 : i64
  csb.write @t::@R, %16 : i64
  %17 = arith.muli %wx, %large : i64
  csb.write @t::@R, %17 : i64

  // What is added first stays together: x + y would have 32 bits.
  // CHECK-NEXT: device.write(t::R, x + (y + kB));
  // CHECK-NEXT: device.write(t::R, x + std::min<int64_t>(y, 64));
  %18 = arith.addi %wy, %b : i64
  %19 = arith.addi %wx, %18 : i64
  csb.write @t::@R, %19 : i64
  %20 = arith.minsi %wy, %c64 : i64
  %21 = arith.addi %wx, %20 : i64
  csb.write @t::@R, %21 : i64

  // The least integers have no literals.
  // CHECK-NEXT: device.write(t::R, std::min((-2147483647 - 1), x));
  // CHECK-NEXT: device.write(t::R, (-9223372036854775807 - 1) + x);
  %least = arith.constant -2147483648 : i32
  %22 = arith.minsi %least, %x : i32
  csb.write @t::@R, %22 : i32
  %least64 = arith.constant -9223372036854775808 : i64
  %23 = arith.addi %least64, %wx : i64
  csb.write @t::@R, %23 : i64

  // CHECK-NEXT: const int64_t offset = int64_t{x} * y;
  // CHECK-NEXT: device.write(t::R, kB + offset);
  // CHECK-NEXT: device.write(t::R, offset);
  %13 = arith.muli %wx, %wy : i64 loc("offset")
  %14 = arith.addi %b, %13 : i64
  csb.write @t::@R, %14 : i64
  csb.write @t::@R, %13 : i64
  return
}
