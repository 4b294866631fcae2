// Outside functions, an op may use its own result.

// RUN: dlavm-opt --llm-name-tasks %s | FileCheck %s
// RUN: dlavm-opt --canonicalize %s | FileCheck %s --check-prefix=FOLD

// CHECK: llm.activation silu %{{.*}} {llm.task = "map_silu"}
%0 = llm.last_token %1 : tensor<1x1x64xf16>
%1 = llm.last_token %1 : tensor<1x1x64xf16>
%2 = llm.activation silu %0 : tensor<1x1x64xf16>

// FOLD: %[[SPLIT:.*]] = llm.split_heads %[[MERGE:.*]] :
// FOLD: %[[MERGE]] = llm.merge_heads %[[SPLIT]] :
// FOLD: llm.kv_append %[[SPLIT]], @keys
llm.kv_cache @keys : tensor<2x?x32xf16, #llm.dims<2, seq + past, 32>>
%3 = llm.split_heads %4 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<2x?x32xf16, #llm.dims<2, seq, 32>>
%4 = llm.merge_heads %3 : tensor<2x?x32xf16, #llm.dims<2, seq, 32>>
%5 = llm.kv_append %3, @keys : tensor<2x?x32xf16, #llm.dims<2, seq, 32>>
