// RUN: dlavm-opt %s --csb-insert-steps | FileCheck %s

csb.register_table @mvm "mvm" {
  csb.register @Width = 3
  csb.register @Status = 1
}

// After the poll that ends it, each task says so.
// CHECK-LABEL: func.func @tasks(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %[[SEQ:.*]]: i32)
// CHECK-NEXT:    csb.task "query"[%[[LAYER]]] "linear"
// CHECK-NEXT:    csb.write
// CHECK-NEXT:    csb.poll @mvm::@Status until 1
// CHECK-NEXT:    csb.step "query"[%[[LAYER]]]
// CHECK-NEXT:    csb.task "head" "linear"
// CHECK-NEXT:    csb.write
// CHECK-NEXT:    csb.poll @mvm::@Status until 1
// CHECK-NEXT:    csb.step "head"{{$}}
// CHECK-NEXT:    return
func.func @tasks(%layer: i32, %seq: i32) {
  csb.task "query"[%layer] "linear"
  csb.write @mvm::@Width, %seq : i32
  csb.poll @mvm::@Status until 1
  csb.task "head" "linear"
  csb.write @mvm::@Width, %seq : i32
  csb.poll @mvm::@Status until 1
  return
}

// In a loop over slices, after each.
// CHECK-LABEL: func.func @slices(
// CHECK:         scf.for
// CHECK-NEXT:      csb.task "query"
// CHECK-NEXT:      csb.write
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:      csb.step "query"
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @slices(%layer: i32, %seq: i32, %step: i32) {
  scf.for %token = %step to %seq step %step : i32 {
    csb.task "query"[%layer] "linear"
    csb.write @mvm::@Width, %token : i32
    csb.poll @mvm::@Status until 1
  }
  return
}

// A poll without a task ends none.
// CHECK-LABEL: func.func @no_task(
// CHECK-NEXT:    csb.poll
// CHECK-NEXT:    return
func.func @no_task() {
  csb.poll @mvm::@Status until 1
  return
}
