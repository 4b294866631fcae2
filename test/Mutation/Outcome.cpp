//===- Outcome.cpp - What became of a mutant ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Outcome.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

void Outcome::set(Verdict newVerdict, StringRef text) {
  verdict = newVerdict;
  text = text.take_front(sizeof message - 1);
  std::memcpy(message, text.data(), text.size());
  message[text.size()] = 0;
}

void Outcome::set(Verdict newVerdict, const Finding &finding) {
  std::string text = finding.task;
  if (finding.layer >= 0)
    text += " of layer " + std::to_string(finding.layer);
  for (const std::string *part : {&finding.reg, &finding.buffer})
    if (!part->empty())
      text += (text.empty() ? "" : ", ") + *part;
  set(newVerdict, text + ": " + finding.message);
}

Outcomes::Outcomes(size_t count)
    : count(count), bytes(std::max<size_t>(count, 1) * sizeof(Outcome)) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    report_fatal_error("no memory for the outcomes");
  outcomes = static_cast<Outcome *>(memory);
}

Outcomes::~Outcomes() { munmap(outcomes, bytes); }

bool Outcomes::forEach(ArrayRef<size_t> indices, unsigned jobs,
                       function_ref<void(size_t)> function) {
  // Slices are short, so that processes that are done early help the others.
  constexpr size_t slice = 64;
  unsigned running = 0;
  bool isFine = true;
  auto finishOne = [&] {
    int status = 0;
    wait(&status);
    --running;
    isFine &= status == 0;
  };
  outs().flush();
  for (size_t first = 0; first < indices.size(); first += slice) {
    if (running == jobs)
      finishOne();
    const ArrayRef<size_t> own = indices.drop_front(first).take_front(slice);
    const pid_t child = fork();
    if (child < 0)
      report_fatal_error("cannot start a process");
    if (child > 0) {
      ++running;
      continue;
    }
    for (size_t index : own) {
      outcomes[index].set(Verdict::Crashed, "the process died");
      function(index);
    }
    _exit(0);
  }
  while (running > 0)
    finishOne();
  return isFine;
}
