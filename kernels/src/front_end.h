// An analog front end sample by sample: rotation, quantiser, widely linear mixing, a tabled gain, rotation.
#pragma once
#include <cstdint>

namespace silla {

struct FrontEnd {
  std::int64_t n_groups, n_ports, n;  // x [group][port][n][2]; rotations [group][n][2], null for none
  const float *x, *turn_in, *turn_out;
  const float *step;                  // [group][port], null: no quantiser
  float half;                         // half the quantiser's levels
  const float *mix;                   // [group][port][4]: a, b, c, d of re' = a re + b im, im' = c re + d im; null: none
  const float *gain;                  // [size + 1][2] at |x|^2 = k / scale, null: none
  std::int32_t size;
  float scale;
};

// out as x; moments [group][port][3]: sums of |y|^2, Re y^2 and Im y^2 of what comes out.
using front_end_fn = void(const FrontEnd &, float *out, double *moments);

#define SILLA_DECLARE(isa) \
  namespace isa { front_end_fn front_end; }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
