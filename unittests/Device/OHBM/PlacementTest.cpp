//===- PlacementTest.cpp - Proof of the placement on ohbm -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole programs pass csb-verify-placement; addresses that a wrong planner
// would have chosen do not.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "LookUp.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;

namespace {

class OHBMPlacementTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    for (const DeviceInfo &device : getDevices())
      llvm::cantFail(DeviceRegistry::instance().add(device));
  }

  OHBMPlacementTest() {
    DialectRegistry dialects;
    registerAllDialects(dialects);
    context.appendDialectRegistry(dialects);
  }

  /// What the pass says of a module of accel with addresses.
  std::string verify(ModuleOp module) {
    std::string messages;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return success();
    });
    PassManager manager(&context);
    manager.addPass(createConvertAccelToCSB());
    manager.addPass(createVerifyPlacement());
    const bool isProved = succeeded(manager.run(module));
    EXPECT_EQ(isProved, messages.empty());
    return messages;
  }
  std::string verify(const std::string &text) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return "no module:\n" + text;
    return verify(*module);
  }

  MLIRContext context;
};

/// Two norms, one after the other, and the sum of both results; the maps of
/// 2048 tokens have 65536 bytes in each port.
std::string twoNorms(int64_t second, int64_t weight) {
  const std::string map = "memref<1x?x512xf16, #accel.space<HBM>>";
  auto buffer = [&](const std::string &name, int64_t address,
                    const std::string &host = "") {
    return "%" + name + " = accel.buffer \"" + name + "\" at " +
           std::to_string(address) + " bytes 65536 live [0, 2]" + host + " : " +
           map + ", <1, seq, 512>\n";
  };
  return "module attributes {accel.device = \"ohbm-20250407\", llm.max_tokens "
         "= 2048 : i64} {\n"
         "accel.object @w norm_weight [512] in <HBM> at " +
         std::to_string(weight) +
         " bytes 64 stride 0\n"
         "func.func @run() {\n" +
         buffer("x", 0, " host input \"x\" channels 512") + buffer("a", 65536) +
         buffer("b", second) + buffer("y", 65536 * 4) +
         "%w = accel.get_object @w : !accel.object\n"
         "accel.norm rms \"first\" ins(%x : " +
         map + ") weight(%w) outs(%a : " + map +
         ") [512]\n"
         "accel.norm rms \"second\" ins(%x : " +
         map + ") weight(%w) outs(%b : " + map +
         ") [512]\n"
         "accel.elementwise add \"sum\" ins(%a, %b : " +
         map + ", " + map + ") outs(%y : " + map +
         ") [512]\n"
         "return\n}\n}\n";
}

TEST_F(OHBMPlacementTest, HandMadeOverlap) {
  EXPECT_EQ(verify(twoNorms(65536 * 2, 65536 * 8)), "");
  const std::string overlap = verify(twoNorms(65536 * 2 - 64, 65536 * 8));
  EXPECT_NE(overlap.find("'second' with 2048 tokens after 0: the task "
                         "overwrites bytes [131008, 131072), which first "),
            std::string::npos)
      << overlap;
  const std::string parameter = verify(twoNorms(65536 * 2, 65536 * 3 - 64));
  EXPECT_NE(parameter.find("[norm::OutputAddress]"), std::string::npos)
      << parameter;
}

TEST_F(OHBMPlacementTest, ModelsAreProved) {
  for (const std::string name : {"ohbm-20250407", "ohbm-v80-20250326"}) {
    OwningOpRef<ModuleOp> module = importModel(
        std::string(DLAVM_MODELS_DIR) + "/qwen2-7b.json", {2, 2048}, context);
    ASSERT_TRUE(module);
    CompileOptions options;
    options.device = name;
    PassManager manager(&context);
    buildLLMPipeline(manager, options);
    buildAccelPipeline(manager, options);
    ASSERT_TRUE(succeeded(manager.run(*module)));
    EXPECT_EQ(verify(*module), "") << name;
  }
}

} // namespace
