// Block by block in double precision. Within a block the high spins are fixed: a quadratic cost is a table of the low spins
// alone, plus a linear function of them that is made by doubling, plus a constant. Any polynomial: the transform of
// Walsh and Hadamard of its coefficients, those of the high spins folded in with their signs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "qaoa.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int most_block_bits = 11;

inline double spin(std::uint64_t z, int q) { return z >> q & 1 ? -1.0 : 1.0; }

// value[z] for z in [0, 2^bits) = sum of weight_q s_q, on top of `start`.
void linear_by_doubling(double start, const double *weight, int bits, double *value) {
  value[0] = start;
  for (int q = 0; q < bits; ++q) value[0] += weight[q];
  for (int q = 0; q < bits; ++q) {
    const double down = 2.0 * weight[q];
    for (std::int64_t z = 0, half = std::int64_t(1) << q; z < half; ++z) value[z + half] = value[z] - down;
  }
}

template <typename T>
void put(const double *value, std::int64_t n, double base, double inverse, T *to) {
  if constexpr (sizeof(T) == 2) {
    for (std::int64_t k = 0; k < n; ++k) to[k] = T(std::int32_t((value[k] - base) * inverse + 0.5));
  } else {
    for (std::int64_t k = 0; k < n; ++k) to[k] = T(value[k]);
  }
}

void out(const double *value, std::int64_t z0, std::int64_t n, QaoaDiagonal &d) {
  double least = value[0], most = value[0];
  for (std::int64_t k = 0; k < n; ++k) {
    least = value[k] < least ? value[k] : least;
    most = value[k] > most ? value[k] : most;
  }
  if (least < d.extreme[0]) d.extreme[0] = least, d.at[0] = z0 + (std::find(value, value + n, least) - value);
  if (most > d.extreme[1]) d.extreme[1] = most, d.at[1] = z0 + (std::find(value, value + n, most) - value);
  if (d.cost == nullptr) return;
  if (d.kind == 0) put(value, n, 0.0, 0.0, static_cast<float *>(d.cost) + z0);
  else if (d.kind == 1) put(value, n, 0.0, 0.0, static_cast<double *>(d.cost) + z0);
  else put(value, n, d.base, 1.0 / d.step, static_cast<std::uint16_t *>(d.cost) + z0);
}

void clear(QaoaDiagonal &d) {
  d.extreme[0] = std::numeric_limits<double>::infinity(), d.extreme[1] = -d.extreme[0];
  d.at[0] = d.at[1] = 0;
}

}  // namespace

void ising_diagonal(const double *h, const double *J, QaoaDiagonal &d) {
  const int n = d.n, b = std::min(n, most_block_bits);
  const std::int64_t block = std::int64_t(1) << b;
  std::vector<double> low(block), line(block), value(block), weight(n);
  // the low spins alone, one more spin at a time: value(s, s_q) = value(s) + s_q (h_q + sum_i J_iq s_i)
  low[0] = 0.0;
  for (int q = 0; q < b; ++q) {
    for (int i = 0; i < q; ++i) weight[i] = J[i * n + q];
    linear_by_doubling(h[q], weight.data(), q, line.data());
    for (std::int64_t z = 0, half = std::int64_t(1) << q; z < half; ++z) low[z + half] = low[z] - line[z], low[z] += line[z];
  }
  clear(d);
  for (std::uint64_t high = 0; high < std::uint64_t(1) << (n - b); ++high) {
    double constant = 0.0;
    for (int q = b; q < n; ++q) {
      double f = h[q];
      for (int i = b; i < q; ++i) f += J[i * n + q] * spin(high, i - b);
      constant += f * spin(high, q - b);
    }
    for (int i = 0; i < b; ++i) {
      weight[i] = 0.0;
      for (int q = b; q < n; ++q) weight[i] += J[i * n + q] * spin(high, q - b);
    }
    linear_by_doubling(constant, weight.data(), b, line.data());
    for (std::int64_t z = 0; z < block; ++z) value[z] = low[z] + line[z];
    out(value.data(), std::int64_t(high) * block, block, d);
  }
}

void polynomial_diagonal(const std::uint64_t *mask, const double *coefficient, std::int64_t n_terms, QaoaDiagonal &d) {
  const int n = d.n, b = std::min(n, most_block_bits);
  const std::int64_t block = std::int64_t(1) << b;
  std::vector<double> value(block);
  clear(d);
  for (std::uint64_t high = 0; high < std::uint64_t(1) << (n - b); ++high) {
    std::fill(value.begin(), value.end(), 0.0);
    for (std::int64_t k = 0; k < n_terms; ++k) {
      const bool odd = __builtin_popcountll(mask[k] >> b & high) & 1;
      value[mask[k] & std::uint64_t(block - 1)] += odd ? -coefficient[k] : coefficient[k];
    }
    for (std::int64_t half = 1; half < block; half *= 2)
      for (std::int64_t outer = 0; outer < block; outer += 2 * half)
        for (std::int64_t z = outer; z < outer + half; ++z) {
          const double a = value[z], c = value[z + half];
          value[z] = a + c, value[z + half] = a - c;
        }
    out(value.data(), std::int64_t(high) * block, block, d);
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
