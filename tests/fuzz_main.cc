// Drives a fuzzer without libFuzzer: every file of its seed folder, then random mutations of them,
// for a fixed number of runs from a fixed seed, so that a failure repeats. ./dev fuzz uses
// libFuzzer on the same entry points.
//
// Usage: NAME [SEED_DIR] [RUNS]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> ReadSeeds(const char* folder) {
  std::vector<Bytes> seeds;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.file_size() > (1u << 16)) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

Bytes Mutate(Bytes bytes, const std::vector<Bytes>& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) {
    return n == 0 ? 0 : static_cast<std::size_t>(random() % n);
  };
  for (std::size_t rounds = 1 + below(6); rounds > 0; --rounds) {
    const auto at = static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
    switch (below(6)) {
      case 0:  // flip a bit
        if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:  // put in a byte
        bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(random()));
        break;
      case 2:  // take a piece out
        bytes.erase(bytes.begin() + at,
                    bytes.begin() + at +
                        static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(
                            16, bytes.size() - static_cast<std::size_t>(at) + 1))));
        break;
      case 3: {  // splice from another seed
        const Bytes& other = seeds[below(seeds.size())];
        const std::size_t from = below(other.size());
        const std::size_t count = std::min<std::size_t>(other.size() - from, 1 + below(64));
        bytes.insert(bytes.begin() + at, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + count));
        break;
      }
      case 4: {  // repeat a piece: nesting
        const std::size_t from = below(bytes.size());
        const std::size_t count = std::min<std::size_t>(bytes.size() - from, 1 + below(8));
        const Bytes piece(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                          bytes.begin() + static_cast<std::ptrdiff_t>(from + count));
        for (std::size_t n = 1 + below(100); n > 0; --n) {
          bytes.insert(bytes.begin() + at, piece.begin(), piece.end());
        }
        break;
      }
      default:
        if (!bytes.empty()) bytes[below(bytes.size())] = static_cast<std::uint8_t>(random());
    }
    if (bytes.size() > (1u << 16)) bytes.resize(1u << 16);
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Bytes> seeds = argc > 1 ? ReadSeeds(argv[1]) : std::vector<Bytes>{};
  const long runs = argc > 2 ? std::atol(argv[2]) : 20000;
  if (seeds.empty()) seeds.push_back({});
  for (const Bytes& seed : seeds) LLVMFuzzerTestOneInput(seed.data(), seed.size());
  std::mt19937_64 random(20261121);
  for (long run = 0; run < runs; ++run) {
    const Bytes input = Mutate(seeds[random() % seeds.size()], seeds, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%s: %zu seeds, %ld runs\n", argv[0], seeds.size(), runs);
  return 0;
}
