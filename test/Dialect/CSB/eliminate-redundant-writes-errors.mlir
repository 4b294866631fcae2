// RUN: dlavm-opt %s --csb-eliminate-redundant-writes -split-input-file -verify-diagnostics

csb.register_table @mvm "mvm" {
  csb.register @Width = 3 keeps_value
}
func.func @unknown(%a: i32) {
  // expected-error @+1 {{'scf.while' op is no part of a register program, so nobody knows which registers it writes}}
  scf.while : () -> () {
    %true = arith.constant true
    scf.condition(%true)
  } do {
    scf.yield
  }
  return
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Width = 3 keeps_value
}
// expected-error @+1 {{has no body}}
func.func private @external()
func.func @calls() {
  call @external() : () -> ()
  return
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Width = 3 keeps_value
}
// expected-error @+1 {{branches between blocks, which no driver does}}
func.func @branches() {
  return
^bb1:
  return
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Width = 3 keeps_value
}
func.func @itself() {
  // expected-error @+1 {{makes 'itself' call itself, which no model and no driver does}}
  call @itself() : () -> ()
  return
}
