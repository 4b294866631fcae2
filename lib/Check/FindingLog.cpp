//===- FindingLog.cpp - Collects findings ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/FindingLog.h"

#include "llvm/ADT/StringExtras.h"

using namespace dlavm;

std::string dlavm::describe(const Finding &finding) {
  std::string text = finding.task;
  auto append = [&](const llvm::Twine &part) {
    if (!text.empty())
      text += ", ";
    text += part.str();
  };
  if (finding.layer >= 0)
    text += " of layer " + std::to_string(finding.layer);
  if (!finding.task.empty())
    append("start " + llvm::Twine(finding.start) + " of the call of " +
           llvm::Twine(finding.seq) + " tokens after " +
           llvm::Twine(finding.past));
  if (!finding.reg.empty())
    append(finding.reg);
  if (!finding.buffer.empty())
    append("buffer " + finding.buffer);
  text += (text.empty() ? "" : ": ") + finding.message;
  if (finding.count > 1)
    text += " (" + std::to_string(finding.count) + " times)";
  return text;
}

void FindingLog::beginRun(int64_t newSeq, int64_t newPast) {
  seq = newSeq;
  past = newPast;
}

unsigned FindingLog::intern(llvm::StringRef name) {
  auto [it, inserted] =
      numbers.try_emplace(name, static_cast<unsigned>(names.size()));
  if (inserted)
    names.push_back(it->getKey());
  return it->second;
}

std::string FindingLog::describe(Mark mark) const {
  std::string text = names[mark.name].str();
  if (mark.layer >= 0)
    text += " of layer " + std::to_string(mark.layer);
  return text;
}

std::string FindingLog::describe(ByteRange bytes) {
  return "bytes [" + std::to_string(bytes.begin) + ", " +
         std::to_string(bytes.end) + ")";
}

void FindingLog::report(Mark mark, unsigned start, llvm::StringRef reg,
                        llvm::StringRef buffer, const llvm::Twine &message) {
  const llvm::StringRef task = names[mark.name];
  std::string text = message.str();
  std::string key = (task + "\n" + reg + "\n").str();
  llvm::copy_if(text, std::back_inserter(key),
                [](char c) { return !llvm::isDigit(c); });
  auto [it, inserted] = known.try_emplace(key, findings.size());
  if (!inserted) {
    ++findings[it->second].count;
    return;
  }
  findings.push_back({seq, past, mark.layer, task.str(), start, reg.str(),
                      buffer.str(), std::move(text)});
}
