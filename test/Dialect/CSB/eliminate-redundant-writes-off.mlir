// RUN: dlavm-opt %s --csb-eliminate-redundant-writes | FileCheck %s

// Where nobody says that registers keep their values, all writes stay: here a
// register that has another meaning in another table loses it.
csb.register_table @mvm "mvm" {
  csb.register @Width = 3
  csb.register @Address = 4 keeps_value
}
csb.register_table @norm "norm" {
  csb.register @Trigger = 4
}

// CHECK-LABEL: func.func @stays(
// CHECK-COUNT-5: csb.write
func.func @stays(%a: i32) {
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Address, %a : i32
  csb.write @mvm::@Address, %a : i32
  csb.write @norm::@Trigger, %a : i32
  return
}
