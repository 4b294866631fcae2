//===- ProgramTest.cpp - Running csb programs without a compiler ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Run/Program.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace mlir;

namespace {

/// Writes events down as traces do, a space between them.
class TextSink final : public EventSink {
public:
  void task(int32_t layer, llvm::StringRef name) override {
    add("T " + std::to_string(layer) + " " + name.str());
  }
  void write(uint32_t reg, uint32_t value) override {
    add("W " + std::to_string(reg) + " " + std::to_string(value));
  }
  void poll(uint32_t reg, uint32_t value) override {
    add("P " + std::to_string(reg) + " " + std::to_string(value));
  }
  uint32_t read(uint32_t reg) override {
    add("R " + std::to_string(reg));
    return 0;
  }

  std::string text;

private:
  void add(const std::string &event) {
    text += (text.empty() ? "" : ", ") + event;
  }
};

class ProgramTest : public testing::Test {
protected:
  ProgramTest() {
    context.loadDialect<csb::CSBDialect, arith::ArithDialect, func::FuncDialect,
                        scf::SCFDialect>();
  }

  FailureOr<Program> create(const std::string &functions) {
    const std::string text = R"mlir(
      csb.register_table @t "a task" {
        csb.register @Width = 3
        csb.register @Go = 5
        csb.register @Status = 1
      }
      csb.buffer @map "DDR" at 4096 bytes 64 live [0, 0]
      csb.object @weight "weight" [64, 64] "HBM" at 512 bytes 64 stride 128 layers 2
        dma 0 ports 32 port_stride 268435456 file "w.bin"
      csb.constant @layer_stride = 128
      )mlir" + functions;
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "no module:\n" << text;
      return failure();
    }
    return Program::create(*module);
  }

  /// The events of a call, or "refused".
  static std::string run(Program &program, int64_t seq, int64_t past,
                         bool someLayers = false) {
    TextSink sink;
    if (failed(program.run(seq, past, sink, someLayers)))
      return sink.text + "refused";
    return sink.text;
  }
  std::string run(const std::string &functions, int64_t seq, int64_t past) {
    FailureOr<Program> program = create(functions);
    return failed(program) ? "no program" : run(*program, seq, past);
  }

  /// Expects that no program can be made of the functions, and why.
  void expectRefusal(const std::string &functions, const std::string &why) {
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    EXPECT_TRUE(failed(create(functions)));
    EXPECT_NE(message.find(why), std::string::npos) << message;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(ProgramTest, WritesPollsAndMarks) {
  EXPECT_EQ(run(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      csb.task "op" "an op"
      csb.write @t::@Width, %seq : i32
      csb.write @t::@Go, %past : i32
      csb.poll @t::@Status until 1
      return
    })mlir",
                7, 2),
            "T -1 op, W 3 7, W 5 2, P 1 1");
}

/// What the host calls for one token takes no seq.
TEST_F(ProgramTest, Decode) {
  ASSERT_TRUE(succeeded(create(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      return
    }
    func.func @decode(%past: i32) {
      %c1 = arith.constant 1 : i32
      csb.check_call %c1, %past, 8
      csb.write @t::@Width, %past : i32
      return
    })mlir")));
  FailureOr<Program> program = Program::create(*module, "decode");
  ASSERT_TRUE(succeeded(program));
  EXPECT_EQ(run(*program, 1, 7), "W 3 7");
  EXPECT_EQ(run(*program, 2, 0), "refused");
  EXPECT_EQ(program->getMessage(), "decode takes one token");
  EXPECT_EQ(run(*program, 1, 8), "refused");
  expectRefusal("func.func @run() { return }", "takes seq and past");
}

TEST_F(ProgramTest, Computes) {
  EXPECT_EQ(run(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %c10 = arith.constant 10 : i32
      %sum = arith.addi %seq, %past : i32
      %difference = arith.subi %seq, %past : i32
      %product = arith.muli %seq, %past : i32
      %quotient = arith.divsi %seq, %past : i32
      %rest = arith.remsi %seq, %past : i32
      %least = arith.minsi %c10, %seq : i32
      csb.write @t::@Width, %sum : i32
      csb.write @t::@Width, %difference : i32
      csb.write @t::@Width, %product : i32
      csb.write @t::@Width, %quotient : i32
      csb.write @t::@Width, %rest : i32
      csb.write @t::@Width, %least : i32
      return
    })mlir",
                17, 5),
            "W 3 22, W 3 12, W 3 85, W 3 3, W 3 2, W 3 10");
}

TEST_F(ProgramTest, AddressesHave64Bits) {
  EXPECT_EQ(run(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %map = csb.address_of @map : i64
      %weight = csb.address_of @weight : i64
      %stride = csb.address_of @layer_stride : i64
      %large = arith.constant 3000000000 : i64
      %wide = arith.extsi %seq : i32 to i64
      %sum = arith.addi %large, %wide : i64
      csb.write @t::@Width, %map : i64
      csb.write @t::@Width, %weight : i64
      csb.write @t::@Width, %stride : i64
      csb.write @t::@Width, %sum : i64
      return
    })mlir",
                7, 0),
            "W 3 4096, W 3 512, W 3 128, W 3 3000000007");
}

const std::string slices = R"mlir(
  func.func @run(%seq: i32, %past: i32) {
    %c0 = arith.constant 0 : i32
    %c4 = arith.constant 4 : i32
    scf.for %token = %c0 to %seq step %c4 : i32 {
      %left = arith.subi %seq, %token : i32
      %width = arith.minsi %c4, %left : i32
      csb.write @t::@Width, %width : i32
    }
    return
  })mlir";

TEST_F(ProgramTest, LoopsOverSlices) {
  EXPECT_EQ(run(slices, 1, 0), "W 3 1");
  EXPECT_EQ(run(slices, 4, 0), "W 3 4");
  EXPECT_EQ(run(slices, 10, 0), "W 3 4, W 3 4, W 3 2");
}

TEST_F(ProgramTest, BranchesChooseByComparisons) {
  const std::string text = R"mlir(
  func.func @run(%seq: i32, %past: i32) {
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %isShort = arith.cmpi slt, %seq, %c4 : i32
    scf.if %isShort {
      csb.write @t::@Width, %c1 : i32
    } else {
      csb.write @t::@Width, %c2 : i32
    }
    %isExact = arith.cmpi eq, %seq, %c4 : i32
    scf.if %isExact {
      csb.write @t::@Width, %c4 : i32
    }
    return
  })mlir";
  EXPECT_EQ(run(text, 3, 0), "W 3 1");
  EXPECT_EQ(run(text, 4, 0), "W 3 2, W 3 4");
  EXPECT_EQ(run(text, 5, 0), "W 3 2");
}

const std::string layers = R"mlir(
  func.func private @run_layer(%layer: i32, %seq: i32, %past: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    csb.task "op"[%layer] "an op"
    scf.for %token = %c0 to %seq step %c1 : i32 {
      csb.write @t::@Width, %token : i32
    }
    return
  }
  func.func @run(%seq: i32, %past: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c5 = arith.constant 5 : i32
    scf.for %layer = %c0 to %c5 step %c1 : i32 {
      func.call @run_layer(%layer, %seq, %past) : (i32, i32, i32) -> ()
    } {llm.layer_loop}
    csb.task "end" "the end"
    return
  })mlir";

TEST_F(ProgramTest, CallsAFunctionPerLayer) {
  FailureOr<Program> program = create(layers);
  ASSERT_TRUE(succeeded(program));
  EXPECT_EQ(run(*program, 1, 0),
            "T 0 op, W 3 0, T 1 op, W 3 0, T 2 op, W 3 0, T 3 op, W 3 0, "
            "T 4 op, W 3 0, T -1 end");
}

// Whatever a loop calls, the attribute alone makes it one over layers.
TEST_F(ProgramTest, OtherLoopsAreNeverCutShort) {
  std::string text = layers;
  text.erase(text.find(" {llm.layer_loop}"), 17);
  FailureOr<Program> program = create(text);
  ASSERT_TRUE(succeeded(program));
  const std::string all = run(*program, 3, 0);
  EXPECT_EQ(run(*program, 3, 0, /*someLayers=*/true), all);
  EXPECT_NE(all.find("T 3 op"), std::string::npos);
}

// Loops over tokens are never cut short.
TEST_F(ProgramTest, SomeLayersAreTheFirstTheSecondAndTheLast) {
  FailureOr<Program> program = create(layers);
  ASSERT_TRUE(succeeded(program));
  const std::string some = "T 0 op, W 3 0, W 3 1, W 3 2, T 1 op, W 3 0, W 3 1, "
                           "W 3 2, T 4 op, W 3 0, W 3 1, W 3 2, T -1 end";
  EXPECT_EQ(run(*program, 3, 0, /*someLayers=*/true), some);
  // What is left out is counted.
  EXPECT_EQ(program->getWrites(), 15);
  EXPECT_EQ(program->getPolls(), 0);
  // The choice belongs to the call.
  EXPECT_NE(run(*program, 3, 0), some);
  EXPECT_EQ(program->getWrites(), 15);
}

TEST_F(ProgramTest, RunsAgainAsIfForTheFirstTime) {
  FailureOr<Program> program = create(slices);
  ASSERT_TRUE(succeeded(program));
  const std::string first = run(*program, 10, 3);
  run(*program, 1, 0);
  EXPECT_EQ(run(*program, 10, 3), first);
}

TEST_F(ProgramTest, RefusesCallsThatTheDriverRefuses) {
  FailureOr<Program> program = create(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      csb.check_call %seq, %past, 10
      csb.write @t::@Width, %seq : i32
      return
    })mlir");
  ASSERT_TRUE(succeeded(program));
  EXPECT_EQ(run(*program, 10, 0), "W 3 10");
  EXPECT_EQ(run(*program, 1, 9), "W 3 1");
  EXPECT_EQ(run(*program, 0, 0), "refused");
  EXPECT_EQ(run(*program, 1, -1), "refused");
  EXPECT_EQ(run(*program, 11, 0), "refused");
  EXPECT_EQ(run(*program, 1, 10), "refused");
  EXPECT_EQ(program->getMessage(), "its largest context is 10 tokens");
}

/// A program that writes an i64 to a register.
static std::string write(const std::string &constant) {
  return R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %c = arith.constant )mlir" +
         constant + R"mlir( : i64
      csb.task "op" "an op"
      csb.write @t::@Width, %c : i64
      csb.write @t::@Go, %seq : i32
      return
    })mlir";
}

TEST_F(ProgramTest, RegistersHave32Bits) {
  EXPECT_EQ(run(write("0"), 1, 0), "T -1 op, W 3 0, W 5 1");
  EXPECT_EQ(run(write("4294967295"), 1, 0), "T -1 op, W 3 4294967295, W 5 1");
  for (const char *value : {"4294967296", "-1"}) {
    FailureOr<Program> program = create(write(value));
    ASSERT_TRUE(succeeded(program));
    // Nothing follows what fails.
    EXPECT_EQ(run(*program, 1, 0), "T -1 oprefused");
    EXPECT_EQ(program->getMessage(),
              std::string("task 'op' writes ") + value +
                  " to t::Width, but registers hold 0 to 4294967295");
  }
}

TEST_F(ProgramTest, RefusesToDivideByZero) {
  for (const char *name : {"divsi", "remsi"}) {
    FailureOr<Program> program = create(std::string(R"mlir(
      func.func @run(%seq: i32, %past: i32) {
        csb.task "op" "an op"
        %0 = arith.)mlir") + name + R"mlir( %seq, %past : i32
        csb.write @t::@Width, %0 : i32
        return
      })mlir");
    ASSERT_TRUE(succeeded(program));
    EXPECT_EQ(run(*program, 7, 0), "T -1 oprefused");
    EXPECT_EQ(program->getMessage(), "task 'op' divides 7 by zero");
    EXPECT_NE(run(*program, 7, 2).find("W 3"), std::string::npos);
    EXPECT_EQ(program->getMessage(), "");
  }
}

TEST_F(ProgramTest, RefusesMoreThan64Bits) {
  FailureOr<Program> program = create(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %c = arith.constant 9223372036854775807 : i64
      %wide = arith.extsi %seq : i32 to i64
      %0 = arith.muli %c, %wide : i64
      %1 = arith.subi %0, %0 : i64
      csb.write @t::@Width, %1 : i64
      return
    })mlir");
  ASSERT_TRUE(succeeded(program));
  EXPECT_EQ(run(*program, 1, 0), "W 3 0");
  EXPECT_EQ(run(*program, 2, 0), "refused");
  EXPECT_EQ(program->getMessage(), "computes a value of more than 64 bits");
}

TEST_F(ProgramTest, RefusesMoreBitsThanTheDriverHas) {
  FailureOr<Program> program = create(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %c = arith.constant 2147483640 : i32
      %0 = arith.addi %seq, %c : i32
      csb.write @t::@Width, %0 : i32
      return
    })mlir");
  ASSERT_TRUE(succeeded(program));
  EXPECT_EQ(run(*program, 7, 0), "W 3 2147483647");
  EXPECT_EQ(run(*program, 8, 0), "refused");
  EXPECT_EQ(program->getMessage(), "computes a value of more than 32 bits");
}

/// A loop to \p end, an i64, in steps of \p step.
static std::string loop(const std::string &end, const std::string &step) {
  return R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %begin = arith.constant 0 : i64
      %end = arith.constant )mlir" +
         end + R"mlir( : i64
      %step = arith.constant )mlir" +
         step + R"mlir( : i64
      scf.for %i = %begin to %end step %step : i64 {
        csb.write @t::@Width, %seq : i32
      }
      return
    })mlir";
}

TEST_F(ProgramTest, LoopsEnd) {
  const std::string most = "9223372036854775807";
  EXPECT_EQ(run(loop("9223372036854775806", most), 1, 0), "W 3 1");
  // The driver would add the step once more.
  EXPECT_EQ(run(loop(most, "4611686018427387905"), 1, 0), "W 3 1refused");
  EXPECT_EQ(run(loop("2", "0"), 1, 0), "refused");
  EXPECT_EQ(run(loop("2", "-1"), 1, 0), "refused");
}

TEST_F(ProgramTest, CallsAreNotWithoutEnd) {
  std::string functions = "func.func @run(%seq: i32, %past: i32) {\n"
                          "  func.call @f0() : () -> ()\n  return\n}\n";
  for (int i = 0; i < 100; ++i)
    functions += "func.func private @f" + std::to_string(i) +
                 "() {\n  func.call @f" + std::to_string(i + 1) +
                 "() : () -> ()\n  return\n}\n";
  functions += "func.func private @f100() {\n  return\n}\n";
  expectRefusal(functions, "is called by more than 100 functions in a row");
}

TEST_F(ProgramTest, RefusesWhatNoDriverCouldHave) {
  expectRefusal("func.func @walk(%seq: i32, %past: i32) { return }",
                "has no function 'run'");
  expectRefusal("func.func @run(%seq: i32) { return }", "takes seq and past");
  expectRefusal("func.func private @run(i32, i32)", "has no body");
  expectRefusal(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      func.call @run(%seq, %past) : (i32, i32) -> ()
      return
    })mlir",
                "makes 'run' call itself");
  expectRefusal(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %0 = arith.xori %seq, %past : i32
      csb.write @t::@Width, %0 : i32
      return
    })mlir",
                "'arith.xori' op is no part of a register program");
  expectRefusal(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %0 = arith.constant 1.0 : f32
      return
    })mlir",
                "is no integer constant");
  expectRefusal(R"mlir(
    func.func @run(%seq: i32, %past: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %0 = scf.for %i = %c0 to %seq step %c1 iter_args(%x = %past) -> i32 : i32 {
        scf.yield %x : i32
      }
      return
    })mlir",
                "carries values");
}

} // namespace
