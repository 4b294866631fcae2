// RUN: dlavm-opt %s --csb-pack-instructions -split-input-file -verify-diagnostics

// expected-error @+1 {{names no device}}
module {}

// -----

// expected-error @+1 {{has no function 'decode' whose tasks could stand in instruction blocks; run accel-specialize-decode before}}
module attributes {csb.device = "edgellm-20241128"} {}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Width = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// expected-error @+1 {{has no csb.check_call, so nobody knows which calls its instruction blocks are for}}
func.func @decode(%past: i32) {
  return
}
}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Width = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// expected-error @+1 {{has more than 16 numbers of starts, each of which needs instruction blocks of its own; compile with --mode=direct or --max-tokens=16}}
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  scf.for %i = %c0 to %past step %c1 : i32 {
    csb.task "norm" "norm"
    csb.write @norm::@Opcode, %c32 : i32
    csb.poll @norm::@Status until 1
  }
  return
}
}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Width = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  scf.for %layer = %c0 to %c4 step %c1 : i32 {
    scf.for %i = %c0 to %layer step %c1 : i32 {
      // expected-error @+1 {{'norm' runs as often as more than the history of the call has it, but instruction blocks hold the same tasks for all layers; compile with --mode=direct}}
      csb.task "norm"[%layer] "norm"
      csb.write @norm::@Opcode, %c32 : i32
      csb.poll @norm::@Status until 1
    }
  } {llm.layer_loop}
  return
}
}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Width = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  scf.for %layer = %c0 to %c4 step %c1 : i32 {
    %isFirst = arith.cmpi eq, %layer, %past : i32
    scf.if %isFirst {
      // expected-error @+1 {{'norm' runs only where more than the history of the call has it so, but instruction blocks hold the same tasks for all layers; compile with --mode=direct}}
      csb.task "norm"[%layer] "norm"
      csb.write @norm::@Opcode, %c32 : i32
      csb.poll @norm::@Status until 1
    }
  } {llm.layer_loop}
  return
}
}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Width = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  scf.for %layer = %c0 to %c4 step %c1 : i32 {
    csb.task "norm"[%layer] "norm"
    // expected-error @+1 {{has a result that does not change by the same number from layer to layer}}
    %square = arith.muli %layer, %layer : i32
    csb.write @norm::@Width, %square : i32
    csb.write @norm::@Opcode, %c32 : i32
    csb.poll @norm::@Status until 1
  } {llm.layer_loop}
  return
}
}

// -----

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @norm "norm" {
  csb.register @Other = 300
  csb.register @Opcode = 209
  csb.register @Status = 193
}
func.func @decode(%past: i32) {
  %c1 = arith.constant 1 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  csb.task "norm" "norm"
  // expected-error @+1 {{has a register that the instruction blocks of edgellm-20241128 have no word for; compile with --mode=direct}}
  csb.write @norm::@Other, %past : i32
  csb.write @norm::@Opcode, %c32 : i32
  csb.poll @norm::@Status until 1
  return
}
}

// -----

// A task without a code stays as it is outside of layers only.
module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @mvm "mvm" {
  csb.register @Mode = 33
  csb.register @Status = 1
}
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  %argmax = arith.constant 2847 : i32
  csb.check_call %c1, %past, 64
  scf.for %layer = %c0 to %c4 step %c1 : i32 {
    // expected-error @+1 {{'head' stands in every layer, but edgellm-20241128 has no code for it in its instruction blocks; compile with --mode=direct}}
    csb.task "head"[%layer] "linear, argmax"
    csb.write @mvm::@Mode, %argmax : i32
    csb.poll @mvm::@Status until 1
  } {llm.layer_loop}
  return
}
}
