// Generates tokens on a card: generate PATH DIRECTORY CHANNELS COUNT id...
#include "dlavm_xdma.h"
#include "model.h"

#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char **argv) try {
  dlavm::XdmaOptions options;
  options.path = argv[1];
  options.channels = std::atoi(argv[3]);
  if (const char *milliseconds = std::getenv("MILLISECONDS"))
    options.poll_seconds = std::atof(milliseconds) / 1000;
  dlavm::XdmaDevice device(options);
  model::load_parameters(device, argv[2]);
  std::vector<int32_t> ids;
  for (int i = 5; i < argc; ++i)
    ids.push_back(std::atoi(argv[i]));
  int32_t past = 0;
  for (int i = 0; i < std::atoi(argv[4]); ++i) {
    const auto seq = static_cast<int32_t>(ids.size());
    model::write_input(device, model::read_embeddings(argv[2], ids).data(),
                       seq);
    model::run(device, seq, past);
    past += seq;
    const std::vector<uint16_t> logits = model::read_logits(device);
    ids = {model::read_token(device)};
    std::cout << (i ? " " : "") << ids[0] << std::flush;
  }
  std::cout << "\n";
} catch (const std::exception &error) {
  std::cout << "error: " << error.what() << "\n";
  return 1;
}
