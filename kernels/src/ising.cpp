// Annealing: sixteen spins are judged at once against thresholds T * Exp(1), which is the Metropolis rule; the first that
// may flip is flipped, all fields follow, and the rest of the sixteen is judged anew. So a sweep is exactly the sequential
// one, and a cold one costs little more than drawing its thresholds. Same draws, same order of rounding: the NumPy twin
// gives the same states.
#include "ising.h"

#include <cstring>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int W = ising_lanes;

struct Generator {  // xoshiro128+ (Blackman and Vigna 2018), one in each lane
  std::uint32_t s[4][W];

  void exponential(float temperature, float *out) {
    std::uint32_t r[W];
    for (int l = 0; l < W; ++l) {
      const std::uint32_t a = s[0][l], b = s[1][l], c = s[2][l] ^ a, d = s[3][l] ^ b;
      r[l] = a + s[3][l];
      s[1][l] = b ^ c;
      s[0][l] = a ^ d;
      s[2][l] = c ^ (b << 9);
      s[3][l] = (d << 11) | (d >> 21);
    }
    // -ln(u), u = (r / 256 + 1/2) / 2^24: exponent and a polynomial for the logarithm of the mantissa, error below 1e-5
    for (int l = 0; l < W; ++l) {
      const float u = float(std::int32_t(r[l] >> 8)) + 0.5f;
      std::int32_t i;
      std::memcpy(&i, &u, 4);
      const std::int32_t mantissa = (i & 0x007fffff) | 0x3f800000;
      float m;
      std::memcpy(&m, &mantissa, 4);
      const float x = m - 1.0f;
      const float q = 0.44265944f + x * (-0.27672833f + x * (0.18486223f + x * (-0.09838762f + x * 0.02627305f)));
      const float log2 = float((i >> 23) - 127) + (x + (x * (1.0f - x)) * q);
      out[l] = temperature * ((24.0f - log2) * 0.6931472f);
    }
  }
};

// Bit l is set where spin l of the sixteen may flip: -2 s f < threshold.
inline std::uint32_t may_flip(const float *s, const float *f, const float *threshold) {
#if defined(__AVX512F__)
  const __m512 change = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(-2.0f), _mm512_loadu_ps(s)), _mm512_loadu_ps(f));
  return _mm512_cmp_ps_mask(change, _mm512_loadu_ps(threshold), _CMP_LT_OQ);
#elif defined(__AVX2__)
  std::uint32_t mask = 0;
  for (int l = 0; l < W; l += 8) {
    const __m256 change = _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(-2.0f), _mm256_loadu_ps(s + l)), _mm256_loadu_ps(f + l));
    mask |= std::uint32_t(_mm256_movemask_ps(_mm256_cmp_ps(change, _mm256_loadu_ps(threshold + l), _CMP_LT_OQ))) << l;
  }
  return mask;
#elif defined(__SSE2__)
  std::uint32_t mask = 0;
  for (int l = 0; l < W; l += 4) {
    const __m128 change = _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(-2.0f), _mm_loadu_ps(s + l)), _mm_loadu_ps(f + l));
    mask |= std::uint32_t(_mm_movemask_ps(_mm_cmplt_ps(change, _mm_loadu_ps(threshold + l)))) << l;
  }
  return mask;
#else
  std::uint32_t mask = 0;
  for (int l = 0; l < W; ++l) mask |= std::uint32_t(-2.0f * s[l] * f[l] < threshold[l]) << l;
  return mask;
#endif
}

inline int lowest(std::uint32_t mask) {
#if defined(__GNUC__)
  return __builtin_ctz(mask);
#else
  int k = 0;
  while (!(mask >> k & 1u)) ++k;
  return k;
#endif
}

// Turns spin i over, and the fields of all others with it.
inline void flip(const IsingModel &m, float *s, float *f, std::int32_t i) {
  s[i] = -s[i];
  const float twice = 2.0f * s[i];
  if (m.dense) {
    const float *row = m.dense + std::int64_t(i) * m.n_pad;
    for (std::int32_t j = 0; j < m.n_pad; ++j) f[j] += twice * row[j];
  } else {
    for (std::int32_t e = m.first[i]; e < m.first[i + 1]; ++e) f[m.column[e]] += twice * m.value[e];
  }
}

void fields(const IsingModel &m, const float *s, float *f) {
  std::vector<double> sum(m.h, m.h + m.n_pad);
  for (std::int32_t i = 0; i < m.n; ++i) {
    const double si = s[i];
    if (m.dense) {
      const float *row = m.dense + std::int64_t(i) * m.n_pad;
      for (std::int32_t j = 0; j < m.n_pad; ++j) sum[std::size_t(j)] += si * double(row[j]);
    } else {
      for (std::int32_t e = m.first[i]; e < m.first[i + 1]; ++e) sum[std::size_t(m.column[e])] += si * double(m.value[e]);
    }
  }
  for (std::int32_t j = 0; j < m.n_pad; ++j) f[j] = float(sum[std::size_t(j)]);
}

std::int64_t sweep(const IsingModel &m, float *s, float *f, float temperature, Generator *draw) {
  std::int64_t flips = 0;
  float threshold[W] = {};
  for (std::int32_t b = 0; b < m.n_pad; b += W) {
    if (draw) draw->exponential(temperature, threshold);
    std::uint32_t todo = 0xffffu;
    while (std::uint32_t ready = may_flip(s + b, f + b, threshold) & todo) {
      const int k = lowest(ready);
      flip(m, s, f, b + k);
      todo = 0xfffeu << k;
      ++flips;
    }
  }
  return flips;
}

}  // namespace

void anneal(const AnnealInput &in, const AnnealOutput &out) {
  const IsingModel &m = in.model;
  Generator draw;
  for (std::int64_t r = 0; r < in.n_reads; ++r) {
    float *s = out.spin + r * m.n_pad, *f = out.field + r * m.n_pad;
    const float *temperature = in.temperature + (in.per_read ? r * in.n_sweeps : 0);
    std::memcpy(draw.s, in.state + r * 4 * W, sizeof draw.s);
    fields(m, s, f);
    std::int64_t flips = 0;
    for (std::int32_t t = 0; t < in.n_sweeps; ++t) flips += sweep(m, s, f, temperature[t], &draw);
    // rounding of the fields could make a pair of spins turn for ever: the number of cold sweeps is bounded
    for (int t = 0; in.descend && t < 100; ++t) {
      const std::int64_t moved = sweep(m, s, f, 0.0f, nullptr);
      flips += moved;
      if (!moved) break;
    }
    out.flips[r] = flips;
  }
}

void tabu(const TabuInput &in, const TabuOutput &out) {
  const IsingModel &m = in.model;
  float *s = out.work, *f = s + m.n_pad, *change = f + m.n_pad, *free_at = change + m.n_pad, *best = free_at + m.n_pad;
  const std::size_t bytes = std::size_t(m.n_pad) * sizeof(float);
  for (std::int64_t r = 0; r < in.n_reads; ++r) {
    std::memcpy(s, out.spin + r * m.n_pad, bytes);
    std::memcpy(best, s, bytes);
    fields(m, s, f);
    std::memset(free_at, 0, bytes);
    double energy = 0.0, least = 0.0;
    out.best_step[r] = 0;
    for (std::int32_t t = 1; t <= in.n_steps; ++t) {
      // a spin may turn when it is free, or when that leads below everything met (aspiration)
      const float now = float(t), aspired = float(least - energy) - 1e-6f * float(least < 0 ? -least : least);
      float top[W];
      for (int l = 0; l < W; ++l) top[l] = 3e38f;
      for (std::int32_t b = 0; b < m.n_pad; b += W)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 1
#endif
        for (int l = 0; l < W; ++l) {
          const float d = -2.0f * s[b + l] * f[b + l];
          const float allowed = (free_at[b + l] <= now || d < aspired) ? d : 2e38f;
          change[b + l] = allowed;
          top[l] = allowed < top[l] ? allowed : top[l];
        }
      for (int l = 1; l < W; ++l) top[0] = top[l] < top[0] ? top[l] : top[0];
      if (top[0] >= 1e29f) continue;  // every spin is held: time passes
      std::int32_t i = 0;
      while (change[i] != top[0]) ++i;
      flip(m, s, f, i);
      energy += double(top[0]);
      free_at[i] = float(t + 1 + in.tenure[t - 1]);
      if (energy < least - 1e-9) {
        least = energy;
        std::memcpy(best, s, bytes);
        out.best_step[r] = t;
      }
    }
    std::memcpy(out.spin + r * m.n_pad, best, bytes);
  }
}

void enumerate_states(std::int32_t n, const double *h, const double *j, double tolerance, EnumerateOutput *out) {
  constexpr int width = 64;
  double s[width], f[width];
  double energy = 0.0;
  for (std::int32_t i = 0; i < n; ++i) s[i] = -1.0;
  for (std::int32_t i = 0; i < n; ++i) {
    f[i] = h[i];
    for (std::int32_t k = 0; k < n; ++k) f[i] += k == i ? 0.0 : j[std::int64_t(i) * n + k] * s[k];
    energy += 0.5 * s[i] * (h[i] + f[i]);
  }
  std::uint64_t code = 0, state = 0, equals = 1;
  double least = energy;
  const std::uint64_t steps = (std::uint64_t(1) << n) - 1;
  for (std::uint64_t t = 1; t <= steps; ++t) {
    int k = 0;
#if defined(__GNUC__)
    k = __builtin_ctzll(t);
#else
    while (!(t >> k & 1u)) ++k;
#endif
    energy -= 2.0 * s[k] * f[k];
    s[k] = -s[k];
    code ^= std::uint64_t(1) << k;
    const double twice = 2.0 * s[k];
    const double *row = j + std::int64_t(k) * n;
    for (std::int32_t i = 0; i < n; ++i) f[i] += twice * row[i];
    if (energy < least - tolerance) {
      least = energy;
      state = code;
      equals = 1;
    } else if (energy <= least + tolerance) {
      ++equals;
    }
  }
  *out = {least, state, equals};
}

}  // namespace SILLA_ISA
}  // namespace silla
