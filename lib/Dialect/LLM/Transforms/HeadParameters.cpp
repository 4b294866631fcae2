//===- HeadParameters.cpp - How heads lie in parameters -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadParameters.h"

using namespace mlir;
using namespace dlavm::llm;

/// The attributes of a linear layer that name parameters.
static SmallVector<StringAttr, 3> getRoles(LinearOp linear) {
  SmallVector<StringAttr, 3> roles = {linear.getWeightAttrName()};
  if (linear.getScaleAttr())
    roles.append({linear.getScaleAttrName(), linear.getBiasAttrName()});
  return roles;
}

ParameterOp HeadParameters::lookup(LinearOp linear, StringAttr role) {
  auto name = linear->getAttrOfType<FlatSymbolRefAttr>(role);
  return symbols.lookup<ParameterOp>(name.getAttr());
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

LogicalResult HeadParameters::plan(LinearOp linear, StringAttr role,
                                   bool isColumns, int64_t heads,
                                   int64_t channels, Change change) {
  ParameterOp parameter = lookup(linear, role);
  HeadsAttr present =
      isColumns ? parameter.getColumnHeadsAttr() : parameter.getRowHeadsAttr();
  if (!present)
    present =
        HeadsAttr::get(linear.getContext(), {heads, channels, 0, channels});
  // With as many heads they also have as many channels.
  HeadsAttr changed =
      present.getHeads() == heads ? change(present) : HeadsAttr();
  if (!changed) {
    InFlightDiagnostic diagnostic =
        linear.emitOpError("has ")
        << heads << " heads of " << channels << " channels as the "
        << (isColumns ? "columns" : "rows") << " of its " << role.getValue()
        << ", which lie as " << present << " there and cannot be changed";
    diagnostic.attachNote(parameter.getLoc()) << "declared here";
    return diagnostic;
  }
  Layout &layout = layouts[{linear, role}];
  (isColumns ? layout.columns : layout.rows) = changed;
  return success();
}

LogicalResult HeadParameters::planRows(LinearOp linear, int64_t heads,
                                       int64_t channels, bool keepsSplats,
                                       Change change) {
  for (StringAttr role : getRoles(linear)) {
    if (keepsSplats && lookup(linear, role).getSplat())
      continue;
    if (failed(
            plan(linear, role, /*isColumns=*/false, heads, channels, change)))
      return failure();
  }
  return success();
}

LogicalResult HeadParameters::planColumns(LinearOp linear, int64_t heads,
                                          int64_t channels, Change change) {
  return plan(linear, linear.getWeightAttrName(), /*isColumns=*/true, heads,
              channels, change);
}

//===----------------------------------------------------------------------===//
// Apply
//===----------------------------------------------------------------------===//

bool HeadParameters::isUsedOtherwise(ParameterOp parameter,
                                     const SymbolUserMap &users) const {
  return llvm::any_of(users.getUsers(parameter), [&](Operation *user) {
    auto linear = dyn_cast<LinearOp>(user);
    if (!linear)
      return true;
    return llvm::any_of(getRoles(linear), [&](StringAttr role) {
      auto name = linear->getAttrOfType<FlatSymbolRefAttr>(role);
      return name.getAttr() == parameter.getSymNameAttr() &&
             !layouts.contains({linear, role});
    });
  });
}

ParameterOp HeadParameters::create(ParameterOp parameter, const Layout &layout,
                                   bool isCopy) {
  if (isCopy) {
    ParameterOp original = parameter;
    parameter = original.clone();
    parameter.setSymName((original.getSymName() + "_heads").str());
    symbols.insert(parameter, std::next(original->getIterator()));
  }
  auto type = cast<RankedTensorType>(parameter.getType());
  SmallVector<int64_t> shape(type.getShape());
  if (HeadsAttr rows = layout.rows) {
    parameter.setRowHeadsAttr(rows);
    shape[0] = rows.getLayout().getSize();
  }
  if (HeadsAttr columns = layout.columns) {
    parameter.setColumnHeadsAttr(columns);
    shape[1] = columns.getLayout().getSize();
  }
  parameter.setType(RankedTensorType::get(shape, type.getElementType()));
  return parameter;
}

void HeadParameters::apply() {
  llvm::MapVector<ParameterOp, SmallVector<Use>> uses;
  for (const auto &[use, layout] : layouts)
    uses[lookup(cast<LinearOp>(use.first), use.second)].push_back(use);
  SymbolTableCollection tables;
  SymbolUserMap users(tables, module);

  for (auto &[parameter, usesOfIt] : uses) {
    SmallVector<std::pair<Layout, ParameterOp>> variants;
    // The first variant takes the parameter's place where nothing needs that.
    // It is made last, as the others are copies of the parameter as it was.
    const bool keepsOriginal = isUsedOtherwise(parameter, users);
    const Layout first = layouts.lookup(usesOfIt.front());
    for (const Use &use : usesOfIt) {
      const Layout layout = layouts.lookup(use);
      if (!keepsOriginal && layout == first)
        continue;
      auto *found = llvm::find_if(
          variants, [&](auto &variant) { return variant.first == layout; });
      ParameterOp variant =
          found != variants.end()
              ? found->second
              : variants
                    .emplace_back(layout,
                                  create(parameter, layout, /*isCopy=*/true))
                    .second;
      use.first->setAttr(use.second, FlatSymbolRefAttr::get(variant));
    }
    if (!keepsOriginal)
      create(parameter, first, /*isCopy=*/false);
  }
}
