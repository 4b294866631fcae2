// RUN: rm -rf %t && mkdir -p %t
// RUN: dlavm-opt %s --csb-prepare-emission | dlavm-translate --csb-to-cpp -o %t/driver.h
// RUN: FileCheck %s < %t/driver.h
// RUN: echo '#include "driver.h"' > %t/driver.cpp
// RUN: %cxx -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I %runtime %t/driver.cpp

module @model attributes {csb.fingerprint = "00000000deadbeef", llm.max_tokens = 2048 : i64} {

// CHECK:      // What the parameter files for this driver have in common with it.
// CHECK-NEXT: inline constexpr uint64_t kFingerprint = 0x00000000deadbeef;

// Registers and the names of their values, in a namespace of their own. A name
// that two registers have gets that of its register in front.
// CHECK:      // the first
// CHECK-NEXT: namespace one {
// CHECK-NEXT: // Packed: High << 24 | Middle << 8 | Low
// CHECK-NEXT: enum : uint32_t {
// CHECK-NEXT: {{^}}  Mode = 33, Mask = 34, Packed = 35, Status = 1
// CHECK-NEXT: };
// CHECK-NEXT: namespace value {
// CHECK-NEXT: enum : int32_t {
// CHECK-NEXT: // Mode
// CHECK-NEXT: Fast = 1, ModeOff = 0, Status = 2,
// CHECK-NEXT: // Mask
// CHECK-NEXT: MaskOff = 5,
// CHECK-NEXT: };
// CHECK-NEXT: } // namespace value
// CHECK-NEXT: } // namespace one
csb.register_table @one "the first" {
  csb.register @Mode = 33 values {Fast = 1 : i64, Off = 0 : i64, Status = 2 : i64}
  csb.register @Mask = 34 values {Off = 5 : i64}
  csb.register @Packed = 35 fields {
    Low = array<i64: 0, 4>, High = array<i64: 24, 8>, Middle = array<i64: 8, 8>}
  csb.register @Status = 1
}
csb.buffer @x "DDR" at 4096 bytes 8192 live [0, 0] input
// CHECK: inline constexpr int64_t kX = 0x1000; // 8192 bytes

// A function stands before those that call it.
// CHECK-LABEL: inline void layer(dlavm::Device &device, int32_t number
// CHECK-LABEL: inline void run(dlavm::Device &device, int32_t seq, int32_t past) {
func.func @run(%seq: i32 loc("seq"), %past: i32 loc("past")) {
  // CHECK-NEXT: dlavm::check_call(seq, past, kMaxTokens);
  csb.check_call %seq, %past, 2048
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %c5 = arith.constant 5 : i32
  %c28 = arith.constant 28 : i32
  // CHECK: for (int32_t i = 0; i < 28; ++i) {
  // CHECK-NEXT: layer(device, i);
  // CHECK-NEXT: }
  scf.for %i = %c0 to %c28 step %c1 : i32 {
    func.call @layer(%i) : (i32) -> ()
  }
  // CHECK: for (int32_t i = 5; i < seq; i += 2) {
  // CHECK-NEXT: device.write(one::Mode, i);
  // CHECK-NEXT: }
  scf.for %i = %c5 to %seq step %c2 : i32 {
    csb.write @one::@Mode, %i : i32
  }
  // CHECK: if (seq < 5) {
  // CHECK-NEXT: device.write(one::Mode, seq + past);
  // CHECK-NEXT: } else {
  // CHECK-NEXT: const int32_t twice = 2 * seq;
  // CHECK-NEXT: device.write(one::Mode, twice + past);
  // CHECK-NEXT: device.write(one::Mode, twice);
  // CHECK-NEXT: }
  %isShort = arith.cmpi slt, %seq, %c5 : i32
  scf.if %isShort {
    %sum = arith.addi %seq, %past overflow<nsw> : i32
    csb.write @one::@Mode, %sum : i32
  } else {
    %twice = arith.muli %seq, %c2 overflow<nsw> : i32 loc("twice")
    %sum = arith.addi %twice, %past overflow<nsw> : i32
    csb.write @one::@Mode, %sum : i32
    csb.write @one::@Mode, %twice : i32
  }
  // A name says why a branch is taken.
  // CHECK: const bool keeps_weight = past < 5;
  // CHECK-NEXT: if (keeps_weight) {
  // CHECK-NEXT: device.write(one::Mode, past);
  // CHECK-NEXT: }
  %keepsWeight = arith.cmpi slt, %past, %c5 : i32 loc("keeps_weight")
  scf.if %keepsWeight {
    csb.write @one::@Mode, %past : i32
  }
  // And so do those of its sides.
  // CHECK: const int32_t clocks_keeping_weight = 2 * seq;
  // CHECK-NEXT: const bool [[ORDER:keeps_weight[0-9]+]] = clocks_keeping_weight < 5;
  // CHECK-NEXT: if ([[ORDER]]) {
  // CHECK-NEXT: device.write(one::Mode, past);
  // CHECK-NEXT: }
  %clocks = arith.muli %seq, %c2 overflow<nsw> : i32 loc("clocks_keeping_weight")
  %keepsWeightToo = arith.cmpi slt, %clocks, %c5 : i32 loc("keeps_weight")
  scf.if %keepsWeightToo {
    csb.write @one::@Mode, %past : i32
  }
  // A condition that two branches ask is computed once.
  // CHECK: const bool none = seq - past == 0;
  // CHECK: if (none) {
  // CHECK-NEXT: device.write(one::Mode, 5);
  // CHECK-NEXT: }
  // CHECK: if (none) {
  // CHECK-NEXT: device.write(one::Mode, seq);
  // CHECK-NEXT: }
  %difference = arith.subi %seq, %past overflow<nsw> : i32
  %none = arith.cmpi eq, %difference, %c0 : i32 loc("none")
  scf.if %none {
    csb.write @one::@Mode, %c5 : i32
  }
  scf.if %none {
    csb.write @one::@Mode, %seq : i32
  }
  // Outside the layers there is no layer.
  // CHECK: // head: the last
  // CHECK-NEXT: device.task(-1, "head");
  csb.task "head" "the last"
  // A value that the register names.
  // CHECK-NEXT: device.write(one::Mode, one::value::ModeOff);
  csb.write @one::@Mode, %c0 : i32
  // CHECK-NEXT: device.write(one::Mode, one::value::Fast);
  csb.write @one::@Mode, %c1 : i32
  // CHECK-NEXT: device.write(one::Mode, one::value::Status);
  csb.write @one::@Mode, %c2 : i32
  // CHECK-NEXT: device.write(one::Mode, 5);
  csb.write @one::@Mode, %c5 : i32
  // CHECK-NEXT: device.write(one::Mask, one::value::MaskOff);
  csb.write @one::@Mask, %c5 : i32
  // The parts of a packed register, if the fields say all of it.
  // CHECK-NEXT: device.write(one::Packed, 7 << 24 | 2 << 8 | 5);
  %packed = arith.constant 117441029 : i32
  csb.write @one::@Packed, %packed : i32
  // CHECK-NEXT: device.write(one::Packed, 2 << 8);
  %middle = arith.constant 512 : i32
  csb.write @one::@Packed, %middle : i32
  // CHECK-NEXT: device.write(one::Packed, 0);
  csb.write @one::@Packed, %c0 : i32
  // CHECK-NEXT: device.write(one::Packed, 16);
  %between = arith.constant 16 : i32
  csb.write @one::@Packed, %between : i32
  // CHECK-NEXT: device.write(one::Packed, -1);
  %all = arith.constant -1 : i32
  csb.write @one::@Packed, %all : i32
  // CHECK-NEXT: device.poll(one::Status, 1);
  csb.poll @one::@Status until 1
  // CHECK-NEXT: device.step(-1, "head");
  csb.step "head"
  // CHECK-NEXT: }
  return
}

func.func private @layer(%number: i32 loc("number")) {

  csb.task "query"[%number] "the first"
  csb.write @one::@Mode, %number : i32
  csb.step "query"[%number]
  return
}

// CHECK-LABEL: inline void write_input(dlavm::Device &device, const uint16_t *rows,
// CHECK-NEXT:                          int32_t seq) {
// CHECK-NEXT:    dlavm::write_map(device, kX, rows, seq, 4096, 32);
func.func @write_input(%rows: !csb.rows loc("rows"), %seq: i32 loc("seq")) {
  %x = csb.address_of @x : i64
  csb.dma_write %rows, %x[%seq, 4096] lanes 32
  return
}

// A map whose rows lie in several ports.
// CHECK-LABEL: inline void write_wide(dlavm::Device &device, const uint16_t *rows,
// CHECK-NEXT:                         int32_t seq) {
// CHECK-NEXT:    dlavm::write_map(device, kX, rows, seq, 4096, 512, 32, 1024);
func.func @write_wide(%rows: !csb.rows loc("rows"), %seq: i32 loc("seq")) {
  %x = csb.address_of @x : i64
  csb.dma_write %rows, %x[%seq, 4096] lanes 512 ports 32 stride 1024
  return
}

// CHECK-LABEL: inline std::vector<uint16_t> read_wide(dlavm::Device &device) {
// CHECK-NEXT:    return dlavm::read_map(device, kX, 1, 4096, 512, 32, 1024);
func.func @read_wide() -> !csb.rows {
  %c1 = arith.constant 1 : i32
  %x = csb.address_of @x : i64
  %0 = csb.dma_read %x[%c1, 4096] lanes 512 ports 32 stride 1024
  return %0 : !csb.rows
}

// CHECK-LABEL: inline std::vector<uint16_t> read_logits(dlavm::Device &device) {
// CHECK-NEXT:    return dlavm::read_map(device, kX, 1, 65024, 32);
func.func @read_logits() -> !csb.rows {
  %c1 = arith.constant 1 : i32
  %x = csb.address_of @x : i64
  %0 = csb.dma_read %x[%c1, 65024] lanes 32
  return %0 : !csb.rows
}

// CHECK-LABEL: inline int32_t read_token(dlavm::Device &device) {
// CHECK-NEXT:    return static_cast<int32_t>(device.read(one::Status));
func.func @read_token() -> i32 {
  %0 = csb.read @one::@Status : i32
  return %0 : i32
}

// CHECK-LABEL: inline int32_t read_small_token(dlavm::Device &device) {
// CHECK-NEXT:    uint16_t value = 0;
// CHECK-NEXT:    device.dma_read(kX, &value, sizeof value);
// CHECK-NEXT:    return static_cast<int32_t>(value);
func.func @read_small_token() -> i32 {
  %x = csb.address_of @x : i64
  %0 = csb.dma_read_word %x bits 16 : i32
  return %0 : i32
}

// CHECK-LABEL: inline void load_parameters(dlavm::Device &device,
// CHECK-NEXT:                              const dlavm::String &directory) {
// CHECK-NEXT:    dlavm::load_parameters(device, kParameterFiles, std::size(kParameterFiles),
// CHECK-NEXT:                           directory, kFingerprint);
func.func @load_parameters(%directory: !csb.directory loc("directory")) {
  csb.load_parameters %directory
  return
}

// The engine has a name that no argument has.
// CHECK-LABEL: inline void load_with(dlavm::Device &device, const dlavm::String &engine) {
// CHECK-NEXT:    const dlavm::CopyEngine engine2 = {copy, "DDR", kDdrBase, kX, 8192};
// CHECK-NEXT:    dlavm::load_parameters(device, kParameterFiles, std::size(kParameterFiles),
// CHECK-NEXT:                           engine, kFingerprint, &engine2);
csb.constant @ddr_base = 4294967296
func.func @load_with(%directory: !csb.directory loc("engine")) {
  csb.load_parameters %directory via @copy scratch @x base @ddr_base
  return
}
func.func @copy(%source: i64, %destination: i64, %bytes: i64, %port: i32) {
  csb.write @one::@Mode, %port : i32
  return
}

// A function that takes ids works on the host alone.
// CHECK-LABEL: inline std::vector<uint16_t> read_embeddings(const dlavm::String &directory,
// CHECK-NEXT:                                               const std::vector<int32_t> &ids) {
// CHECK-NEXT:    return dlavm::read_embeddings(directory + "/embedding.bin", ids, 65024, 4096);
module @parameters {
  csb.parameter @embedding from "e" : tensor<65024x4096xf16>
}
func.func @read_embeddings(%directory: !csb.directory loc("directory"), %ids: !csb.ids loc("ids")) -> !csb.rows {
  %0 = csb.read_embeddings %directory, %ids from @parameters::@embedding [65024, 4096] file "embedding.bin"
  return %0 : !csb.rows
}

// What nothing uses makes no warning.
// CHECK-LABEL: inline void unused(
// CHECK-SAME:    {{^}}{{\[\[}}maybe_unused]] dlavm::Device &device,
// CHECK-NEXT:    {{\[\[}}maybe_unused]] int32_t a, {{\[\[}}maybe_unused]] int32_t b) {
// CHECK-NEXT:  }
func.func @unused(%a: i32 loc("a"), %b: i32 loc("b")) {
  %0 = arith.addi %a, %b : i32
  %1 = arith.muli %0, %0 : i32
  return
}

// A register may be read for the effect of that.
// CHECK-LABEL: inline void read(dlavm::Device &device) {
// CHECK-NEXT:    {{\[\[}}maybe_unused]] const int32_t value = static_cast<int32_t>(device.read(one::Status));
// CHECK-NEXT:  }
func.func @read() {
  %0 = csb.read @one::@Status : i32
  return
}

// What is read before a write stays there.
// CHECK-LABEL: inline std::vector<uint16_t> read_before(dlavm::Device &device) {
// CHECK-NEXT:    const std::vector<uint16_t> value = dlavm::read_map(device, kX, 1, 64, 32);
// CHECK-NEXT:    device.write(one::Mode, one::value::Fast);
// CHECK-NEXT:    return value;
func.func @read_before() -> !csb.rows {
  %c1 = arith.constant 1 : i32
  %x = csb.address_of @x : i64
  %0 = csb.dma_read %x[%c1, 64] lanes 32
  csb.write @one::@Mode, %c1 : i32
  return %0 : !csb.rows
}

// Lines end after 80 columns where they can.
// CHECK-LABEL: inline void long_lines(dlavm::Device &device, int32_t number_of_tokens,
// CHECK-NEXT:                         int32_t number_of_channels) {
// CHECK-NEXT:    device.write(one::Mask,
// CHECK-NEXT:                 number_of_tokens + 2 * (number_of_channels + 1000000));
// CHECK-NEXT:  }
func.func @long_lines(%tokens: i32 loc("number_of_tokens"), %channels: i32 loc("number_of_channels")) {
  %c = arith.constant 1000000 : i32
  %c2 = arith.constant 2 : i32
  %0 = arith.addi %channels, %c : i32
  %1 = arith.muli %0, %c2 : i32
  %2 = arith.addi %tokens, %1 : i32
  csb.write @one::@Mask, %2 : i32
  return
}

}
