// Outside functions, an op may use its own result.

// RUN: dlavm-opt --llm-name-tasks %s | FileCheck %s
// CHECK: llm.activation silu %{{.*}} {llm.task = "map_silu"}

%0 = llm.last_token %1 : tensor<1x1x64xf16>
%1 = "llm.last_token"(%1) : (tensor<1x1x64xf16>) -> tensor<1x1x64xf16>
%2 = llm.activation silu %0 : tensor<1x1x64xf16>
