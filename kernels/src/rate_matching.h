// Rate matching of LDPC code blocks (TS 38.212 clause 5.4.2) and its inverse with soft combining, and CRC remainders.
//
// One turn of the circular buffer is a few stretches of consecutive places of the code word.
#pragma once
#include <cstdint>

namespace silla {

struct RateMatch {
  std::int64_t n, n_code, e;         // blocks side by side, bits of a code word, bits sent of each
  std::int32_t bits_per_symbol;      // divides e
  std::int64_t n_runs;
  const std::int64_t *run;           // [n_runs, 2] first place and length
};

struct RateCombine {
  RateMatch match;                   // n is that of transport blocks
  std::int64_t n_numbers, n_total;   // code blocks received of each, code blocks of each in total
  const std::int64_t *number;        // [n_numbers] which
  std::int64_t step_block, step;     // from one transport block's LLRs to the next one's; code block's likewise
};

using rate_match_fn = void(const RateMatch &, const std::uint8_t *word, std::uint8_t *line, std::uint8_t *sent);
using rate_combine_fn = void(const RateCombine &, const std::int8_t *llr, std::int8_t *line, std::int8_t *total);
using crc_remainder_fn = void(std::int64_t n, std::int64_t step, std::int64_t length, const std::uint8_t *bits,
                              const std::uint32_t *table, std::uint32_t *remainder);

#define SILLA_RATE rate_match_fn rate_match; rate_combine_fn rate_combine; crc_remainder_fn crc_remainder;
namespace baseline { SILLA_RATE }
namespace avx2 { SILLA_RATE }
namespace avx512 { SILLA_RATE }
#undef SILLA_RATE

}  // namespace silla
