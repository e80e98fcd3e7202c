// On one axis, in units of half the levels' distance, the levels are the odd numbers up to L - 1. Folding |v| about L/2
// brings the thresholds of the next bit to 0, and the same form serves every bit: with m = |v| and a the nearest level of
// m's side, the max-log LLR is (m + 1)^2 - (m - a)^2 with v's sign.
#include "qam.h"

#include <cmath>
#include <cstring>

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int block = 256;  // symbols worked on at a time

template <int half>
void map_axis(const QamMap &q) {
  const std::uint8_t *data = q.data, *flip = q.flip;
  for (std::int64_t s = 0; s < q.n; ++s, data += 2 * half) {
    unsigned re = 0, im = 0;
    for (int j = 0; j < half; ++j) {
      re = 2 * re + data[2 * j];
      im = 2 * im + data[2 * j + 1];
    }
    if (flip) {
      unsigned fr = 0, fi = 0;
      for (int j = 0; j < half; ++j) {
        fr = 2 * fr + flip[2 * j];
        fi = 2 * fi + flip[2 * j + 1];
      }
      re ^= fr;
      im ^= fi;
      flip += 2 * half;
    }
    constexpr unsigned mask = (1u << half) - 1;
    q.symbol[2 * s] = q.level[re & mask];
    q.symbol[2 * s + 1] = q.level[im & mask];
  }
}

// LLRs of up to `block` symbols, [half][2 * block]; gain holds the factor of each of the two axes.
void axis_llr(const float *x, const float *gain, int n, int half, float inverse_unit, float (*out)[2 * block]) {
  float v[2 * block];
  for (int i = 0; i < n; ++i) v[i] = x[i] * inverse_unit;
  for (int j = 0; j < half; ++j) {
    const float top = float((1 << (half - j)) - 1), middle = float(1 << (half - j)) * 0.5f;
    float *llr = out[j];
    for (int i = 0; i < n; ++i) {
      const float m = std::fabs(v[i]);
      const float low = m < top ? m : top;
      const float a = 2.0f * float(int(low * 0.5f)) + 1.0f;
      const float distance = (2.0f * m * (1.0f + a) + (1.0f - a * a)) * gain[i];
      llr[i] = std::copysign(distance, v[i]);
      v[i] = middle - m;
    }
  }
}

void gains(const QamDemap &q, std::int64_t first, int n, float factor, float *gain) {
  if (q.noise_step == 0) {
    const float g = factor / q.noise[0];
    for (int i = 0; i < 2 * n; ++i) gain[i] = g;
    return;
  }
  for (int i = 0; i < n; ++i) gain[2 * i] = gain[2 * i + 1] = factor / q.noise[first + i];
}

// out[s][j] = part[j][s]: the two axes' LLRs of a bit are neighbours in both.
template <typename Pair, int half>
void interleave(const void *part, std::int64_t stride, int n, void *out) {
  const char *in = static_cast<const char *>(part);
  char *to = static_cast<char *>(out);
  for (int s = 0; s < n; ++s)
    for (int j = 0; j < half; ++j)
      std::memcpy(to + (s * half + j) * sizeof(Pair), in + j * stride + s * sizeof(Pair), sizeof(Pair));
}

template <typename Pair>
void interleave_any(int half, const void *part, std::int64_t stride, int n, void *out) {
  switch (half) {
    case 1: return interleave<Pair, 1>(part, stride, n, out);
    case 2: return interleave<Pair, 2>(part, stride, n, out);
    case 3: return interleave<Pair, 3>(part, stride, n, out);
    case 4: return interleave<Pair, 4>(part, stride, n, out);
    case 5: return interleave<Pair, 5>(part, stride, n, out);
    default: return interleave<Pair, 6>(part, stride, n, out);
  }
}

}  // namespace

void qam_map(const QamMap &q) {
  switch (q.bits / 2) {
    case 1: return map_axis<1>(q);
    case 2: return map_axis<2>(q);
    case 3: return map_axis<3>(q);
    case 4: return map_axis<4>(q);
    case 5: return map_axis<5>(q);
    default: return map_axis<6>(q);
  }
}

void qam_demap_float(const QamDemap &q, float *llr) {
  const int half = q.bits / 2;
  float part[6][2 * block], gain[2 * block];
  for (std::int64_t first = 0; first < q.n; first += block) {
    const int n = int(q.n - first < block ? q.n - first : block);
    gains(q, first, n, q.unit * q.unit, gain);
    axis_llr(q.symbol + 2 * first, gain, 2 * n, half, 1.0f / q.unit, part);
    float *out = llr + first * q.bits;
    interleave_any<std::uint64_t>(half, part, sizeof part[0], n, out);
    if (q.flip) {
      const std::uint8_t *flip = q.flip + first * q.bits;
      for (int i = 0; i < n * q.bits; ++i) out[i] = flip[i] ? -out[i] : out[i];
    }
  }
}

void qam_demap_int8(const QamDemap &q, std::int8_t *llr) {
  const int half = q.bits / 2;
  float part[6][2 * block], gain[2 * block];
  std::int8_t small[6][2 * block];
  for (std::int64_t first = 0; first < q.n; first += block) {
    const int n = int(q.n - first < block ? q.n - first : block);
    gains(q, first, n, q.unit * q.unit * q.scale, gain);
    axis_llr(q.symbol + 2 * first, gain, 2 * n, half, 1.0f / q.unit, part);
    for (int j = 0; j < half; ++j)
      for (int i = 0; i < 2 * n; ++i) {
        float x = part[j][i];
        x = x < 127.0f ? x : 127.0f;
        x = x > -127.0f ? x : -127.0f;
        constexpr float shift = 12582912.0f;  // 1.5 * 2^23: what is added to it is rounded to whole numbers
        const float moved = x + shift;
        std::int32_t whole;
        std::memcpy(&whole, &moved, sizeof whole);
        small[j][i] = std::int8_t(whole - 0x4B400000);
      }
    std::int8_t *out = llr + first * q.bits;
    interleave_any<std::uint16_t>(half, small, sizeof small[0], n, out);
    if (q.flip) {
      const std::uint8_t *flip = q.flip + first * q.bits;
      for (int i = 0; i < n * q.bits; ++i) {
        const std::int8_t sign = std::int8_t(-(flip[i] & 1));
        out[i] = std::int8_t((out[i] ^ sign) - sign);
      }
    }
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
