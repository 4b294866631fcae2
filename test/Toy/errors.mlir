// RUN: dlavm-toy-opt %s --llm-name-tasks --convert-llm-to-accel=device=toy-1 -split-input-file -verify-diagnostics

// What the toy family cannot do is refused at the op.

module attributes {llm.max_tokens = 8 : i64} {
  llm.parameter @w from "w" : tensor<16x80xi4>
  func.func @f(%x: tensor<1x?x80xf16, #llm.dims<1, seq, 80>>) -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>> {
    // expected-error@+1 {{'accel.linear' op has 80 input channels, but the buffers of toy-1 hold at most 64}}
    %y = llm.linear %x, @w : tensor<1x?x80xf16, #llm.dims<1, seq, 80>> -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
    return %y : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
  }
}

// -----

module attributes {llm.max_tokens = 8 : i64} {
  llm.parameter @w from "w" : tensor<48x32xi4>
  llm.parameter @ones splat 1.0 : tensor<48xf16>
  func.func @f(%x: tensor<1x1x32xf16>) -> tensor<1xi32> {
    // expected-error@+1 {{'accel.linear' op has an argmax of 48 channels, but one start of toy-1 computes at most 32}}
    %y = llm.linear %x, @w scale @ones bias @ones : tensor<1x1x32xf16> -> tensor<1x1x48xf16>
    %t = llm.argmax %y : tensor<1x1x48xf16> -> tensor<1xi32>
    return %t : tensor<1xi32>
  }
}

// -----

module attributes {llm.max_tokens = 8 : i64} {
  llm.parameter @gamma from "gamma" : tensor<32xf16>
  llm.parameter @beta from "beta" : tensor<32xf16>
  func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>> {
    // expected-error@+1 {{'accel.norm' op is a layer norm; toy-1 computes RMS norms only}}
    %y = llm.layer_norm %x, @gamma bias @beta epsilon 1.0e-5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
    return %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  }
}

// -----

module attributes {llm.max_tokens = 8 : i64} {
  llm.parameter @gamma from "gamma" : tensor<24xf16>
  func.func @f(%x: tensor<1x?x24xf16, #llm.dims<1, seq, 24>>) -> tensor<1x?x24xf16, #llm.dims<1, seq, 24>> {
    // expected-error@+1 {{'accel.norm' op has 24 channels, which must be a multiple of 16 on toy-1}}
    %y = llm.rms_norm %x, @gamma epsilon 1.0e-5 : tensor<1x?x24xf16, #llm.dims<1, seq, 24>>
    return %y : tensor<1x?x24xf16, #llm.dims<1, seq, 24>>
  }
}

// -----

module attributes {llm.max_tokens = 8 : i64} {
  llm.kv_cache @keys : tensor<1x?x16xf16, #llm.dims<1, seq + past, 16>>
  func.func @f(%x: tensor<1x?x16xf16, #llm.dims<1, seq, 16>>) -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>> {
    // expected-error@+1 {{'accel.kv_append' op has no task on toy-1}}
    llm.kv_append %x, @keys : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
    return %x : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
  }
}

// -----

module attributes {llm.max_tokens = 8 : i64} {
  llm.parameter @w from "w" : tensor<16x16xi4>
  func.func @f(%x: tensor<1x?x16xf16, #llm.dims<1, seq, 16>>) -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>> {
    // expected-error@+1 {{'accel.linear' op has relu, which a product of toy-1 cannot compute}}
    %y = llm.linear %x, @w relu : tensor<1x?x16xf16, #llm.dims<1, seq, 16>> -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
    return %y : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
  }
}
