// Rows of subcarriers; the noise of a block is made in lanes and added where the block is written.
#include "propagate.h"

#include "vector_math.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int lanes = 16, block = 2 * lanes;

// sin and cos of 2 pi u for u in [0, 1). Polynomials of Cephes' sinf and cosf on [-pi/4, pi/4].
inline void turn(float u, float &sine, float &cosine) {
  const std::int32_t quarter = std::int32_t(u * 4.0f + 0.5f);
  const float x = (u - 0.25f * float(quarter)) * 6.28318530717959f, z = x * x;
  const float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
  const float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
  const bool odd = quarter & 1;
  const float a = odd ? c : s, b = odd ? s : c;
  sine = quarter & 2 ? -a : a;
  cosine = (quarter + 1) & 2 ? -b : b;
}

// Products of all lanes with one factor, their high and low halves.
#if defined(__AVX512F__)
typedef __m512i Words;
inline Words all(std::uint32_t x) { return _mm512_set1_epi32(int(x)); }
inline Words exclusive(Words a, Words b, Words c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
inline Words load(const std::uint32_t *p) { return _mm512_loadu_si512(p); }
inline void store(std::uint32_t *p, Words x) { _mm512_storeu_si512(p, x); }
inline void multiply(Words x, std::uint32_t factor, Words &high, Words &low) {
  const Words f = all(factor), even = _mm512_mul_epu32(x, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), f);
  high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
  low = _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
}
#elif defined(__AVX2__)
typedef __m256i Words;
inline Words all(std::uint32_t x) { return _mm256_set1_epi32(int(x)); }
inline Words exclusive(Words a, Words b, Words c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
inline Words load(const std::uint32_t *p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)); }
inline void store(std::uint32_t *p, Words x) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), x); }
inline void multiply(Words x, std::uint32_t factor, Words &high, Words &low) {
  const Words f = all(factor), even = _mm256_mul_epu32(x, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), f);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
#endif

// Ten rounds of Philox-4x32 on each lane's counter (c0, c1, c2, c3), in place.
inline void philox(std::uint32_t *c0, std::uint32_t *c1, std::uint32_t *c2, std::uint32_t *c3, std::uint32_t k0, std::uint32_t k1) {
#if defined(__AVX2__)
  constexpr int width = sizeof(Words) / 4, n = lanes / width;
  Words x0[n], x1[n], x2[n], x3[n];
  for (int k = 0; k < n; ++k) {
    x0[k] = load(c0 + k * width);
    x1[k] = load(c1 + k * width);
    x2[k] = load(c2 + k * width);
    x3[k] = load(c3 + k * width);
  }
  for (int round = 0; round < 10; ++round) {
    for (int k = 0; k < n; ++k) {
      Words high0, low0, high1, low1;
      multiply(x0[k], 0xD2511F53u, high0, low0);
      multiply(x2[k], 0xCD9E8D57u, high1, low1);
      x0[k] = exclusive(high1, x1[k], all(k0));
      x2[k] = exclusive(high0, x3[k], all(k1));
      x1[k] = low1;
      x3[k] = low0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int k = 0; k < n; ++k) {
    store(c0 + k * width, x0[k]);
    store(c1 + k * width, x1[k]);
    store(c2 + k * width, x2[k]);
    store(c3 + k * width, x3[k]);
  }
#else
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 1  // unrolled whole, it is no longer taken for a vector loop
    for (int i = 0; i < lanes; ++i) {
      // high and low halves by themselves: the compiler knows vector instructions for each
      const std::uint32_t high0 = std::uint32_t(std::uint64_t(c0[i]) * 0xD2511F53u >> 32), low0 = c0[i] * 0xD2511F53u;
      const std::uint32_t high1 = std::uint32_t(std::uint64_t(c2[i]) * 0xCD9E8D57u >> 32), low1 = c2[i] * 0xCD9E8D57u;
      c0[i] = high1 ^ c1[i] ^ k0;
      c2[i] = high0 ^ c3[i] ^ k1;
      c1[i] = low1;
      c3[i] = low0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
#endif
}

// Noise of 32 elements, variance `noise` each, as real and imaginary parts.
inline void gaussian(std::uint64_t first, std::uint64_t key, float noise, float *re, float *im) {
  std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
  for (int i = 0; i < lanes; ++i) {
    const std::uint64_t counter = first + std::uint64_t(i);
    c0[i] = std::uint32_t(counter);
    c1[i] = std::uint32_t(counter >> 32);
    c2[i] = c3[i] = 0;
  }
  philox(c0, c1, c2, c3, std::uint32_t(key), std::uint32_t(key >> 32));
  const auto polar = [&](std::uint32_t a, std::uint32_t b, float &x, float &y) {
    const float u = (float(std::int32_t(a >> 1)) + 0.5f) * 4.656612873077393e-10f;  // 2^-31: in (0, 1]
    const float minus_ln = -0.6931471805599453f * log2_f(u);
    const float radius = __builtin_sqrtf(noise * (minus_ln > 0.0f ? minus_ln : 0.0f));
    float sine, cosine;
    turn(float(std::int32_t(b >> 8)) * 5.960464477539063e-8f, sine, cosine);  // 2^-24
    x = radius * cosine;
    y = radius * sine;
  };
  for (int i = 0; i < lanes; ++i) polar(c0[i], c1[i], re[i], im[i]);
  for (int i = 0; i < lanes; ++i) polar(c2[i], c3[i], re[lanes + i], im[lanes + i]);
}

}  // namespace

void propagate(const Link &l, const float *x, const float *h, const float *noise, std::uint64_t key, float *y) {
  const std::int64_t f = l.n_subcarriers, t_f = l.n_symbols * f, blocks = (f + block - 1) / block;
  std::uint64_t row = 0;
  for (std::int64_t b = 0; b < l.n_batch; ++b)
    for (std::int64_t r = 0; r < l.n_rx; ++r)
      for (std::int64_t t = 0; t < l.n_symbols; ++t, ++row) {
        float *out = y + 2 * ((b * l.n_rx + r) * t_f + t * f);
        const float *through = h + 2 * ((b * l.n_rx + r) * l.n_tx * l.h_symbols + (l.h_symbols > 1 ? t : 0)) * f;
        const float *sent = x + 2 * (b * l.n_tx * t_f + t * f);
        for (std::int64_t part = 0; part < blocks; ++part) {
          const std::int64_t s = part * block;
          const int n = f - s < block ? int(f - s) : block;
          float re[block] = {}, im[block] = {};
          if (noise[b] > 0.0f) gaussian((row * std::uint64_t(blocks) + std::uint64_t(part)) * lanes, key, noise[b], re, im);
          for (std::int64_t port = 0; port < l.n_tx; ++port) {
            const float *a = through + 2 * (port * l.h_symbols * f + s), *c = sent + 2 * (port * t_f + s);
            if (n == block) {
              for (int i = 0; i < block; ++i) {
                re[i] += a[2 * i] * c[2 * i] - a[2 * i + 1] * c[2 * i + 1];
                im[i] += a[2 * i] * c[2 * i + 1] + a[2 * i + 1] * c[2 * i];
              }
            } else {
              for (int i = 0; i < n; ++i) {
                re[i] += a[2 * i] * c[2 * i] - a[2 * i + 1] * c[2 * i + 1];
                im[i] += a[2 * i] * c[2 * i + 1] + a[2 * i + 1] * c[2 * i];
              }
            }
          }
          for (int i = 0; i < n; ++i) {
            out[2 * (s + i)] = re[i];
            out[2 * (s + i) + 1] = im[i];
          }
        }
      }
}

}  // namespace SILLA_ISA
}  // namespace silla
