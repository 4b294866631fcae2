// RUN: dlavm-opt %s --csb-prepare-emission -split-input-file -verify-diagnostics

func.func @f(%condition: i1) {
  // expected-error@+1 {{'scf.if' op has no equivalent in driver source, which knows the csb dialect, scf.for without results, func.call and integer arithmetic; lower it before}}
  scf.if %condition {
  }
  return
}

// -----

func.func @f(%a: i32) -> i32 {
  // expected-error@+1 {{'scf.for' op has no equivalent in driver source}}
  %0 = scf.for %i = %a to %a step %a iter_args(%s = %a) -> i32 : i32 {
    scf.yield %s : i32
  }
  return %0 : i32
}

// -----

func.func @f(%a: i32) {
  scf.for %i = %a to %a step %a : i32 {
    // expected-error@+1 {{'arith.maxsi' op has no equivalent in driver source}}
    %0 = arith.maxsi %i, %a : i32
  }
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op has no equivalent in driver source}}
  %0 = accel.tokens seq
  return
}
