// Rotations of pairs of qubits within {01, 10}, one after the other. Consecutive pairs of low qubits are done block by block.
#include <algorithm>
#include <cmath>

#include "qaoa.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int block_bits = 12;

template <typename T>
struct Planes {
  T *re, *im;
};

// exp(-i phi (XX + YY) / 2) on amplitudes with (a, b) = (1, 0) and (0, 1), runs of 2^min(a, b) side by side.
template <typename T, bool back>
double rotate(Planes<T> p, Planes<T> q, int n, int a, int b, double phi) {
  const int low = std::min(a, b), high = std::max(a, b);
  const std::int64_t run = std::int64_t(1) << low, mid = std::int64_t(1) << high, size = std::int64_t(1) << n;
  const T c = T(std::cos(phi)), s = T(std::sin(phi));
  double total = 0.0;
  for (std::int64_t outer = 0; outer < size; outer += 2 * mid)
    for (std::int64_t middle = outer; middle < outer + mid; middle += 2 * run) {
      const std::int64_t x = middle + run, y = middle + mid;
      T inner = T(0);
      for (std::int64_t k = 0; k < run; ++k) {
        const T ar = p.re[x + k], ai = p.im[x + k], br = p.re[y + k], bi = p.im[y + k];
        if constexpr (back) {
          const T er = q.re[x + k], ei = q.im[x + k], fr = q.re[y + k], fi = q.im[y + k];
          inner += er * bi - ei * br + fr * ai - fi * ar;
          q.re[x + k] = c * er - s * fi, q.im[x + k] = c * ei + s * fr;
          q.re[y + k] = c * fr - s * ei, q.im[y + k] = c * fi + s * er;
          p.re[x + k] = c * ar - s * bi, p.im[x + k] = c * ai + s * br;
          p.re[y + k] = c * br - s * ai, p.im[y + k] = c * bi + s * ar;
        } else {
          p.re[x + k] = c * ar + s * bi, p.im[x + k] = c * ai - s * br;
          p.re[y + k] = c * br + s * ai, p.im[y + k] = c * bi - s * ar;
        }
      }
      total += double(inner);
    }
  return total;
}

template <typename T, bool back>
void all_pairs(const PairTask &t) {
  const Planes<T> p{static_cast<T *>(t.re), static_cast<T *>(t.im)}, q{static_cast<T *>(t.back_re), static_cast<T *>(t.back_im)};
  const auto low = [&](std::int64_t k) { return std::max(t.a[k], t.b[k]) < block_bits; };
  const auto one = [&](std::int64_t k, std::int64_t at, int n) {
    const double inner = rotate<T, back>({p.re + at, p.im + at}, {back ? q.re + at : nullptr, back ? q.im + at : nullptr}, n,
                                         t.a[k], t.b[k], t.phi[k]);
    if (back) t.d_phi[k] += 2.0 * inner;
  };
  if (back) std::fill_n(t.d_phi, t.n_pairs, 0.0);
  const int small = std::min(t.n, block_bits);
  for (std::int64_t done = 0; done < t.n_pairs;) {
    const auto at = [&](std::int64_t k) { return back ? t.n_pairs - 1 - k : k; };
    std::int64_t end = done;
    while (end < t.n_pairs && low(at(end))) ++end;
    if (end == done) {
      one(at(done), 0, t.n);
      ++done;
      continue;
    }
    for (std::int64_t z = 0; z < std::int64_t(1) << t.n; z += std::int64_t(1) << small)
      for (std::int64_t k = done; k < end; ++k) one(at(k), z, small);
    done = end;
  }
}

}  // namespace

void pair_rotations(const PairTask &t) {
  const bool back = t.back_re != nullptr;
  if (t.wide) back ? all_pairs<double, true>(t) : all_pairs<double, false>(t);
  else back ? all_pairs<float, true>(t) : all_pairs<float, false>(t);
}

}  // namespace SILLA_ISA
}  // namespace silla
