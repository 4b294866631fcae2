//===- TaskChecks.cpp - The tasks of a card beside a simulator ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Checks.h"
#include "host/Driver/Half.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;
using std::to_string;

namespace {

/// How far a task was off.
struct TaskResult {
  std::string name;
  std::set<int32_t> layers;
  double worst = 0;
  int32_t worstLayer = -1;
};

/// Hands all to a card and a simulator, and compares what each task wrote. What
/// the card computed is replaced by what is right, so that each task counts for
/// itself.
class Lockstep : public Device {
public:
  Lockstep(const Plan &plan, Device &card, Device &simulator)
      : plan(plan), memories(findMemories(plan)), card(card),
        simulator(simulator) {
    swap_instructions(card);
  }
  ~Lockstep() override { card.swap_instructions(*this); }

  /// What nobody writes is the same then.
  void clear() {
    for (const PlanBuffer &buffer : plan.buffers) {
      const std::vector<char> zeros(getSize(buffer));
      visitPorts(buffer, [&](uint64_t address) {
        dma_write(address, zeros.data(), zeros.size());
      });
    }
  }

  uint32_t read(uint32_t reg) override {
    const uint32_t found = card.read(reg);
    const uint32_t expected = simulator.read(reg);
    if (found != expected)
      differences += (differences.empty() ? "" : ", ") +
                     ("register " + to_string(reg)) + " is " +
                     to_string(found) + " on the card and " +
                     to_string(expected) + " simulated";
    return expected;
  }
  void poll(uint32_t reg, uint32_t value) override {
    card.poll(reg, value);
    simulator.poll(reg, value);
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    card.dma_write(address, data, bytes);
    simulator.dma_write(address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    simulator.dma_read(address, data, bytes);
  }

  /// The last task has ended.
  void finishTask();

  std::vector<TaskResult> results;
  /// What registers had other values.
  std::string differences;

protected:
  void do_task(int32_t layer, const char *name) override {
    finishTask();
    current = name;
    currentLayer = layer;
    card.task(layer, name);
    simulator.task(layer, name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    card.write(reg, value);
    simulator.write(reg, value);
  }

private:
  /// How far a map on the card is off. It is right then.
  double compare(const PlanBuffer &map);
  /// Of a large map the first part will do.
  size_t getSize(const PlanBuffer &buffer) const {
    int64_t ports = 0;
    visitPorts(buffer, [&](uint64_t) { ++ports; });
    const int64_t most = (1 << 20) / std::max<int64_t>(ports, 1);
    return static_cast<size_t>(std::min(buffer.bytes, most)) & ~size_t{1};
  }
  /// A map lies at the same address in all ports.
  template <typename Visit>
  void visitPorts(const PlanBuffer &buffer, Visit visit) const {
    for (const UsedMemory &memory : memories)
      if (memory.name == buffer.space)
        for (int64_t port = 0; port < memory.ports; ++port)
          visit(memory.getAddress(port, buffer.address));
  }

  const Plan &plan;
  const std::vector<UsedMemory> memories;
  Device &card, &simulator;
  std::string current;
  int32_t currentLayer = -1;
};

/// Sums over the elements of a result.
struct Sums {
  double error = 0, norm = 0;

  void add(const std::vector<uint16_t> &found,
           const std::vector<uint16_t> &expected) {
    std::vector<float> left(found.size()), right(found.size());
    widenHalves(found.data(), found.size(), left.data());
    widenHalves(expected.data(), expected.size(), right.data());
    for (size_t i = 0; i < left.size(); ++i) {
      if (found[i] == expected[i])
        continue;
      const double difference = double{left[i]} - right[i];
      // Whoever has no number has nothing in common with one.
      error += std::isfinite(difference) ? difference * difference : INFINITY;
    }
    for (float value : right)
      if (std::isfinite(value))
        norm += double{value} * value;
  }
  double getRelativeError() const {
    return error == 0 ? 0 : norm == 0 ? INFINITY : std::sqrt(error / norm);
  }
};

} // namespace

double Lockstep::compare(const PlanBuffer &map) {
  Sums sums;
  visitPorts(map, [&](uint64_t address) {
    const size_t bytes = getSize(map);
    std::vector<uint16_t> found(bytes / 2), expected(bytes / 2);
    card.dma_read(address, found.data(), bytes);
    simulator.dma_read(address, expected.data(), bytes);
    sums.add(found, expected);
    if (found != expected)
      card.dma_write(address, expected.data(), bytes);
  });
  return sums.getRelativeError();
}

void Lockstep::finishTask() {
  const std::string name = std::exchange(current, "");
  if (name.empty() || !card.can_read_memory())
    return;
  const auto hasName = [&](const PlanTask &task) { return task.name == name; };
  // What is no task starts a block of them.
  const bool isBlock =
      std::none_of(plan.tasks.begin(), plan.tasks.end(), hasName);
  std::optional<double> error;
  for (const PlanTask &task : plan.tasks) {
    if (!isBlock && !hasName(task))
      continue;
    for (const PlanBuffer &buffer : plan.buffers)
      if (buffer.name == task.result)
        error = std::max(error.value_or(0), compare(buffer));
  }
  if (!error)
    return;
  auto result =
      std::find_if(results.begin(), results.end(),
                   [&](const TaskResult &one) { return one.name == name; });
  if (result == results.end())
    result = results.insert(results.end(), {name, {}, 0, -1});
  result->layers.insert(currentLayer);
  if (*error > result->worst) {
    result->worst = *error;
    result->worstLayer = currentLayer;
  }
}

static std::string describe(const TaskResult &result, double tolerance) {
  std::ostringstream text;
  if (result.worst == 0) {
    text << "equal to the simulator";
    if (result.layers.size() > 1)
      text << " in " << result.layers.size() << " layers";
    return text.str();
  }
  text << "relative error " << result.worst;
  if (result.worstLayer >= 0)
    text << " in layer " << result.worstLayer;
  if (!(result.worst > tolerance))
    return text.str();
  text << ", more than " << tolerance
       << "; on the simulator the driver is right with the same parameters: is "
          "the card that of the driver's device, and its memory without a "
          "fault?";
  throw Error(text.str());
}

void dlavm::host::checkTasks(Report &report, const CompiledDriver &driver,
                             Device &card, Device &simulator,
                             double tolerance) {
  const Plan &plan = driver.getPlan();
  Lockstep both(plan, card, simulator);
  const auto call = [&](int32_t seq, int32_t past) {
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < seq; ++i)
      ids.push_back((past + i + 1) % plan.vocabulary);
    driver.writeInput(both, driver.readEmbeddings(ids), seq);
    driver.run(both, seq, past);
    both.finishTask();
    if (plan.findFunction("token"))
      driver.readToken(both);
  };
  const bool decodes = plan.findFunction("decode") && plan.maxTokens > 1;
  const int32_t prompt = std::min(plan.maxTokens - int32_t{decodes}, 3);
  const bool hasRun = report.run("tasks", [&] {
    if (card.can_read_memory())
      both.clear();
    call(prompt, 0);
    return "a call of " + to_string(prompt) + " tokens ends";
  });
  if (hasRun && decodes)
    report.run("decode", [&] {
      call(1, prompt);
      return "a call of one token after " + to_string(prompt) + " ends";
    });
  if (hasRun && !card.can_read_memory())
    report.skip("task", "what a task wrote is in the card's memory, which can "
                        "only be written");
  for (const TaskResult &result : both.results)
    report.run("task " + result.name,
               [&] { return describe(result, tolerance); });
  if (hasRun && plan.findFunction("token"))
    report.run("token", [&] {
      if (!both.differences.empty())
        throw Error(both.differences +
                    "; are the two largest logits that close?");
      return std::string("the card chooses the token that the simulator does");
    });
}
