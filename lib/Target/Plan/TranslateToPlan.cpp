//===- TranslateToPlan.cpp - plan.json from csb -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Target/TranslateToPlan.h"
#include "Steps.h"

#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace dlavm;

LogicalResult dlavm::translateToPlan(ModuleOp module, StringRef headerName,
                                     StringRef namespaceName, raw_ostream &os) {
  auto device = module->getAttrOfType<StringAttr>(
      accel::AccelDialect::getDeviceAttrName());
  std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
  if (!device || !maxTokens)
    return module.emitError("names no device or no largest context; compile it "
                            "with --dlavm-compile before");
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attribute("driver", headerName);
    json.attribute("namespace", namespaceName);
    json.attribute("device", device.getValue());
    json.attribute("max_tokens", *maxTokens);
    json.attributeArray("tasks", [&] {
      for (csb::TaskOp task : getSteps(module))
        json.object([&] {
          json.attribute("name", task.getName());
          json.attribute("computes", task.getComment());
          json.attribute("in_layers", bool(task.getLayer()));
        });
    });
    json.attributeArray("buffers", [&] {
      for (auto buffer : module.getOps<csb::BufferOp>())
        json.object([&] {
          json.attribute("name", buffer.getSymName());
          json.attribute("space", "DDR");
          json.attribute("address", int64_t(buffer.getAddress()));
          json.attribute("bytes", int64_t(buffer.getBytes()));
          json.attribute("is_input", buffer.getInput());
          json.attributeArray("live", [&] {
            for (int64_t step : buffer.getLive())
              json.value(step);
          });
        });
    });
    json.attributeArray("objects", [&] {
      for (auto object : module.getOps<csb::ObjectOp>())
        json.object([&] {
          json.attribute("name", object.getSymName());
          json.attribute("kind", object.getKind());
          json.attribute("space", object.getSpace());
          json.attribute("address", int64_t(object.getAddress()));
          json.attribute("bytes", int64_t(object.getBytes()));
          json.attribute("layers", int64_t(object.getLayers().value_or(0)));
          json.attribute("layer_stride", int64_t(object.getStride()));
          json.attribute("dma_base", int64_t(object.getDmaBase()));
          json.attribute("ports", int64_t(object.getPorts()));
          json.attribute("port_stride", int64_t(object.getPortStride()));
          if (object.getFile())
            json.attribute("file", *object.getFile());
        });
    });
  });
  os << "\n";
  return success();
}
