// Programs that cannot be run are refused at the op.

// RUN: dlavm-opt %s --csb-verify-placement -split-input-file -verify-diagnostics

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  func.func @run(%seq: i32, %past: i32) {
    %zero = arith.constant 0 : i64
    %end = arith.constant 9223372036854775807 : i64
    %step = arith.constant 4611686018427387905 : i64
    // expected-error@+1 {{cannot run 1 tokens after 0: has a loop whose variable needs more than 64 bits}}
    scf.for %i = %zero to %end step %step : i64 {
    }
    return
  }
}

// -----

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  func.func @run(%seq: i32, %past: i32) {
    %end = arith.constant 2147483647 : i32
    %step = arith.constant 1073741824 : i32
    // expected-error@+1 {{cannot run 1 tokens after 0: has a loop whose variable needs more than 32 bits}}
    scf.for %i = %past to %end step %step : i32 {
    }
    return
  }
}

// -----

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  func.func @run(%seq: i32, %past: i32) {
    %zero = arith.constant 0 : i64
    %end = arith.constant 9223372036854775807 : i64
    %step = arith.constant 1 : i64
    // expected-error@+1 {{cannot run 1 tokens after 0: is not at its end after 268435456 steps, which no call of a driver needs}}
    scf.for %i = %zero to %end step %step : i64 {
    }
    return
  }
}

// -----

// A step of 0 is a loop without an end in the driver.
module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  func.func @run(%seq: i32, %past: i32) {
    // expected-error@+1 {{cannot run 1 tokens after 0: has a loop with a step of 0, which never ends}}
    scf.for %i = %past to %seq step %past : i32 {
    }
    return
  }
}

// -----

// The driver computes with the bits of the type.
module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  csb.register_table @t "a task" {
    csb.register @Width = 3
  }
  func.func @run(%seq: i32, %past: i32) {
    %c = arith.constant 2147483647 : i32
    // expected-error@+1 {{cannot run 1 tokens after 0: computes a value of more than 32 bits}}
    %0 = arith.addi %seq, %c : i32
    csb.write @t::@Width, %0 : i32
    return
  }
}

// -----

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  func.func @run(%seq: i32, %past: i32) {
    // expected-error@+1 {{'arith.constant' op computes with 'i128'; a register program has i32 and i64}}
    %c = arith.constant 170141183460469231731687303715884105727 : i128
    return
  }
}

// -----

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  csb.register_table @t "a task" {
    csb.register @Width = 4294967296
  }
  func.func @run(%seq: i32, %past: i32) {
    // expected-error@+1 {{'csb.write' op names a register with the number 4294967296, but registers are 0 to 4294967295}}
    csb.write @t::@Width, %seq : i32
    return
  }
}

// -----

// A place in a memory that the device does not have.

module attributes {csb.device = "edgellm-20241128", llm.max_tokens = 16 : i64} {
  // expected-error@+1 {{'csb.buffer' op lies in 'SRAM', which is no memory of edgellm-20241128}}
  csb.buffer @map "SRAM" at 0 bytes 64 live [0, 0]
  func.func @run(%seq: i32, %past: i32) {
    return
  }
}
