// Detection by expectation propagation on every resource element, lanes along the subcarriers.
#pragma once
#include <cstdint>

#include "equalise.h"

namespace silla {

// y, h and noise as in equalise.h, noise above zero; levels [n_levels] of one axis; priors of precision 1 at first.
// iterations and damping as in silla's detection_ep.py. symbols [batch][layer][symbol][2 sc] and variance
// [batch][layer][symbol][sc] of the cavity distributions. Returns false for more than 8 layers or 64 levels.
using ep_detect_fn = bool(const Grid &grid, const float *y, const float *h, const float *noise, const double *levels,
                          int n_levels, int iterations, double damping, float *symbols, float *variance);

#define SILLA_DECLARE(isa) \
  namespace isa {          \
  ep_detect_fn ep_detect;        \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
