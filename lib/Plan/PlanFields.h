//===- PlanFields.h - What plan.json has ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PLAN_PLANFIELDS_H
#define DLAVM_LIB_PLAN_PLANFIELDS_H

#include "PlanRange.h"

#include "DLAVM/Plan/DriverPlan.h"

namespace dlavm {

// Each function names the keys of one JSON object, in the order in which they
// are written. A PlanReader fills the fields, a PlanWriter prints them. False
// ends it: something could not be read.

template <typename IO> bool mapFields(IO &io, HostFunction &function) {
  return io.map("name", function.name) && io.map("kind", function.kind) &&
         io.map("channels", function.channels, anyInt) &&
         io.map("last_token_only", function.lastTokenOnly) &&
         io.mapOptional("rows", function.rows, positiveInt) &&
         io.map("buffer", function.buffer);
}

template <typename IO> bool mapFields(IO &io, PlanTask &task) {
  return io.map("name", task.name) && io.map("computes", task.computes) &&
         io.map("in_layers", task.inLayers) && io.map("result", task.result) &&
         io.mapOptional("unmasked", task.isUnmasked) &&
         io.mapOptional("slice", task.slice, positiveInt) &&
         io.mapOptional("merges", task.merges) &&
         io.mapOptional("decode_result", task.decodeResult);
}

template <typename IO> bool mapFields(IO &io, PlanBuffer &buffer) {
  return io.map("name", buffer.name) && io.map("space", buffer.memory) &&
         io.map("address", buffer.address, anyLong) &&
         io.map("bytes", buffer.bytes, positiveLong) &&
         io.map("is_input", buffer.isInput) &&
         io.map("live", buffer.live, anyInt) &&
         io.mapOptional("slice", buffer.slice, positiveInt);
}

template <typename IO> bool mapFields(IO &io, PlanObject &object) {
  return io.map("name", object.name) && io.map("kind", object.kind) &&
         io.map("shape", object.shape, positiveInt) &&
         io.map("from", object.from) && io.mapOptional("with", object.config) &&
         io.map("space", object.memory) &&
         io.map("address", object.address, anyLong) &&
         io.map("bytes", object.bytes, positiveLong) &&
         io.map("layers", object.layers, anyInt) &&
         io.map("layer_stride", object.layerStride, anyLong) &&
         io.map("dma_base", object.dmaBase, anyLong) &&
         io.map("ports", object.ports, positiveInt) &&
         io.map("port_stride", object.portStride, anyLong) &&
         (object.kind == ObjectKind::KVCache
              ? io.mapOptional("file", object.file)
              : io.map("file", object.file));
}

template <typename IO> bool mapFields(IO &io, HeadLayout &heads) {
  return io.map("heads", heads.heads, positiveInt) &&
         io.map("channels", heads.channels, positiveInt) &&
         io.map("interleaved", heads.interleaved, anyInt) &&
         io.map("padded_channels", heads.paddedChannels, positiveInt) &&
         io.map("groups", heads.groups, positiveInt) &&
         io.map("empty_heads", heads.emptyHeads, anyInt);
}

template <typename IO> bool mapFields(IO &io, RowSlice &rows) {
  return io.map("first", rows.first, anyInt) &&
         io.map("run", rows.run, anyInt) &&
         io.map("stride", rows.stride, anyInt);
}

template <typename IO> bool mapFields(IO &io, ParameterInfo &info) {
  return io.map("name", info.name) &&
         io.mapEither("tensor", info.tensor, "splat", info.splat) &&
         io.mapOptional("rows", info.rows) &&
         io.map("layers", info.layers, anyInt) &&
         io.map("shape", info.shape, positiveInt) &&
         io.mapOptional("row_heads", info.rowHeads) &&
         io.mapOptional("column_heads", info.columnHeads) &&
         io.mapOptional("kernel", info.kernel, positiveInt) &&
         io.mapOptional("normalized", info.isNormalized) &&
         io.mapOptional("factor", info.factor);
}

template <typename IO> bool mapFields(IO &io, PackedFile &file) {
  return io.map("path", file.path) &&
         io.map("bytes", file.bytes, positiveLong) &&
         io.mapHex("checksum", file.checksum);
}

template <typename IO> bool mapFields(IO &io, PackedPlan &packed) {
  return io.map("scale_choice", packed.scaleChoice) &&
         io.map("end_tokens", packed.endTokens, anyInt) &&
         io.mapOptional("usable_ids", packed.usableIds, positiveInt) &&
         io.map("files", packed.files);
}

template <typename IO>
bool mapFields(IO &io, PlanOptimizations &optimizations) {
  return io.map("passes", optimizations.passes) &&
         io.map("slice_bytes", optimizations.sliceBytes, anyLong) &&
         io.mapOptional("slice_softmax", optimizations.slicesSoftmax) &&
         io.mapOptional("merge_linears", optimizations.mergesLinears);
}

template <typename IO> bool mapFields(IO &io, DriverPlan &plan) {
  return io.map("driver", plan.driver) &&
         io.map("namespace", plan.namespaceName) &&
         io.map("device", plan.device) &&
         io.map("max_tokens", plan.maxTokens, positiveInt) &&
         io.map("accesses", plan.accesses, anyInt) &&
         io.map("fingerprint", plan.fingerprint) &&
         io.map("model", plan.model) &&
         io.mapOptionalHex("model_checksum", plan.modelChecksum) &&
         io.map("embedding", plan.embedding) &&
         io.mapOptional("optimizations", plan.optimizations) &&
         io.map("functions", plan.functions) && io.map("tasks", plan.tasks) &&
         io.map("buffers", plan.buffers) && io.map("objects", plan.objects) &&
         io.map("parameters", plan.parameters) &&
         io.mapOptional("packed", plan.packed);
}

} // namespace dlavm

#endif // DLAVM_LIB_PLAN_PLANFIELDS_H
