//===- PlanReader.h - Fields of a plan from JSON --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PLAN_PLANREADER_H
#define DLAVM_LIB_PLAN_PLANREADER_H

#include "PlanFields.h"

#include "llvm/ADT/STLExtras.h"

namespace dlavm {

/// Fills the fields of one JSON object. What is wrong first is noted with its
/// place; then all functions return false.
class PlanReader {
public:
  /// The first thing that is wrong.
  struct Problem {
    std::string expected, place, found;
  };

  PlanReader(const llvm::json::Object &object, std::string place,
             Problem &problem)
      : object(object), place(std::move(place)), problem(problem) {}

  bool map(llvm::StringRef key, std::string &text);
  bool map(llvm::StringRef key, bool &flag);
  bool map(llvm::StringRef key, double &number);
  bool map(llvm::StringRef key, ObjectKind &kind);
  bool map(llvm::StringRef key, int64_t &number, PlanRange range);
  bool map(llvm::StringRef key, std::vector<std::string> &texts);
  /// 16 hexadecimal digits.
  bool mapHex(llvm::StringRef key, uint64_t &number);

  template <typename List>
  auto map(llvm::StringRef key, List &list, PlanRange range)
      -> decltype(list.push_back(0), true) {
    return forEach(key, [&](const llvm::json::Value &value, std::string where) {
      int64_t number = 0;
      if (!read(value, where, number, range))
        return false;
      list.push_back(number);
      return true;
    });
  }
  template <typename Entry>
  bool map(llvm::StringRef key, std::vector<Entry> &entries) {
    return forEach(key, [&](const llvm::json::Value &value, std::string where) {
      return readObject(value, where, entries.emplace_back());
    });
  }

  /// One of them is there. The text is empty if it is the number.
  bool mapEither(llvm::StringRef key, std::string &text,
                 llvm::StringRef otherKey, double &number);

  /// What may be missing stays as it is then.
  bool mapOptional(llvm::StringRef key, std::string &text);
  bool mapOptional(llvm::StringRef key, bool &flag) {
    return !find(key) || map(key, flag);
  }
  bool mapOptional(llvm::StringRef key, double &number) {
    return !find(key) || map(key, number);
  }
  bool mapOptional(llvm::StringRef key, llvm::json::Object &any);
  bool mapOptional(llvm::StringRef key, std::optional<int64_t> &number,
                   PlanRange range) {
    return !object.get(key) || map(key, number.emplace(), range);
  }
  bool mapOptional(llvm::StringRef key, std::vector<std::string> &texts) {
    return !find(key) || map(key, texts);
  }
  bool mapOptionalHex(llvm::StringRef key, std::optional<uint64_t> &number) {
    return !find(key) || mapHex(key, number.emplace());
  }
  bool mapOptional(llvm::StringRef key, llvm::SmallVector<int64_t, 2> &numbers,
                   PlanRange range) {
    return !object.get(key) || map(key, numbers, range);
  }
  template <typename Entry>
  bool mapOptional(llvm::StringRef key, std::optional<Entry> &entry) {
    const llvm::json::Value *value = find(key);
    return !value || readObject(*value, getPlace(key), entry.emplace());
  }

  /// Refuses keys that nobody asked for.
  bool finish();

private:
  /// The value of the key, which is known from now on.
  const llvm::json::Value *find(llvm::StringRef key) {
    known.push_back(key);
    return object.get(key);
  }
  /// The same; one that is missing is refused.
  const llvm::json::Value *get(llvm::StringRef key);
  std::string getPlace(llvm::StringRef key) const {
    return (place.empty() ? "" : place + ".") + key.str();
  }
  /// A value of one JSON type: \p as yields it where it is of that type.
  template <typename T, typename Found>
  bool mapScalar(llvm::StringRef key, T &result,
                 std::optional<Found> (llvm::json::Value::*as)() const,
                 llvm::StringRef type);
  bool refuse(std::string where, std::string expected,
              const llvm::json::Value *found);
  bool read(const llvm::json::Value &value, const std::string &where,
            int64_t &number, PlanRange range);
  bool forEach(
      llvm::StringRef key,
      llvm::function_ref<bool(const llvm::json::Value &, std::string)> read);
  template <typename Entry>
  bool readObject(const llvm::json::Value &value, const std::string &where,
                  Entry &entry) {
    const llvm::json::Object *fields = value.getAsObject();
    if (!fields)
      return refuse(where, "expected object", &value);
    PlanReader reader(*fields, where, problem);
    return mapFields(reader, entry) && reader.finish();
  }

  const llvm::json::Object &object;
  std::string place;
  Problem &problem;
  llvm::SmallVector<llvm::StringRef, 16> known;
};

} // namespace dlavm

#endif // DLAVM_LIB_PLAN_PLANREADER_H
