// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel="device=edgellm-20241128" | FileCheck %s --check-prefix=MODULE
// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel="device=edgellm-20241128 max-tokens=100" | FileCheck %s --check-prefix=OPTION
// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel="device=edgellm-20241128 max-tokens=2000" | FileCheck %s --check-prefix=MODULE

// MODULE: module @model attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64}
// OPTION: module @model attributes {accel.device = "edgellm-20241128", llm.max_tokens = 100 : i64}

// RUN: not dlavm-opt %s --llm-name-tasks --convert-llm-to-accel 2>&1 | FileCheck %s --check-prefix=NO-DEVICE
// NO-DEVICE: error: names no device; give the module the attribute accel.device = "NAME", or run convert-llm-to-accel first (known devices: {{.*}}edgellm-20241128

// RUN: not dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: there is no device 'edgellm'; known devices: {{.*}}edgellm-20241128

module @model attributes {llm.max_tokens = 2000 : i64} {
func.func @model() {
  return
}
}
