// Linear detection of least mean square error on every resource element, lanes along the subcarriers.
#pragma once
#include <cstdint>

namespace silla {

struct Grid {
  std::int64_t n_batch, n_rx, n_layers, n_symbols, n_subcarriers;
  std::int64_t h_symbols;                            // 1 for a channel that is constant over the symbols, else n_symbols
  std::int64_t noise_batch, noise_symbols, noise_subcarriers;  // each 1 or the whole axis
};

// y [batch][rx][symbol][2 sc], h [batch][rx][layer][h_symbol][2 sc], noise as its axes say; symbols [batch][layer][symbol][2 sc]
// unbiased and variance [batch][layer][symbol][sc]. Returns false for more than eight layers.
using lmmse_detect_fn = bool(const Grid &grid, const float *y, const float *h, const float *noise, float *symbols,
                             float *variance);

#define SILLA_DECLARE(isa) \
  namespace isa {          \
  lmmse_detect_fn lmmse_detect; \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
