// A channel and Gaussian noise on every resource element: y = H x + n.
#pragma once
#include <cstdint>

namespace silla {

struct Link {
  std::int64_t n_batch, n_rx, n_tx, n_symbols, n_subcarriers;
  std::int64_t h_symbols;  // 1 for a channel that is constant over the symbols, else n_symbols
};

// x [batch][tx][symbol][2 sc], h [batch][rx][tx][h_symbol][2 sc], noise [batch] variances; y [batch][rx][symbol][2 sc].
// Noise by Philox-4x32-10 (Salmon et al. 2011) and Box-Muller: call i of a row's block of 32 elements makes elements i and
// i + 16 from the counter (row * blocks + block) * 16 + i, so that y depends on the key alone.
using propagate_fn = void(const Link &link, const float *x, const float *h, const float *noise, std::uint64_t key, float *y);

#define SILLA_DECLARE(isa) \
  namespace isa {          \
  propagate_fn propagate;  \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
