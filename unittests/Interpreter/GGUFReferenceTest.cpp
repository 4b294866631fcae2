//===- GGUFReferenceTest.cpp - GGUF files and what others computed --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Import/Import.h"
#include "InterpreterTest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"

using namespace dlavm;
using namespace mlir;
namespace json = llvm::json;

namespace {

class GGUFReferenceTest : public InterpreterTest {
protected:
  /// The checksum of a tensor's elements as little-endian FP64.
  static std::string getChecksum(const Tensor &tensor) {
    llvm::SHA256 hash;
    std::vector<double> row(tensor.getRowSize());
    for (int64_t i = 0; i < tensor.getShape()[0]; ++i) {
      tensor.readRow(i, row);
      hash.update(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(row.data()),
                                 row.size() * sizeof(double)));
    }
    return llvm::toHex(hash.final(), /*LowerCase=*/true);
  }

  static void checkTensor(Checkpoint &checkpoint, llvm::StringRef name,
                          std::optional<llvm::StringRef> checksum) {
    auto tensor = get(checkpoint.getTensor(name));
    ASSERT_TRUE(tensor && checksum);
    EXPECT_EQ(getChecksum(*tensor), *checksum) << name.str();
  }

  /// Compares the tensors and the logits of all calls.
  void check(const std::string &path, const json::Object &reference) {
    std::unique_ptr<Checkpoint> checkpoint = get(Checkpoint::open(path));
    module = importModel(path, {}, context);
    ASSERT_TRUE(module && checkpoint);
    const json::Object &plain = *reference.getObject("dequantized");
    ASSERT_EQ(plain.getString("name"), "blk.1.ffn_down.weight");
    checkTensor(*checkpoint, "model.layers.1.mlp.down_proj.weight",
                plain.getString("sha256_float64"));
    const json::Object &query = *reference.getObject("dequantized_q");
    ASSERT_EQ(query.getString("name"), "blk.0.attn_q.weight");
    checkTensor(*checkpoint, "model.layers.0.self_attn.q_proj.weight",
                query.getString("sha256_float64_rows_turned_back"));

    FailureOr<std::unique_ptr<Interpreter>> interpreter = Interpreter::create(
        *module, *checkpoint, {Arithmetic::FP64, nullptr, ScaleChoice::AbsMax});
    ASSERT_TRUE(succeeded(interpreter));
    for (const json::Value &value : *reference.getArray("calls")) {
      const json::Object &call = *value.getAsObject();
      std::vector<int32_t> ids;
      for (const json::Value &id : *call.getArray("ids"))
        ids.push_back(static_cast<int32_t>(*id.getAsInteger()));
      Interpreter::Result result = get(
          (*interpreter)
              ->run(get((*interpreter)->embed(ids)), *call.getInteger("past")));
      const json::Array &logits = *call.getArray("logits_last");
      ASSERT_EQ(result.maps.front().values.size(), logits.size());
      for (size_t i = 0; i < logits.size(); ++i)
        ASSERT_NEAR(result.maps.front().values[i], *logits[i].getAsNumber(),
                    1e-9);
      EXPECT_EQ(result.token, *call.getInteger("argmax"));
    }
  }
};

TEST_F(GGUFReferenceTest, AllFiles) {
  const std::string root = DLAVM_SHARED_DIR "/models/architectures";
  if (!llvm::sys::fs::exists(root))
    GTEST_SKIP() << root << " is missing";
  unsigned count = 0;
  std::error_code error;
  for (llvm::sys::fs::recursive_directory_iterator it(root, error), end;
       !error && it != end; it.increment(error)) {
    llvm::StringRef stem = it->path();
    if (!stem.consume_back(".gguf"))
      continue;
    SCOPED_TRACE(it->path());
    auto text = llvm::MemoryBuffer::getFile(stem + ".reference.json");
    ASSERT_TRUE(bool(text));
    llvm::Expected<json::Value> reference = json::parse((*text)->getBuffer());
    ASSERT_TRUE(bool(reference));
    check(it->path(), *reference->getAsObject());
    ++count;
  }
  EXPECT_EQ(count, 6u);
}

} // namespace
