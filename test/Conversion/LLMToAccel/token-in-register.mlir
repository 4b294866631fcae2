// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=ohbm-20250407 -o %t.accel
// RUN: FileCheck %s < %t.accel
// RUN: dlavm-opt %t.accel --accel-partition-tasks --accel-place-objects --accel-plan-memory --accel-outline-starts --convert-accel-to-csb | FileCheck %s --check-prefix=CSB
// RUN: sed 's/ohbm-20250407/edgellm-20241128/; s/memref<1x\([1?]\)x512/memref<2x\1x32/g; s/<1, \(1\|seq\), 512>/<2, \1, 32>/g; s/\[1, 1, 512\]/[2, 1, 32]/; s/strided<\[?, 512/strided<[?, 32/g; s/<HBM>>/<DDR>>/g; /object.*scale_bias/s/HBM/DDR/' %t.accel > %t.other
// RUN: not dlavm-opt %t.other --accel-partition-tasks --accel-place-objects --accel-plan-memory --convert-accel-to-csb 2>&1 | FileCheck %s --check-prefix=OTHER

// A device that leaves the id of an argmax in a register only has no word for it in
// memory, and the driver none to read.

!x = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!one = tensor<1x1x64xf16>
module attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s from "s" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
// CHECK:      %[[T:.*]] = accel.buffer "token" host token "token" channels 1 : memref<1xi32>, <1>
// CHECK:      accel.linear "w" {{.*}} argmax(%[[T]] : memref<1xi32>) [64, 64]
// CSB-NOT:    csb.buffer @token
// CSB-LABEL:  func.func @read_token() -> i32 {
// CSB-NEXT:     %[[T:.*]] = csb.read @mvm::@Argmax : i32
// CSB-NEXT:     return %[[T]]
// OTHER:      error: 'accel.buffer' op lies in no memory, but edgellm-20241128 writes the token to one
func.func @model(%x: !x) -> (!one, tensor<1xi32>) {
  %l = llm.last_token %x : !x
  %y = llm.linear %l, @w scale @s bias @b : !one -> !one
  %i = llm.argmax %y : !one -> tensor<1xi32>
  return %y, %i : !one, tensor<1xi32>
}
}
