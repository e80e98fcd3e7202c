// Single-precision functions without branches, so that the compiler turns loops over them into vector code. Relative errors
// are about 1e-7. Everything is local to the including source: each instruction set keeps its own copy.
#pragma once
#include <cstdint>
#include <cstring>

namespace silla {
namespace SILLA_ISA {
namespace {

template <typename To, typename From>
inline To bits_as(From from) {
  To to;
  static_assert(sizeof to == sizeof from);
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

inline float min_f(float a, float b) { return a < b ? a : b; }
inline float max_f(float a, float b) { return a > b ? a : b; }

// log2(x) for positive normal x; about -127 for zero. Polynomial of Cephes' logf (S. Moshier) about 1.
inline float log2_f(float x) {
  const std::int32_t u = bits_as<std::int32_t>(x);
  const std::int32_t e = (u - 0x3f3504f3) >> 23;  // x = 2^e m with m in [sqrt(1/2), sqrt(2))
  const float f = bits_as<float>(u - (e << 23)) - 1.0f, z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float y = f * z * p - 0.5f * z + f;
  return y * 1.44269504088896341f + float(e);
}

// 2^f on [-1/2, 1/2]: the polynomial of Cephes' exp2f.
inline float exp2_within_half(float f) {
  float p = 1.535336188319500e-4f;
  p = p * f + 1.339887440266574e-3f;
  p = p * f + 9.618437357674640e-3f;
  p = p * f + 5.550332471162809e-2f;
  p = p * f + 2.402264791363012e-1f;
  p = p * f + 6.931472028550421e-1f;
  p = p * f + 1.0f;
  return p;
}

// 2^x; 0 below 2^-126 (there are no subnormal results), 2^126 above that.
inline float exp2_f(float exponent) {
  const float x = min_f(max_f(exponent, -126.0f), 126.0f);
  const std::int32_t n = std::int32_t(x + (x < 0.0f ? -0.5f : 0.5f));
  const float f = x - float(n);
  const float power = exp2_within_half(f) * bits_as<float>((n + 127) << 23);
  return exponent < -126.0f ? 0.0f : power;
}

inline float exp_f(float x) { return exp2_f(x * 1.44269504088896341f); }

// atan2(y, x), 0 at the origin. Polynomial of Cephes' atanf after folding to [-tan(pi/8), tan(pi/8)].
inline float atan2_f(float y, float x) {
  const float ax = __builtin_fabsf(x), ay = __builtin_fabsf(y);
  const float small = min_f(ax, ay), large = max_f(ax, ay);
  const bool upper = small > 0.414213562373095f * large;
  const float num = upper ? small - large : small, den = upper ? small + large : large;
  const float t = num / max_f(den, 1e-37f), z = t * t;
  float p = 8.05374449538e-2f;
  p = p * z - 1.38776856032e-1f;
  p = p * z + 1.99777106478e-1f;
  p = p * z - 3.33329491539e-1f;
  float angle = p * z * t + t + (upper ? 0.785398163397448f : 0.0f);
  angle = ay > ax ? 1.57079632679490f - angle : angle;
  angle = x < 0.0f ? 3.14159265358979f - angle : angle;
  return y < 0.0f ? -angle : angle;
}

}  // namespace
}  // namespace SILLA_ISA
}  // namespace silla
