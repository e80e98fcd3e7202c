// Sums are joined like the rounds of a tournament: of terms alike, rounding takes nothing off. In one chain it would leave
// out every term much larger than the sum so far, and the messages of wide checks would be several times too strong.
//
// The check's rule is approximate min* (Jones, Valles, Smith & Villasenor, MILCOM 2003): the least reliable edge is told
// the exact sum of all the others, and the others the sum of all.
//
// The check's arithmetic is in bytes, twice as many lanes as the beliefs have; two vectors of beliefs make one of bytes.
// The lanes of these bytes are in whatever order narrowing gives, and widening undoes: messages are only read here.
// Nothing of the C++ library is used: its inline functions would be shared between instruction sets.
#include "syndrome.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

#include "bytes.h"

constexpr int W = Bytes::width, L = syndrome_lanes;
constexpr int limit = 127, max_degree = 255;
static_assert(L % W == 0, "a circulant is whole vectors");

// As many 16-bit integers as a vector has bytes.
struct Shorts {
#if defined(__AVX512BW__)
  __m512i a, b;
  static Shorts load(const std::int16_t *p) { return {_mm512_loadu_si512(p), _mm512_loadu_si512(p + W / 2)}; }
  void store(std::int16_t *p) const {
    _mm512_storeu_si512(p, a);
    _mm512_storeu_si512(p + W / 2, b);
  }
  static Shorts minus(const std::uint8_t *p) {  // of bytes in their own order
    const __m512i zero = _mm512_setzero_si512();
    const auto half = [&](const std::uint8_t *q) {
      return _mm512_sub_epi16(zero, _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(q))));
    };
    return {half(p), half(p + W / 2)};
  }
  friend Shorts operator+(Shorts x, Shorts y) { return {_mm512_add_epi16(x.a, y.a), _mm512_add_epi16(x.b, y.b)}; }
  friend Shorts operator-(Shorts x, Shorts y) { return {_mm512_sub_epi16(x.a, y.a), _mm512_sub_epi16(x.b, y.b)}; }
  friend Shorts operator^(Shorts x, Shorts y) { return {_mm512_xor_si512(x.a, y.a), _mm512_xor_si512(x.b, y.b)}; }
  friend Shorts operator|(Shorts x, Shorts y) { return {_mm512_or_si512(x.a, y.a), _mm512_or_si512(x.b, y.b)}; }
  friend Bytes narrowed(Shorts x) { return {_mm512_packs_epi16(x.a, x.b)}; }  // -128 to 127
  friend Bytes magnitude(Shorts x) { return {_mm512_packs_epi16(_mm512_abs_epi16(x.a), _mm512_abs_epi16(x.b))}; }
  static Shorts widened(Bytes x) {
    return {_mm512_srai_epi16(_mm512_unpacklo_epi8(x.v, x.v), 8), _mm512_srai_epi16(_mm512_unpackhi_epi8(x.v, x.v), 8)};
  }
#elif defined(__AVX2__)
  __m256i a, b;
  static Shorts load(const std::int16_t *p) { return {Bytes::load(p).v, Bytes::load(p + W / 2).v}; }
  void store(std::int16_t *p) const {
    Bytes{a}.store(p);
    Bytes{b}.store(p + W / 2);
  }
  static Shorts minus(const std::uint8_t *p) {
    const __m256i zero = _mm256_setzero_si256();
    const auto half = [&](const std::uint8_t *q) {
      return _mm256_sub_epi16(zero, _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(q))));
    };
    return {half(p), half(p + W / 2)};
  }
  friend Shorts operator+(Shorts x, Shorts y) { return {_mm256_add_epi16(x.a, y.a), _mm256_add_epi16(x.b, y.b)}; }
  friend Shorts operator-(Shorts x, Shorts y) { return {_mm256_sub_epi16(x.a, y.a), _mm256_sub_epi16(x.b, y.b)}; }
  friend Shorts operator^(Shorts x, Shorts y) { return {_mm256_xor_si256(x.a, y.a), _mm256_xor_si256(x.b, y.b)}; }
  friend Shorts operator|(Shorts x, Shorts y) { return {_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)}; }
  friend Bytes narrowed(Shorts x) { return {_mm256_packs_epi16(x.a, x.b)}; }
  friend Bytes magnitude(Shorts x) { return {_mm256_packs_epi16(_mm256_abs_epi16(x.a), _mm256_abs_epi16(x.b))}; }
  static Shorts widened(Bytes x) {
    return {_mm256_srai_epi16(_mm256_unpacklo_epi8(x.v, x.v), 8), _mm256_srai_epi16(_mm256_unpackhi_epi8(x.v, x.v), 8)};
  }
#else
  typedef std::int16_t V __attribute__((vector_size(32)));
  typedef std::int8_t B __attribute__((vector_size(16)));
  V a;
  static Shorts load(const std::int16_t *p) {
    Shorts x;
    memcpy(&x.a, p, sizeof x.a);
    return x;
  }
  void store(std::int16_t *p) const { memcpy(p, &a, sizeof a); }
  static Shorts minus(const std::uint8_t *p) {
    B x;
    memcpy(&x, p, sizeof x);
    return {-__builtin_convertvector(x, V)};
  }
  friend Shorts operator+(Shorts x, Shorts y) { return {x.a + y.a}; }
  friend Shorts operator-(Shorts x, Shorts y) { return {x.a - y.a}; }
  friend Shorts operator^(Shorts x, Shorts y) { return {x.a ^ y.a}; }
  friend Shorts operator|(Shorts x, Shorts y) { return {x.a | y.a}; }
  static V within(V x) {
    x = x < 127 ? x : V{} + std::int16_t(127);
    return x < -128 ? V{} - std::int16_t(128) : x;
  }
  friend Bytes narrowed(Shorts x) { return {Bytes::Unsigned(__builtin_convertvector(within(x.a), B))}; }
  friend Bytes magnitude(Shorts x) { return narrowed(Shorts{x.a < 0 ? -x.a : x.a}); }
  static Shorts widened(Bytes x) { return {__builtin_convertvector(B(x.v), V)}; }
#endif
};

// 8 log(1 + exp(-d / 8)), off by 0.4 at most: (m m + 64) >> 7 of m = max(26 - d, 0), which is the same for 2k and 2k + 1.
inline Bytes correction(Bytes d) {
  const Bytes m = sub_sat_u(Bytes::all(26), d);
#if defined(__AVX512BW__)
  const __m512i values = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 0, 0));
  return {_mm512_shuffle_epi8(values, _mm512_and_si512(_mm512_srli_epi16(m.v, 1), _mm512_set1_epi8(15)))};
#elif defined(__AVX2__)
  const __m256i values = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 0, 0));
  return {_mm256_shuffle_epi8(values, _mm256_and_si256(_mm256_srli_epi16(m.v, 1), _mm256_set1_epi8(15)))};
#else
  const Bytes::Signed x = Bytes::Signed(m.v);
  return {Bytes::Unsigned(-((x > 7) + (x > 13) + (x > 17) + (x > 21) + (x > 23)))};
#endif
}

inline Bytes sum_of(Bytes a, Bytes b) {  // of unsigned bytes that fit
#if defined(__AVX512BW__)
  return {_mm512_add_epi8(a.v, b.v)};
#elif defined(__AVX2__)
  return {_mm256_add_epi8(a.v, b.v)};
#else
  return {a.v + b.v};
#endif
}

inline Bytes joined(Bytes a, Bytes b) {
  const Bytes low = min_u(a, b), high = max_u(a, b);
  return sub_sat_u(sum_of(low, correction(sum_of(high, low))), correction(sub_sat_u(high, low)));
}

// W checks of a row; how many were unmet. The sign of `open` is left alone where they held before and no decision
// changes.
inline int checks(int degree, std::int16_t *const *from, std::int8_t *message, const std::uint8_t *syndrome,
                  Shorts &open) {
  Shorts t[max_degree];
  Bytes size[max_degree];
  Shorts sign = Shorts::minus(syndrome), held = sign;
  Bytes least = Bytes::all(limit), halves[8];
  for (int e = 0; e < degree; ++e) {
    const Shorts l = Shorts::load(from[e]), v = l - Shorts::widened(Bytes::load(message + e * W));
    const Bytes a = magnitude(v);
    t[e] = v;
    size[e] = a;
    held = held ^ l;
    sign = sign ^ v;
    Bytes sum = max_u(least, a);
    int level = 0;
    for (; e >> level & 1; ++level) sum = joined(halves[level], sum);
    halves[level] = sum;
    least = min_u(least, a);
  }
  Bytes rest = Bytes::all(limit);
  for (int level = 0; degree >> level; ++level)
    if (degree >> level & 1) rest = joined(rest, halves[level]);
  const int unmet = __builtin_popcountll(signs(narrowed(held)));
  const Bytes common = joined(rest, least);
  for (int e = 0; e < degree; ++e) {
    const Bytes told = negate_if(narrowed(sign ^ t[e]), if_equal(size[e], least, rest, common));
    const Shorts now = t[e] + Shorts::widened(told);
    held = held | (now ^ Shorts::load(from[e]));
    told.store(message + e * W);
    now.store(from[e]);
  }
  open = open | held;
  return unmet;
}

// The number of unmet checks, each at its turn; -1 where none was and no decision changed.
int iterate(const LdpcGraph &g, const std::uint8_t *syndrome, std::int16_t *beliefs, std::int8_t *messages) {
  const int stride = g.z + L;
  Shorts open{};
  int unmet = 0;
  for (int r = 0; r < g.n_rows; ++r) {
    const int first = g.row_first[r], degree = g.row_first[r + 1] - first;
    std::int8_t *message = messages + std::int64_t(first) * g.z;
    std::int16_t *from[max_degree];
    for (int v = 0; v < g.z; v += W, message += degree * W) {
      for (int e = 0; e < degree; ++e) {
        int at = g.shift[first + e] + v;
        if (at >= g.z) at -= g.z;
        from[e] = beliefs + std::int64_t(g.col[first + e]) * stride + at;
      }
      unmet += checks(degree, from, message, syndrome + std::int64_t(r) * g.z + v, open);
    }
    // What was written behind a column's end belongs at its start, and the copy behind the end is renewed.
    for (int e = first; e < first + degree; ++e) {
      std::int16_t *column = beliefs + std::int64_t(g.col[e]) * stride;
      const int wrapped = g.shift[e] % W;
      memcpy(column, column + g.z, std::size_t(wrapped) * sizeof(*column));
      memcpy(column + g.z, column, L * sizeof(*column));
    }
  }
  return signs(narrowed(open)) ? unmet : -1;
}

}  // namespace

void syndrome_decode(const SyndromeInput &in, std::int16_t *beliefs, std::int8_t *messages, const SyndromeOutput &out) {
  const LdpcGraph &g = in.graph;
  const std::int64_t n = std::int64_t(g.n_cols) * g.z;
  const int stride = g.z + L;
  for (std::int64_t b = 0; b < in.n_blocks; ++b) {
    memset(messages, 0, std::size_t(g.row_first[g.n_rows]) * std::size_t(g.z));
    for (int c = 0; c < g.n_cols; ++c) {
      std::int16_t *column = beliefs + std::int64_t(c) * stride;
      memcpy(column, in.llr + b * n + std::int64_t(c) * g.z, std::size_t(g.z) * sizeof(*column));
      memcpy(column + g.z, column, L * sizeof(*column));
    }
    int done = 0, fewest = 0x7fffffff, idle = 0;
    bool hold = false;
    while (done < in.max_iterations && !hold && (in.patience == 0 || idle < in.patience)) {
      const int unmet = iterate(g, in.syndrome + b * std::int64_t(g.n_rows) * g.z, beliefs, messages);
      hold = unmet < 0;
      idle = unmet < fewest ? 0 : idle + 1;
      if (unmet < fewest) fewest = unmet;
      ++done;
    }
    out.iterations[b] = done;
    out.satisfied[b] = hold;
    for (int c = 0; c < g.n_cols; ++c)
      for (int i = 0; i < g.z; ++i)
        out.bits[b * n + std::int64_t(c) * g.z + i] = beliefs[std::int64_t(c) * stride + i] < 0;
  }
}

void syndrome_of(const LdpcGraph &g, std::int64_t n_blocks, const std::uint8_t *bits, std::uint8_t *doubled,
                 std::uint8_t *syndrome) {
  const std::int64_t z = g.z;
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    for (std::int64_t c = 0; c < g.n_cols; ++c) {
      memcpy(doubled + 2 * c * z, bits + (b * g.n_cols + c) * z, std::size_t(z));
      memcpy(doubled + (2 * c + 1) * z, bits + (b * g.n_cols + c) * z, std::size_t(z));
    }
    for (int r = 0; r < g.n_rows; ++r) {
      std::uint8_t *__restrict out = syndrome + (b * g.n_rows + r) * z;
      memset(out, 0, std::size_t(z));
      for (int e = g.row_first[r]; e < g.row_first[r + 1]; ++e) {
        const std::uint8_t *__restrict from = doubled + 2 * std::int64_t(g.col[e]) * z + g.shift[e];
        for (std::int64_t i = 0; i < z; ++i) out[i] ^= from[i];
      }
    }
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
