// Square QAM of TS 38.211 clause 5.1: bits to symbols, and max-log LLRs of symbols axis by axis.
#pragma once
#include <cstdint>

namespace silla {

struct QamMap {
  std::int64_t n;              // symbols
  std::int32_t bits;           // per symbol, even, 2 .. 12
  const std::uint8_t *data;    // [n * bits], 0 or 1
  const std::uint8_t *flip;    // as data, or null: scrambling, added modulo 2
  const float *level;          // [2^(bits/2)]: the axis value of the bits b0 b2 b4 .. as a number, b0 highest
  float *symbol;               // [n, 2]
};

struct QamDemap {
  std::int64_t n;
  std::int32_t bits;
  const float *symbol;         // [n, 2]
  const float *noise;          // [n], or one value where noise_step is 0: variance of the complex noise
  std::int64_t noise_step;
  const std::uint8_t *flip;    // [n * bits] or null: an LLR changes its sign where it is 1
  float unit;                  // half the distance of neighbouring levels
  float scale;                 // LLR steps per unit of LLR (8-bit output alone)
};

using qam_map_fn = void(const QamMap &);
using qam_demap_float_fn = void(const QamDemap &, float *llr);
using qam_demap_int8_fn = void(const QamDemap &, std::int8_t *llr);

#define SILLA_DECLARE(isa) \
  namespace isa { qam_map_fn qam_map; qam_demap_float_fn qam_demap_float; qam_demap_int8_fn qam_demap_int8; }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
