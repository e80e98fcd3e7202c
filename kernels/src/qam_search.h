// K-best detection of square constellations over a sorted QR tree of real axes, one resource element at a time.
#pragma once
#include <cstdint>

#include "equalise.h"

namespace silla {

// y, h and noise as in equalise.h; levels [n_levels] of one axis by the number that its bits form (n_levels a power of two);
// k survivors a level, every child of them at the last. llr [batch][symbol][subcarrier][layer][bit], log P(0)/P(1), within
// +-clip. Returns false where the sizes are beyond 8 layers, 16 antennas or 64 levels, or without memory.
using qam_search_fn = bool(const Grid &grid, const float *y, const float *h, const float *noise, const float *levels,
                       int n_levels, int k, float clip, float *llr);

#define SILLA_DECLARE(isa) \
  namespace isa {          \
  qam_search_fn qam_search;        \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
