#include "aux.h"
#include "direct.h"
#include <map>
// Writes down, for each start, the registers that it has; expands blocks as section 4.12
// of the register document has them.
struct Machine : dlavm::NullDevice {
  std::map<uint32_t, uint32_t> registers;
  std::map<uint64_t, uint32_t> memory;
  std::vector<std::vector<uint32_t>> starts;
  int transfers = 0, accesses = 0, blocks = 0;
  bool fails = false;
  uint64_t begin = 0, end = 0; // of the block that runs
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    ++transfers;
    if (fails)
      throw dlavm::Error("no DMA");
    if (address < end && begin < address + bytes)
      std::puts("writes into a block that runs");
    for (size_t i = 0; i + 4 <= bytes; i += 4)
      std::memcpy(&memory[address + i], static_cast<const char *>(data) + i, 4);
  }
  void poll(uint32_t, uint32_t) override {
    ++accesses;
    begin = end = 0;
  }
  void start(uint32_t first, uint32_t last) {
    std::vector<uint32_t> values = {last};
    for (uint32_t reg = first; reg <= last; ++reg)
      values.push_back(registers[reg]);
    starts.push_back(values);
    registers.clear();
  }
  void do_write(uint32_t reg, uint32_t value) override {
    ++accesses;
    registers[reg] = value;
    if (reg == 33)
      start(2, 33);
    if (reg == 209)
      start(194, 209);
    if (reg != 73)
      return;
    ++blocks;
    const uint64_t base = 0x200000000 + registers[65];
    const uint32_t beats = registers[66], tasks = registers[67];
    uint64_t next = base + 64;
    for (uint32_t i = 0; i < tasks; ++i) {
      const uint32_t code = memory.at(base + i / 4 * 4) >> (i % 4 * 8) & 255;
      const bool isMVM = code == 0x08 || code == 0x48 || code == 0xc8;
      registers.clear();
      for (uint32_t j = 0; j < (isMVM ? 32u : 16u); ++j, next += 4)
        registers[(isMVM ? 2 : 194) + j] = memory.at(next);
      start(isMVM ? 2 : 194, isMVM ? 33 : 209);
    }
    for (uint32_t i = tasks; i < 64; ++i)
      if (memory.at(base + i / 4 * 4) >> (i % 4 * 8) & 255)
        std::puts("a code without a task");
    if (next != base + 64 * beats || tasks > 32)
      std::puts("other beats");
    begin = base;
    end = next;
  }
};
int main(int, char **arguments) {
  Machine device;
  try {
    aux::decode(device, 0);
  } catch (const dlavm::Error &error) {
    std::printf("without parameters: %s\n", error.what());
  }
  if (device.transfers + device.accesses)
    std::puts("touched the device");
  aux::load_parameters(device, arguments[1]);
  auto is_equal = [&](int past) {
    device.starts.clear();
    device.transfers = device.accesses = device.blocks = 0;
    aux::decode(device, past);
    Machine direct;
    direct::decode(direct, past);
    return direct.starts.size() > 9 && device.starts == direct.starts;
  };
  int equal = 0;
  // In an order in which words that stay as they were would be seen.
  for (int past = 69; past >= 0; --past)
    equal += is_equal(past);
  std::printf("%d calls are equal\n", equal);
  std::printf("%d DMA, %d accesses, %d blocks\n", device.transfers, device.accesses, device.blocks);
  int transfers = 0;
  for (int past = 0; past < 70; ++past) {
    if (!is_equal(past))
      std::puts("another call");
    transfers += device.transfers;
  }
  std::printf("%d DMA in order\n", transfers);
  equal = 0;
  for (int past : {0, 1, 2, 40, 41, 3, 3, 4, 2, 69, 0, 68, 69, 67, 5})
    equal += is_equal(past);
  std::printf("%d of 15 calls in any order are equal\n", equal);
  device.fails = true;
  try {
    aux::decode(device, 20);
  } catch (const dlavm::Error &) {
  }
  device.fails = false;
  std::printf("after a transfer that failed: %s\n", is_equal(20) ? "equal" : "other");
}
