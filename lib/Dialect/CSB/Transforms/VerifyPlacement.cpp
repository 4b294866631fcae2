#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"
namespace dlavm::csb {
#define GEN_PASS_DEF_VERIFYPLACEMENT
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"
} // namespace dlavm::csb
namespace {
struct VerifyPlacement : dlavm::csb::impl::VerifyPlacementBase<VerifyPlacement> {
  using VerifyPlacementBase::VerifyPlacementBase;
  void runOnOperation() override {}
};
} // namespace
