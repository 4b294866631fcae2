// The fingerprint of a driver depends on what its parameter files contain, and on
// nothing else.

// DEFINE: %{options} =
// DEFINE: %{print} = dlavm-opt --convert-accel-to-csb%{options} | grep -o 'csb.fingerprint = "[0-9a-f]*"'
// RUN: cat %s | %{print} > %t
// RUN: FileCheck %s --check-prefix=TEXT --input-file=%t
// TEXT: {{^}}csb.fingerprint = "{{[0-9a-f]+}}"{{$}}

// Where the files go, and what has none.
// RUN: sed 's/at 512/at 1024/' %s | %{print} | diff %t -
// RUN: sed 's/stride 3287552/stride 3287616/' %s | %{print} | diff %t -
// RUN: sed 's/kv_cache \[2\]/kv_cache [4]/' %s | %{print} | diff %t -
// RUN: sed 's/llm.max_tokens = 2048/llm.max_tokens = 1024/' %s | %{print} | diff %t -
// RUN: sed 's/@unused/@unusual/' %s | %{print} | diff %t -
// REDEFINE: %{options} ==weight-loading=wt2hbm
// RUN: cat %s | %{print} | diff %t -
// REDEFINE: %{options} =

// What they contain, and how they are cut.
// RUN: sed 's/"q{layer}"/"k{layer}"/' %s | %{print} | not diff %t -
// RUN: sed 's/rows \[64\]/rows [65]/' %s | %{print} | not diff %t -
// RUN: sed 's/rows \[64\]/rows [64, 1, 2]/' %s | %{print} | not diff %t -
// RUN: sed 's/rows \[64\]/rows [64] normalized/' %s | %{print} | not diff %t -
// RUN: sed 's/rows \[64\]/rows [64] times 2.0/' %s | %{print} | not diff %t -
// RUN: sed 's/splat 1.0/splat 2.0/' %s | %{print} | not diff %t -
// RUN: sed 's/interleaved 64/interleaved 32/' %s | %{print} | not diff %t -
// RUN: sed 's/rotary = 64/rotary = 32/' %s | %{print} | not diff %t -
// RUN: sed 's/layers 28/layers 27/' %s | %{print} | not diff %t -
// RUN: sed 's/@rope /@rotary /' %s | %{print} | not diff %t -
// RUN: sed 's/bytes 270336/bytes 270337/' %s | %{print} | not diff %t -
// RUN: sed 's/from \[@s, @b\]/from [@b, @s]/' %s | %{print} | not diff %t -
// RUN: sed 's/"embed"/"embedding"/' %s | %{print} | not diff %t -
// RUN: sed 's/tensor<100x64xf16>/tensor<101x64xf16>/' %s | %{print} | not diff %t -
// RUN: sed 's/llm.embedding = @e, //' %s | %{print} | not diff %t -

module attributes {accel.device = "edgellm-20241128", llm.embedding = @e, llm.max_tokens = 2048 : i64} {
llm.parameter @e from "embed" : tensor<100x64xf16>
llm.parameter @q from "q{layer}" rows [64] layers 28 row_heads <32 x 128, interleaved 64> : tensor<4096x4096xi4>
llm.parameter @s splat 1.0 : tensor<4096xf16>
llm.parameter @b splat 0.0 : tensor<4096xf16>
llm.parameter @unused from "unused" : tensor<4096xf16>
accel.object @query weight [4096, 4096] from [@q] layers 28 in <HBM> at 512 bytes 270336 stride 3287552
accel.object @keys kv_cache [2] layers 28 in <HBM> at 96343040 bytes 32768 stride 65536
accel.object @bias scale_bias [4096] from [@s, @b] in <DDR> at 548864 bytes 16384 stride 0
accel.object @rope rope_table [] with {rotary = 64 : i64} in <DDR> at 0 bytes 524288 stride 0
func.func @model() {
  return
}
}
