// RUN: dlavm-opt %s --canonicalize | FileCheck %s

module attributes {llm.max_tokens = 2048 : i64} {

// CHECK-LABEL: func.func @merge_of_split(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>)
// CHECK-NEXT: return %[[X]]
func.func @merge_of_split(%x: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>)
    -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>> {
  %h = llm.split_heads %x : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %m = llm.merge_heads %h : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
}

// CHECK-LABEL: func.func @split_of_merge(
// CHECK-SAME: %[[X:.*]]: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>)
// CHECK-NEXT: return %[[X]]
func.func @split_of_merge(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>)
    -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  %m = llm.merge_heads %x : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %h = llm.split_heads %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %h : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}

// Two heads of 128 channels are not four of 64.
// CHECK-LABEL: func.func @other_heads(
// CHECK: llm.merge_heads
// CHECK: llm.split_heads
func.func @other_heads(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>)
    -> tensor<4x?x64xf16, #llm.dims<4, seq, 64>> {
  %m = llm.merge_heads %x : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %h = llm.split_heads %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
  return %h : tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
}

// CHECK-LABEL: func.func @last_of_one(
// CHECK-SAME: %[[X:.*]]: tensor<1x1x64xf16>)
// CHECK-NEXT: return %[[X]]
func.func @last_of_one(%x: tensor<1x1x64xf16>) -> tensor<1x1x64xf16> {
  %l = llm.last_token %x : tensor<1x1x64xf16>
  return %l : tensor<1x1x64xf16>
}

// CHECK-LABEL: func.func @last_of_last(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>)
// CHECK-NEXT: %[[L:.*]] = llm.last_token %[[X]]
// CHECK-NEXT: return %[[L]]
func.func @last_of_last(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x1x64xf16> {
  %l = llm.last_token %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %m = llm.last_token %l : tensor<1x1x64xf16>
  return %m : tensor<1x1x64xf16>
}

// CHECK-LABEL: func.func @last_of_several(
// CHECK: llm.last_token
func.func @last_of_several(%x: tensor<1x5x64xf16>) -> tensor<1x1x64xf16> {
  %l = llm.last_token %x : tensor<1x5x64xf16>
  return %l : tensor<1x1x64xf16>
}

}
