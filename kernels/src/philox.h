// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC'11) for a run of counters, and a logarithm that is made of IEEE sums,
// products and quotients alone: NumPy's twin of either answers to the last bit. Compile without contraction of a * b + c.
#pragma once
#include <cstdint>

namespace silla {
namespace SILLA_ISA {
namespace {

// out[w][i] = word w of the counter (first + i, stream, 0)
template <int n>
inline void philox_run(std::uint64_t key, std::uint64_t first, std::uint32_t stream, std::uint32_t (&out)[4][n]) {
  constexpr std::uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
  std::uint32_t *a = out[0], *b = out[1], *c = out[2], *d = out[3];
  for (int i = 0; i < n; ++i) {
    a[i] = std::uint32_t(first + std::uint64_t(i));
    b[i] = std::uint32_t((first + std::uint64_t(i)) >> 32);
    c[i] = stream;
    d[i] = 0;
  }
  std::uint32_t k0 = std::uint32_t(key), k1 = std::uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
    for (int i = 0; i < n; ++i) {
      const std::uint64_t p = std::uint64_t(m0) * a[i], q = std::uint64_t(m1) * c[i];
      a[i] = std::uint32_t(q >> 32) ^ b[i] ^ k0;
      c[i] = std::uint32_t(p >> 32) ^ d[i] ^ k1;
      b[i] = std::uint32_t(q);
      d[i] = std::uint32_t(p);
    }
}

// Uniform in (0, 1): 52 bits and a half.
inline double open_uniform(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = ((std::uint64_t(high) << 32) | low) >> 12;
  return (double(std::int64_t(bits)) + 0.5) * 0x1p-52;
}

// Natural logarithm of x in (0, 1): 2 atanh(s) with s = f / (2 + f), |s| < 0.172, as ten terms of its series.
inline double log_unit(double x) {
  std::uint64_t u;
  __builtin_memcpy(&u, &x, 8);
  std::int64_t e = std::int64_t(u >> 52) - 1023;
  const std::uint64_t fraction = u & 0xFFFFFFFFFFFFFull;
  const bool upper = fraction > 0x6A09E667F3BCCull;  // above the root of 2: halve
  const std::uint64_t m = fraction | (upper ? 0x3FE0000000000000ull : 0x3FF0000000000000ull);
  e += upper ? 1 : 0;
  double y;
  __builtin_memcpy(&y, &m, 8);
  const double f = y - 1.0, s = f / (2.0 + f), z = s * s;
  double p = 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  p = p * z + 1.0;
  return double(e) * 0.6931471805599453 + 2.0 * s * p;
}

// Slots passed over: floor(log(u) * scale), at most 2^53.
inline std::int64_t gap_of(std::uint32_t high, std::uint32_t low, double scale) {
  const double gap = log_unit(open_uniform(high, low)) * scale;
  return std::int64_t(gap < 9007199254740992.0 ? gap : 9007199254740992.0);
}

}  // namespace
}  // namespace SILLA_ISA
}  // namespace silla
