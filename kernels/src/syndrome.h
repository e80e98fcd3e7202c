// Layered syndrome decoding of quasi-cyclic LDPC codes by approximate min*, beliefs in 16 and messages in 8 bits.
#pragma once
#include <cstdint>

#include "ldpc.h"

namespace silla {

constexpr int syndrome_lanes = 64;  // the lifting size is a multiple

struct SyndromeInput {
  LdpcGraph graph;
  std::int64_t n_blocks;
  const std::int16_t *llr;       // [n_blocks, n_cols * z], positive for a zero bit, eight steps a nat
  const std::uint8_t *syndrome;  // [n_blocks, n_rows * z]
  std::int32_t max_iterations;
  std::int32_t patience;  // iterations without fewer unmet checks than ever before after which a block is given up; 0: none
};

struct SyndromeOutput {
  std::uint8_t *bits;        // [n_blocks, n_cols * z]
  std::int32_t *iterations;  // [n_blocks]
  bool *satisfied;           // [n_blocks]
};

// workspace: n_cols * (z + lanes) beliefs, and n_edges * z messages.
using syndrome_decode_fn = void(const SyndromeInput &, std::int16_t *beliefs, std::int8_t *messages, const SyndromeOutput &);

// The syndrome of bits [n_blocks, n_cols * z], any lifting size; doubled: 2 z bytes a column of work.
using syndrome_of_fn = void(const LdpcGraph &, std::int64_t n_blocks, const std::uint8_t *bits, std::uint8_t *doubled,
                            std::uint8_t *syndrome);

#define SILLA_SYNDROME syndrome_decode_fn syndrome_decode; syndrome_of_fn syndrome_of;
namespace baseline { SILLA_SYNDROME }
namespace avx2 { SILLA_SYNDROME }
namespace avx512 { SILLA_SYNDROME }
#undef SILLA_SYNDROME

}  // namespace silla
