//===- ConvolutionTest.cpp - Convolutions equal the reference -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small images on devices whose memories are so small that starts share rows
// and output channels: what drivers compute must be what the interpreter does,
// bit for bit, and no check may find anything.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Devices.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Pack/PackedParameters.h"
#include "DLAVM/Support/Half.h"
#include "DLAVM/Support/OutputDirectory.h"
#include "DLAVM/Support/TemporaryDirectory.h"
#include "DLAVM/Tool/Tool.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace llvm;

namespace {

struct Size {
  int64_t rows, columns;
};

/// What a convolution is like.
struct Shape {
  Size image, kernel, strides, padding;
  int64_t inputs, outputs;
  bool isRelu = false;
};

/// A version with little memory on the chip. A row of 12 pixels takes 12 rows
/// of lanes of the activation memory, and the weights of 3 x 3 pixels
/// and up to 64 channels fit for 32 output channels.
std::string getSmallDevice(StringRef name) {
  DeviceRegistry &registry = DeviceRegistry::instance();
  const DeviceInfo &like = *registry.lookup(name);
  DeviceInfo device = like.derive((like.getVersion() + "-small").str());
  const int64_t lanes = like.getTraits().lanes;
  device.setParameter("Activation_Memory_Bits", 5 * 12 * lanes * 16);
  device.setParameter("Weight_Memory_Bits", 2 * 32 * 9 * like["Tin"] * 4);
  cantFail(registry.add(device));
  return device.getName();
}

std::string getModel(const Shape &shape) {
  auto places = [](int64_t image, int64_t kernel, int64_t stride,
                   int64_t padding) {
    return (image + 2 * padding - kernel) / stride + 1;
  };
  const int64_t rows = places(shape.image.rows, shape.kernel.rows,
                              shape.strides.rows, shape.padding.rows);
  const int64_t columns = places(shape.image.columns, shape.kernel.columns,
                                 shape.strides.columns, shape.padding.columns);
  auto print = [](Size size) {
    return formatv("{0} x {1}", size.rows, size.columns).str();
  };
  return formatv(
      R"mlir(
!in = tensor<1x{0}x{1}xf16>
!out = tensor<1x{2}x{3}xf16>
module @conv attributes {{llm.max_tokens = 2048 : i64} {{
  llm.parameter @weight from "weight" kernel [{4}, {5}] : tensor<{3}x{6}xi4>
  llm.parameter @scale from "scale" : tensor<{3}xf16>
  llm.parameter @bias from "bias" : tensor<{3}xf16>
  func.func @model(%x: !in) -> !out {{
    %y = llm.conv2d %x, @weight scale @scale bias @bias {7} window <{8}, kernel {9}, strides {10}, padding {11}> : !in -> !out
    return %y : !out
  }
})mlir",
      shape.image.rows * shape.image.columns, shape.inputs, rows * columns,
      shape.outputs, shape.kernel.rows, shape.kernel.columns,
      shape.kernel.rows * shape.kernel.columns * shape.inputs,
      shape.isRelu ? "relu" : "", print(shape.image), print(shape.kernel),
      print(shape.strides), print(shape.padding));
}

class Convolution : public testing::TestWithParam<const char *> {
protected:
  /// Compiles, checks and executes.
  void expectEqual(const Shape &shape, StringRef device) {
    const std::string model = getModel(shape);
    SCOPED_TRACE(device.str() + model);
    ExitOnError get;
    TemporaryDirectory directory = get(TemporaryDirectory::create());
    const std::string file = directory.getFile("conv.mlir");
    std::error_code error;
    raw_fd_ostream os(file, error);
    os << model;
    os.close();
    ASSERT_FALSE(error);
    CompileCommand compile;
    compile.model = file;
    compile.device = device.str();
    compile.outputDirectory = directory.getFile("driver");
    ASSERT_EQ(runCompile(compile), 0);
    CheckCommand check;
    check.directory = compile.outputDirectory;
    check.seq = Sweep{{1}};
    check.past = Sweep{{0}};
    check.execute = true;
    EXPECT_EQ(runCheck(check), 0);
  }
};

class Patches : public Convolution {};

} // namespace

TEST_P(Convolution, EqualsTheReference) {
  const std::string small = getSmallDevice(GetParam());
  const int64_t lanes =
      DeviceRegistry::instance().lookup(small)->getTraits().lanes;
  // Slices of five rows and of 32 channels; the image has odd sizes.
  const Shape sliced = {{14, 11}, {3, 3}, {2, 2}, {1, 1}, 35, 70, true};
  expectEqual(sliced, small);
  expectEqual(sliced, GetParam());
  for (const Shape &shape : {
           // Padding below more than the last start.
           Shape{{11, 12}, {5, 3}, {1, 2}, {2, 1}, 20, 40},
           // Pixels between the kernel's places; several surfaces of the input.
           Shape{{13, 5}, {2, 1}, {3, 3}, {0, 0}, lanes + 10, 33},
           // Several surfaces of the output.
           Shape{{9, 8}, {4, 4}, {4, 4}, {0, 0}, 3, lanes + 70},
           Shape{{7, 12}, {1, 1}, {1, 1}, {0, 0}, 40, 32},
           // The last start has a row left that nobody reads and that does not
           // fit the memory.
           Shape{{10, 12}, {3, 3}, {2, 2}, {0, 0}, 8, 32},
           // Too few rows fit: patches that the host cuts.
           Shape{{28, 42}, {14, 14}, {14, 14}, {0, 0}, 3, 40, true},
           // A row of one place, and a kernel as high as the image.
           Shape{{5, 3}, {5, 3}, {1, 1}, {0, 0}, 8, 5, true},
       })
    expectEqual(shape, small);
}

/// A device without convolutions.
TEST_P(Patches, EqualTheReference) {
  expectEqual({{28, 42}, {14, 14}, {14, 14}, {0, 0}, 3, 40}, GetParam());
  expectEqual({{6, 4}, {3, 2}, {3, 2}, {0, 0}, 35, 64, true}, GetParam());
}

/// Who has the packed parameters only sees the weights without their scales,
/// and these in the scale of the convolution.
TEST(PackedConvolution, WeightsAndScales) {
  ExitOnError get;
  TemporaryDirectory directory = get(TemporaryDirectory::create());
  const std::string file = directory.getFile("conv.mlir");
  std::error_code error;
  raw_fd_ostream os(file, error);
  os << getModel({{4, 6}, {2, 3}, {2, 3}, {0, 0}, 5, 40});
  os.close();
  CompileCommand compile;
  compile.model = file;
  compile.device = "ohbm-v80-20250326";
  compile.outputDirectory = directory.getFile("driver");
  ASSERT_EQ(runCompile(compile), 0);

  const DriverPlan plan = get(DriverPlan::read(compile.outputDirectory));
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(plan.device);
  RandomTensors tensors(plan.parameters, 1);
  const std::string parameters = directory.getFile("parameters");
  OutputDirectory output = get(OutputDirectory::open(parameters));
  get(packDirectory(output, plan, device, tensors, PackOptions()));
  const PackedParameters packed(parameters, plan, device);
  EXPECT_TRUE(packed.isKernels("weight"));
  EXPECT_FALSE(packed.isKernels("scale"));
  const std::vector<int8_t> weights = get(packed.readKernels("weight", 0));
  const std::vector<uint16_t> scales = get(packed.readVector("scale", 0));

  auto open = [&](StringRef name) {
    return get(ParameterRows::open(tensors, *plan.getParameter(name), 0));
  };
  std::vector<float> scale(40), row(30);
  open("scale").readRow(0, scale);
  const ParameterRows rows = open("weight");
  std::vector<int8_t> values(30);
  ASSERT_EQ(weights.size(), 40 * values.size());
  for (int64_t o = 0; o < 40; ++o) {
    rows.readRow(o, row);
    const uint16_t code = quantizeBlock(row, ScaleChoice::AbsMax, values);
    EXPECT_EQ(ArrayRef(values), ArrayRef(weights).slice(o * 30, 30)) << o;
    EXPECT_EQ(scales[o], doubleToHalf(halfToDouble(code) *
                                      halfToDouble(doubleToHalf(scale[o]))))
        << o;
  }
}

INSTANTIATE_TEST_SUITE_P(EdgeLLM, Patches, testing::Values("edgellm-20241128"),
                         [](const auto &) { return "Newest"; });
INSTANTIATE_TEST_SUITE_P(InHBM, Convolution,
                         testing::Values("ohbm-20250407", "ohbm-20250312",
                                         "ohbm-v80-20250326"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });
