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

//===----------------------------------------------------------------------===//
// What makes heads
//===----------------------------------------------------------------------===//

/// The op that makes \p value if it is an OpTy and has no other use.
template <typename OpTy> static OpTy getOnlyFor(Value value) {
  return value.hasOneUse() ? value.getDefiningOp<OpTy>() : OpTy();
}

std::optional<HeadSource> dlavm::llm::getHeadSource(Value heads) {
  HeadSource source;
  source.normOfEach = getOnlyFor<RMSNormOp>(heads);
  source.split = getOnlyFor<SplitHeadsOp>(
      source.normOfEach ? source.normOfEach.getInput() : heads);
  if (!source.split)
    return std::nullopt;
  Value merged = source.split.getInput();
  source.normOfAll = getOnlyFor<RMSNormOp>(merged);
  source.linear = getOnlyFor<LinearOp>(
      source.normOfAll ? source.normOfAll.getInput() : merged);
  if (!source.linear || source.linear.getResidual())
    return std::nullopt;
  return source;
}

bool dlavm::llm::isNormOfEach(RMSNormOp norm) {
  return norm.getInput().getDefiningOp<SplitHeadsOp>() != nullptr;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// The attributes of a linear layer or a norm that name parameters.
static SmallVector<StringAttr, 3> getRoles(Operation *op) {
  if (auto norm = dyn_cast<RMSNormOp>(op))
    return {norm.getWeightAttrName()};
  auto linear = dyn_cast<LinearOp>(op);
  if (!linear)
    return {};
  SmallVector<StringAttr, 3> roles = {linear.getWeightAttrName()};
  if (linear.getScaleAttr())
    roles.append({linear.getScaleAttrName(), linear.getBiasAttrName()});
  return roles;
}

ParameterOp HeadParameters::lookup(Operation *op, StringAttr role) {
  auto name = op->getAttrOfType<FlatSymbolRefAttr>(role);
  return symbols.lookup<ParameterOp>(name.getAttr());
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

LogicalResult HeadParameters::plan(Operation *op, StringAttr role,
                                   bool isColumns, int64_t heads,
                                   int64_t channels, Change change) {
  ParameterOp parameter = lookup(op, role);
  HeadsAttr present =
      isColumns ? parameter.getColumnHeadsAttr() : parameter.getRowHeadsAttr();
  if (!present)
    present = HeadsAttr::get(op->getContext(), {heads, channels, 0, channels});
  // With as many heads they also have as many channels.
  HeadsAttr changed =
      present.getHeads() == heads ? change(present) : HeadsAttr();
  if (!changed) {
    InFlightDiagnostic diagnostic =
        op->emitOpError("has ")
        << heads << " heads of " << channels << " channels as the "
        << (isColumns ? "columns" : "rows") << " of its " << role.getValue()
        << ", which lie as " << present << " there and cannot be changed";
    diagnostic.attachNote(parameter.getLoc()) << "declared here";
    return diagnostic;
  }
  Layout &layout = layouts[{op, role}];
  (isColumns ? layout.columns : layout.rows) = changed;
  auto norm = dyn_cast<RMSNormOp>(op);
  const int64_t size = present.getLayout().getSize();
  const int64_t changedSize = changed.getLayout().getSize();
  if (norm && size != changedSize) {
    const double share = static_cast<double>(size) / changedSize;
    layout.factor = std::sqrt(share);
    epsilons[norm] = share * norm.getEpsilon().convertToDouble();
  }
  return success();
}

LogicalResult HeadParameters::planRows(Operation *op, int64_t heads,
                                       int64_t channels, bool keepsSplats,
                                       Change change) {
  for (StringAttr role : getRoles(op)) {
    if (keepsSplats && lookup(op, role).getSplat())
      continue;
    if (failed(plan(op, role, /*isColumns=*/false, heads, channels, change)))
      return failure();
  }
  return success();
}

LogicalResult HeadParameters::planRows(HeadSource source, bool keepsSplats,
                                       Change change) {
  auto type = cast<RankedTensorType>(source.split.getType());
  const int64_t heads = type.getDimSize(0), channels = type.getDimSize(2);
  if (source.normOfAll &&
      failed(planRows(source.normOfAll, heads, channels, keepsSplats, change)))
    return failure();
  return planRows(source.linear, heads, channels, keepsSplats, change);
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
    const SmallVector<StringAttr, 3> roles = getRoles(user);
    return roles.empty() || llvm::any_of(roles, [&](StringAttr role) {
             auto name = user->getAttrOfType<FlatSymbolRefAttr>(role);
             return name.getAttr() == parameter.getSymNameAttr() &&
                    !layouts.contains({user, role});
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
  if (layout.factor != 1) {
    std::optional<APFloat> value =
        parameter.getSplat() ? parameter.getSplat() : parameter.getTimes();
    const APFloat product(layout.factor *
                          (value ? value->convertToDouble() : 1));
    parameter.getSplat() ? parameter.setSplat(product)
                         : parameter.setTimes(product);
  }
  return parameter;
}

void HeadParameters::apply() {
  llvm::MapVector<ParameterOp, SmallVector<Use>> uses;
  for (const auto &[use, layout] : layouts)
    uses[lookup(use.first, use.second)].push_back(use);
  for (auto [norm, epsilon] : epsilons)
    norm.setEpsilon(APFloat(epsilon));
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
