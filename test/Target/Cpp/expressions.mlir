// RUN: rm -rf %t && mkdir -p %t
// RUN: dlavm-opt %s --csb-prepare-emission | dlavm-translate --csb-to-cpp -o %t/driver.h
// RUN: FileCheck %s < %t/driver.h
// RUN: echo '#include "driver.h"' > %t/driver.cpp
// RUN: %cxx -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I %runtime %t/driver.cpp

// Expressions have the parentheses that they need and no others.

csb.register_table @t "t" {
  csb.register @R = 3
}
csb.buffer @b "DDR" at 4096 bytes 64 live [0, 0]

// CHECK-LABEL: inline void run(dlavm::Device &device, int32_t a, int32_t b, int32_t c) {
func.func @run(%a: i32 loc("a"), %b: i32 loc("b"), %c: i32 loc("c")) {
  %c7 = arith.constant 7 : i32

  // CHECK-NEXT: device.write(t::R, a + b + c);
  %0 = arith.addi %a, %b : i32
  %1 = arith.addi %0, %c : i32
  csb.write @t::@R, %1 : i32

  // CHECK-NEXT: device.write(t::R, a + (b + c));
  %35 = arith.addi %b, %c : i32
  %36 = arith.addi %a, %35 : i32
  csb.write @t::@R, %36 : i32

  // CHECK-NEXT: device.write(t::R, a - b - c);
  %2 = arith.subi %a, %b : i32
  %3 = arith.subi %2, %c : i32
  csb.write @t::@R, %3 : i32

  // CHECK-NEXT: device.write(t::R, a - (b - c));
  %4 = arith.subi %b, %c : i32
  %5 = arith.subi %a, %4 : i32
  csb.write @t::@R, %5 : i32

  // CHECK-NEXT: device.write(t::R, a - (b + c));
  %6 = arith.addi %b, %c : i32
  %7 = arith.subi %a, %6 : i32
  csb.write @t::@R, %7 : i32

  // CHECK-NEXT: device.write(t::R, a + b * c);
  %8 = arith.muli %b, %c : i32
  %9 = arith.addi %a, %8 : i32
  csb.write @t::@R, %9 : i32

  // CHECK-NEXT: device.write(t::R, (a + b) * c);
  %10 = arith.addi %a, %b : i32
  %11 = arith.muli %10, %c : i32
  csb.write @t::@R, %11 : i32

  // The order of products and quotients is theirs.
  // CHECK-NEXT: device.write(t::R, a * b / c);
  %12 = arith.muli %a, %b : i32
  %13 = arith.divsi %12, %c : i32
  csb.write @t::@R, %13 : i32

  // CHECK-NEXT: device.write(t::R, a * (b / c));
  %14 = arith.divsi %b, %c : i32
  %15 = arith.muli %a, %14 : i32
  csb.write @t::@R, %15 : i32

  // CHECK-NEXT: device.write(t::R, a / (b * c));
  %16 = arith.muli %b, %c : i32
  %17 = arith.divsi %a, %16 : i32
  csb.write @t::@R, %17 : i32

  // CHECK-NEXT: device.write(t::R, a / (b / c));
  %18 = arith.divsi %b, %c : i32
  %19 = arith.divsi %a, %18 : i32
  csb.write @t::@R, %19 : i32

  // CHECK-NEXT: device.write(t::R, (a + b) % c);
  %20 = arith.addi %a, %b : i32
  %21 = arith.remsi %20, %c : i32
  csb.write @t::@R, %21 : i32

  // CHECK-NEXT: device.write(t::R, a % b * c);
  %22 = arith.remsi %a, %b : i32
  %23 = arith.muli %22, %c : i32
  csb.write @t::@R, %23 : i32

  // A function call needs none.
  // CHECK-NEXT: device.write(t::R, std::min(a - b, 7) * c);
  %24 = arith.subi %a, %b : i32
  %25 = arith.minsi %24, %c7 : i32
  %26 = arith.muli %25, %c : i32
  csb.write @t::@R, %26 : i32

  // People write the constant of a product first and that of a sum last.
  // CHECK-NEXT: device.write(t::R, 7 * a + 7);
  %27 = arith.muli %a, %c7 : i32
  %28 = arith.addi %27, %c7 : i32
  csb.write @t::@R, %28 : i32

  // CHECK-NEXT: device.write(t::R, 7 * (a + 7) / 7);
  %29 = arith.addi %a, %c7 : i32
  %30 = arith.muli %c7, %29 : i32
  %31 = arith.divsi %30, %c7 : i32
  csb.write @t::@R, %31 : i32

  // What is used twice has a name, which needs none either.
  // CHECK-NEXT: const int32_t width = a + b;
  // CHECK-NEXT: device.write(t::R, width * c);
  // CHECK-NEXT: device.write(t::R, c - width);
  %32 = arith.addi %a, %b : i32 loc("width")
  %33 = arith.muli %32, %c : i32
  csb.write @t::@R, %33 : i32
  %34 = arith.subi %c, %32 : i32
  csb.write @t::@R, %34 : i32
  return
}
