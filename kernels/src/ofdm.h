// OFDM symbols: transforms of a power of two between subcarriers, in rising frequency about the centre, and samples.
#pragma once
#include <cstdint>

namespace silla {

// Subcarrier k of K lies at bin (k - floor(K / 2)) mod n. twiddles: for every radix-4 pass of length m = n, n / 4, .. while
// m >= 4, six runs of m / 4 floats: real and imaginary part of exp(-2 pi j p / m), of its square and of its cube.
struct Symbols {
  std::int64_t rows, n_fft, n_subcarriers;  // n_fft a power of two of at least 64
  const float *twiddles;
  float scale;                              // factor of what comes out
};

// x [row][subcarrier][2] -> out [row][n_fft][2], sum of x exp(+2 pi j k t / n); the other bins are empty.
using to_samples_fn = void(const Symbols &, const float *x, float *out);
// x [row][n_fft][2] -> out [row][subcarrier][2], sum of x exp(-2 pi j k t / n).
using to_subcarriers_fn = void(const Symbols &, const float *x, float *out);

#define SILLA_DECLARE(isa)           \
  namespace isa {                    \
  to_samples_fn to_samples;          \
  to_subcarriers_fn to_subcarriers;  \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
