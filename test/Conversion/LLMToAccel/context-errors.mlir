// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel -split-input-file -verify-diagnostics

// expected-error@+1 {{does not state its largest context; give the module the attribute llm.max_tokens = N : i64}}
module attributes {accel.device = "edgellm-20241128"} {
func.func @model() {
  return
}
}

// -----

// expected-error@+1 {{has a largest context of 32768 tokens, 30720 more than the 2048 of edgellm-20241128; use --max-tokens=2048 or less}}
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 32768 : i64} {
func.func @model() {
  return
}
}

// -----

// The largest there is.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  return
}
}
