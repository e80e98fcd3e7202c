// Layered syndrome decoding of quasi-cyclic LDPC codes by approximate min*, beliefs in 16 and messages in 8 bits.
#pragma once
#include <cstdint>

#include "ldpc.h"

namespace silla {

constexpr int syndrome_lanes = 32;  // the lifting size is a multiple

struct SyndromeInput {
  LdpcGraph graph;
  std::int64_t n_blocks;
  const std::int16_t *llr;       // [n_blocks, n_cols * z], positive for a zero bit, eight steps a nat
  const std::uint8_t *syndrome;  // [n_blocks, n_rows * z]
  std::int32_t max_iterations;
};

struct SyndromeOutput {
  std::uint8_t *bits;        // [n_blocks, n_cols * z]
  std::int32_t *iterations;  // [n_blocks]
  bool *satisfied;           // [n_blocks]
};

// workspace: n_cols * (z + lanes) beliefs, and n_edges * z messages.
using syndrome_decode_fn = void(const SyndromeInput &, std::int16_t *beliefs, std::int8_t *messages, const SyndromeOutput &);

namespace baseline { syndrome_decode_fn syndrome_decode; }
namespace avx2 { syndrome_decode_fn syndrome_decode; }
namespace avx512 { syndrome_decode_fn syndrome_decode; }

}  // namespace silla
