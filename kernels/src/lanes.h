// Vectors of reals in the width of one instruction set, by the compilers' vector extension; include inside the set's own
// namespace. Loads and stores need no alignment.
#if defined(__AVX512F__)
#define SILLA_VECTOR_BYTES 64
#elif defined(__AVX__)
#define SILLA_VECTOR_BYTES 32
#else
#define SILLA_VECTOR_BYTES 16
#endif

template <typename T>
struct Lanes;
template <>
struct Lanes<float> {
  typedef float V __attribute__((vector_size(SILLA_VECTOR_BYTES)));
  typedef std::int32_t I __attribute__((vector_size(SILLA_VECTOR_BYTES)));
  typedef std::uint16_t U __attribute__((vector_size(SILLA_VECTOR_BYTES / 2)));
  static constexpr int width = SILLA_VECTOR_BYTES / 4, sign = 31;
  static constexpr float magic = 12582912.0f;  // 1.5 2^23: adding it rounds to an integer, in the low bits
};
template <>
struct Lanes<double> {
  typedef double V __attribute__((vector_size(SILLA_VECTOR_BYTES)));
  typedef std::int64_t I __attribute__((vector_size(SILLA_VECTOR_BYTES)));
  typedef std::uint16_t U __attribute__((vector_size(SILLA_VECTOR_BYTES / 4)));
  static constexpr int width = SILLA_VECTOR_BYTES / 8, sign = 63;
  static constexpr double magic = 6755399441055744.0;  // 1.5 2^52
};

template <typename T>
using Vec = typename Lanes<T>::V;

template <typename T>
inline Vec<T> load(const T *p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <typename T>
inline void store(T *p, Vec<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Counts as reals.
template <typename T>
inline Vec<T> load(const std::uint16_t *p) {
  typename Lanes<T>::U u;
  __builtin_memcpy(&u, p, sizeof u);
  return __builtin_convertvector(__builtin_convertvector(u, typename Lanes<T>::I), Vec<T>);
}

template <typename T>
inline Vec<T> all(T x) {
  return Vec<T>{} + x;
}

template <typename T>
inline double sum(Vec<T> v) {
  double total = 0.0;
  for (int l = 0; l < Lanes<T>::width; ++l) total += double(v[l]);
  return total;
}

// The lanes in the order l ^ X.
template <typename T, int X>
inline Vec<T> exchanged(Vec<T> v) {
  typename Lanes<T>::I index;
  for (int l = 0; l < Lanes<T>::width; ++l) index[l] = l ^ X;
  return __builtin_shuffle(v, index);
}

// sin(pi y) and cos(pi y), |y| below 2^21 (float) or 2^50 (double). Interpolation at Chebyshev nodes in r^2 on [-1/2, 1/2]:
// absolute errors of 2e-8 and 4e-18 before rounding.
template <typename T>
inline void sincos_pi(Vec<T> y, Vec<T> &s, Vec<T> &c) {
  using I = typename Lanes<T>::I;
  const Vec<T> shifted = y + Lanes<T>::magic, r = y - (shifted - Lanes<T>::magic), u = r * r;
  const I odd = I(shifted) << Lanes<T>::sign;
  Vec<T> p, q;
  if constexpr (sizeof(T) == 4) {
    p = u * 0.077655912276013869f - 0.59829041128342753f;
    p = p * u + 2.5500773865289119f;
    p = p * u - 5.1677100766683144f;
    p = p * u + 3.1415926400772033f;
    q = u * -0.024395932097550444f + 0.23493706859508651f;
    q = q * u - 1.3352119493905503f;
    q = q * u + 4.0587091547631343f;
    q = q * u - 4.9348021369289456f;
    q = q * u + 0.99999999977915403f;
  } else {
    p = u * 7.6978267682241906e-7 - 2.1903497074626017e-5;
    p = p * u + 4.6629981618983938e-4;
    p = p * u - 7.3704305069169434e-3;
    p = p * u + 0.082145886573102895;
    p = p * u - 0.59926452932894469;
    p = p * u + 2.5501640398773005;
    p = p * u - 5.1677127800499696;
    p = p * u + 3.1415926535897932;
    q = u * 4.1495643539425856e-6 - 1.0456655338748738e-4;
    q = q * u + 1.9295562724817132e-3;
    q = q * u - 0.025806888737002337;
    q = q * u + 0.23533063012953386;
    q = q * u - 1.3352627688434471;
    q = q * u + 4.0587121264164970;
    q = q * u - 4.9348022005446768;
    q = q * u + 1.0;
  }
  s = Vec<T>(I(p * r) ^ odd);
  c = Vec<T>(I(q) ^ odd);
}
