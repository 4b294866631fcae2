// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 --accel-place-objects --accel-plan-memory --convert-accel-to-csb | FileCheck %s

// Parameters may be called like a register table or a function of the driver.

module attributes {llm.max_tokens = 128 : i64} {
llm.parameter @norm from "norm" : tensor<64xf16>
llm.parameter @run from "run" : tensor<64xf16>
llm.parameter @write_input from "write" : tensor<64xf16>
// CHECK: csb.register_table @norm "layer norm and RMS norm"
// CHECK: csb.buffer @norm_0
// CHECK: csb.buffer @run_1
// CHECK: csb.buffer @write_input_map
// CHECK-LABEL: func.func @run(
// CHECK: csb.write @norm::@Opcode
// CHECK: func.func @write_input(
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.rms_norm %x, @norm epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %1 = llm.rms_norm %0, @run epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %2 = llm.rms_norm %1, @write_input epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %2 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}
