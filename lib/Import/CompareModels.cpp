//===- CompareModels.cpp - In what two models differ ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Import/CompareModels.h"

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

#include <charconv>
#include <cmath>

using namespace mlir;
using namespace dlavm;

namespace {

/// Each function returns false when it has found a difference.
class ModelComparison {
public:
  bool compareModules(ModuleOp here, ModuleOp driver);
  std::string difference;

private:
  bool compareOps(Operation *here, Operation *driver);
  bool compareBodies(func::FuncOp here, func::FuncOp driver);
  bool compareAttributes(DictionaryAttr here, DictionaryAttr driver,
                         const Twine &owner);
  template <typename T> bool fail(const Twine &what, T here, T driver) {
    llvm::raw_string_ostream os(difference);
    os << what << " is ";
    print(os, here);
    os << " here, ";
    print(os, driver);
    os << " in the driver";
    return false;
  }
  bool fail(const Twine &what) {
    difference = what.str();
    return false;
  }
  static void print(raw_ostream &os, Attribute attribute);
  static void print(raw_ostream &os, Type type) { os << type; }

  /// The values of the functions that are compared, in order.
  DenseMap<Value, unsigned> hereValues, driverValues;
};

} // namespace

/// The fewest digits that are this number: configurations have few.
static std::string printShortest(double number) {
  const auto whole = static_cast<int64_t>(number);
  if (std::abs(number) < 1e15 && static_cast<double>(whole) == number)
    return std::to_string(whole);
  char digits[32];
  return std::string(digits,
                     std::to_chars(digits, std::end(digits), number).ptr);
}

void ModelComparison::print(raw_ostream &os, Attribute attribute) {
  if (!attribute)
    os << "absent";
  else if (auto number = dyn_cast<FloatAttr>(attribute))
    os << printShortest(number.getValueAsDouble());
  else if (auto number = dyn_cast<IntegerAttr>(attribute))
    os << number.getValue();
  else
    os << attribute;
}

bool ModelComparison::compareAttributes(DictionaryAttr here,
                                        DictionaryAttr driver,
                                        const Twine &owner) {
  auto compare = [&](NamedAttribute attribute) {
    const StringAttr name = attribute.getName();
    if (here.get(name) == driver.get(name))
      return true;
    StringRef shown = name.strref();
    shown.consume_front("llm.");
    auto a = dyn_cast_if_present<ArrayAttr>(here.get(name));
    auto b = dyn_cast_if_present<ArrayAttr>(driver.get(name));
    if (a && b && a.size() == b.size())
      for (auto [i, x, y] : llvm::enumerate(a, b))
        if (x != y)
          return fail(owner + shown + "[" + Twine(i) + "]", x, y);
    return fail(owner + shown, here.get(name), driver.get(name));
  };
  return llvm::all_of(here, compare) && llvm::all_of(driver, compare);
}

bool ModelComparison::compareOps(Operation *here, Operation *driver) {
  std::string owner;
  if (auto function = here->getParentOfType<func::FuncOp>())
    owner =
        (here->getName().getStringRef() + " in @" + function.getName()).str();
  else if (auto parameter = dyn_cast<llm::ParameterOp>(here))
    owner = ("the parameter '" + parameter.getName() + "'").str();
  else
    owner = ("@" + SymbolTable::getSymbolName(here).strref()).str();
  if (here->getName() != driver->getName())
    return fail(owner + " stands where the driver has " +
                driver->getName().getStringRef());
  if (!compareAttributes(here->getAttrDictionary(), driver->getAttrDictionary(),
                         owner + ": "))
    return false;
  for (auto [a, b] :
       llvm::zip(here->getResultTypes(), driver->getResultTypes()))
    if (a != b)
      return fail(owner + ": the result", a, b);
  const bool takesEqual =
      here->getNumOperands() == driver->getNumOperands() &&
      llvm::all_of(llvm::zip(here->getOperands(), driver->getOperands()),
                   [&](auto pair) {
                     return hereValues.lookup(std::get<0>(pair)) ==
                            driverValues.lookup(std::get<1>(pair));
                   });
  if (!takesEqual || here->getNumResults() != driver->getNumResults() ||
      here->getNumRegions() != driver->getNumRegions())
    return fail(owner + " takes other values than in the driver");
  return true;
}

/// All ops in the order of the text, with \p values numbered.
static SmallVector<Operation *> getOps(func::FuncOp function,
                                       DenseMap<Value, unsigned> &values) {
  SmallVector<Operation *> ops;
  auto number = [&](ValueRange range) {
    for (Value value : range)
      values.try_emplace(value, values.size() + 1);
  };
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != function)
      ops.push_back(op);
    number(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        number(block.getArguments());
  });
  return ops;
}

bool ModelComparison::compareBodies(func::FuncOp here, func::FuncOp driver) {
  hereValues.clear();
  driverValues.clear();
  const SmallVector<Operation *> hereOps = getOps(here, hereValues);
  const SmallVector<Operation *> driverOps = getOps(driver, driverValues);
  for (auto [a, b] : llvm::zip(hereOps, driverOps))
    if (!compareOps(a, b))
      return false;
  if (hereOps.size() == driverOps.size())
    return true;
  return fail("@" + here.getName() + " has " + Twine(hereOps.size()) +
              " ops here, " + Twine(driverOps.size()) + " in the driver");
}

bool ModelComparison::compareModules(ModuleOp here, ModuleOp driver) {
  auto getAttributes = [](ModuleOp module) {
    return DictionaryAttr::get(module.getContext(),
                               to_vector(module->getDiscardableAttrs()));
  };
  if (!compareAttributes(getAttributes(here), getAttributes(driver),
                         "the model: "))
    return false;
  // Functions first: what they compute says more than the shapes of weights.
  const bool hasForms = llvm::range_size(driver.getOps<func::FuncOp>()) > 2;
  for (auto function : driver.getOps<func::FuncOp>())
    if (auto other = here.lookupSymbol<func::FuncOp>(function.getName())) {
      if (compareBodies(other, function))
        continue;
      // Of loops and calls nobody knows anything.
      if (hasForms && function.isPublic())
        return fail("other layers than in the driver are without a rotary "
                    "embedding ('no_rope_layers'), or what follows the layers "
                    "differs");
      return false;
    }
  for (auto [a, b, isMissing] :
       {std::tuple(driver, here, true), std::tuple(here, driver, false)})
    for (Operation &op : a.getOps()) {
      const StringAttr name = SymbolTable::getSymbolName(&op);
      Operation *other = b.lookupSymbol(name);
      if (!other)
        return fail("'" + name.strref() +
                    (isMissing ? "' is missing here"
                               : "' is here, but not in the driver"));
      if (isMissing && !compareOps(other, &op))
        return false;
    }
  return true;
}

std::string dlavm::compareModels(ModuleOp here, ModuleOp driver) {
  ModelComparison comparison;
  comparison.compareModules(here, driver);
  return std::move(comparison.difference);
}
