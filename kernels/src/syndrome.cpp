// Sums are joined like the rounds of a tournament: of terms alike, rounding takes nothing off. In one chain it would leave
// out every term much larger than the sum so far, and the messages of wide checks would be several times too strong.
//
// The check's rule is approximate min* (Jones, Valles, Smith & Villasenor, MILCOM 2003): the least reliable edge is told
// the exact sum of all the others, and the others the sum of all.
//
// The check's arithmetic is in bytes, twice as many lanes as the beliefs have; two vectors of beliefs make one of bytes.
// The lanes of these bytes are in whatever order narrowing gives, and widening undoes: messages are only read here.
// A belief is changed by the difference of two messages, so that only its byte has to be kept between the passes. Once
// few checks are unmet, messages may be larger than a byte's difference allows: a check must be able to overrule several
// bits that were received wrong, or the last errors of one block in some hundred stay.
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
constexpr int limit = 127, most_told = 63, max_degree = 255;  // a message and its change fit a byte
constexpr int nearly = 256;  // one check unmet of so many: from there on messages may be as large as beliefs
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
  friend Bytes narrowed(Shorts x) { return {_mm512_packs_epi16(x.a, x.b)}; }  // -128 to 127
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
  friend Bytes narrowed(Shorts x) { return {_mm256_packs_epi16(x.a, x.b)}; }
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
  static V within(V x) {
    x = x < 127 ? x : V{} + std::int16_t(127);
    return x < -128 ? V{} - std::int16_t(128) : x;
  }
  friend Bytes narrowed(Shorts x) { return {Bytes::Unsigned(__builtin_convertvector(within(x.a), B))}; }
  static Shorts widened(Bytes x) { return {__builtin_convertvector(B(x.v), V)}; }
#endif
};

// 8 log(1 + exp(-d / 8)), off by 0.4 at most, of half = (d + 1) / 2 rounded down.
inline Bytes correction(Bytes half) {
#if defined(__AVX512BW__)
  const __m512i values = _mm512_broadcast_i32x4(_mm_setr_epi8(5, 5, 4, 3, 3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0));
  return {_mm512_shuffle_epi8(values, add_sat_u(half, Bytes::all(0x70)).v)};  // 0 from 16 on: the highest bit is set
#elif defined(__AVX2__)
  const __m256i values = _mm256_broadcastsi128_si256(_mm_setr_epi8(5, 5, 4, 3, 3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0));
  return {_mm256_shuffle_epi8(values, add_sat_u(half, Bytes::all(0x70)).v)};
#else
  const Bytes::Unsigned x = half.v;
  return {Bytes::Unsigned(-((x < 2) + (x < 3) + (x < 5) + (x < 7) + (x < 10)))};
#endif
}

inline Bytes joined(Bytes a, Bytes b) {
  const Bytes low = min_u(a, b), high = max_u(a, b);
  const Bytes apart = correction(average_u(sub_sat_u(high, low), Bytes::all(0)));
  return sub_sat_u(add_sat_u(low, correction(average_u(high, low))), apart);
}

// Joins the values of up to 255 edges as they come.
struct Tournament {
  Bytes halves[8];

  void add(Bytes sum, int at, int level) {  // of the 2^level values before `at`
    for (; at >> level & 1; ++level) sum = joined(halves[level], sum);
    halves[level] = sum;
  }

  Bytes all(int n) const {
    Bytes sum = Bytes::all(limit);
    for (int level = 0; n >> level; ++level)
      if (n >> level & 1) sum = joined(sum, halves[level]);
    return sum;
  }
};

// W checks of a row, with messages up to 127 where `wide`; edge e at beliefs + from[e]; how many are unmet by what their edges say without them.
template <bool wide>
inline int checks(int degree, const std::uint32_t *from, std::int16_t *beliefs, std::int8_t *message,
                  const std::uint8_t *syndrome) {
  Bytes t[max_degree], sign = narrowed(Shorts::minus(syndrome)), least = Bytes::all(limit);
  Tournament sums;
  const auto next = [&](int e) {
    const Shorts belief = Shorts::load(beliefs + from[e]);
    const Bytes before = Bytes::load(message + e * W);
    t[e] = wide ? narrowed(belief - Shorts::widened(before)) : sub_sat(narrowed(belief), before);
    sign = sign ^ t[e];
    const Bytes size = abs_u(t[e]), sum = max_u(least, size);
    least = min_u(least, size);
    return sum;
  };
  const auto two = [&](int e) {
    const Bytes a = next(e);
    return joined(a, next(e + 1));
  };
  const auto four = [&](int e) {
    const Bytes a = two(e);
    return joined(a, two(e + 2));
  };
  int e = 0;
  for (; e + 8 <= degree; e += 8) {
    const Bytes a = four(e);
    sums.add(joined(a, four(e + 4)), e >> 3 << 3, 3);
  }
  for (; e < degree; ++e) sums.add(next(e), e, 0);
  const Bytes rest = sums.all(degree), most = Bytes::all(wide ? limit : most_told);
  const Bytes common = min_u(joined(rest, least), most), own = min_u(rest, most);
  for (e = 0; e < degree; ++e) {
    const Bytes told = negate_if(sign ^ t[e], if_equal(abs_u(t[e]), least, own, common));
    const Bytes before = Bytes::load(message + e * W);
    const Shorts change =
        wide ? Shorts::widened(told) - Shorts::widened(before) : Shorts::widened(sub_sat(told, before));
    std::int16_t *belief = beliefs + from[e];
    (Shorts::load(belief) + change).store(belief);
    told.store(message + e * W);
    __builtin_prefetch(belief + 2 * W, 1);  // of more streams than a processor follows by itself
  }
  return __builtin_popcountll(signs(sign));
}

// One block's decoding.
struct Block {
  const LdpcGraph &g;
  const std::uint8_t *syndrome;
  std::int16_t *beliefs;
  std::int8_t *messages;

  int stride() const { return g.z + L; }

  void load(const std::int16_t *llr) const {
    memset(messages, 0, std::size_t(g.row_first[g.n_rows]) * std::size_t(g.z));
    for (int c = 0; c < g.n_cols; ++c) {
      std::int16_t *column = beliefs + std::int64_t(c) * stride();
      memcpy(column, llr + std::int64_t(c) * g.z, std::size_t(g.z) * sizeof(*column));
      memcpy(column + g.z, column, L * sizeof(*column));
    }
  }

  // The number of unmet checks, each at its turn.
  template <bool wide>
  int iterate() const {
    int unmet = 0;
    for (int r = 0; r < g.n_rows; ++r) {
      const int first = g.row_first[r], degree = g.row_first[r + 1] - first;
      std::int8_t *message = messages + std::int64_t(first) * g.z;
      std::uint32_t from[max_degree], end[max_degree];
      for (int e = 0; e < degree; ++e) {
        const std::uint32_t column = std::uint32_t(g.col[first + e]) * std::uint32_t(stride());
        from[e] = column + std::uint32_t(g.shift[first + e]);
        end[e] = column + std::uint32_t(g.z);
      }
      for (int v = 0; v < g.z; v += W, message += degree * W) {
        unmet += checks<wide>(degree, from, beliefs, message, syndrome + std::int64_t(r) * g.z + v);
        for (int e = 0; e < degree; ++e) {
          const std::uint32_t next = from[e] + W;
          from[e] = next < end[e] ? next : next - std::uint32_t(g.z);
        }
      }
      // What was written behind a column's end belongs at its start, and the copy behind the end is renewed.
      for (int e = first; e < first + degree; ++e) {
        std::int16_t *column = beliefs + std::int64_t(g.col[e]) * stride();
        memcpy(column, column + g.z, std::size_t(g.shift[e] % W) * sizeof(*column));
        memcpy(column + g.z, column, L * sizeof(*column));
      }
    }
    return unmet;
  }

  // Whether the decisions have the syndrome; most that have not are found out by their first checks.
  bool hold() const {
    for (int r = 0; r < g.n_rows; ++r)
      for (int v = 0; v < g.z; v += W) {
        Bytes sign = narrowed(Shorts::minus(syndrome + std::int64_t(r) * g.z + v));
        for (int e = g.row_first[r]; e < g.row_first[r + 1]; ++e) {
          const int at = g.shift[e] + v;
          sign = sign ^ narrowed(Shorts::load(beliefs + std::int64_t(g.col[e]) * stride() + (at < g.z ? at : at - g.z)));
        }
        if (signs(sign)) return false;
      }
    return true;
  }
};

}  // namespace

void syndrome_decode(const SyndromeInput &in, std::int16_t *beliefs, std::int8_t *messages, const SyndromeOutput &out) {
  const LdpcGraph &g = in.graph;
  const std::int64_t n = std::int64_t(g.n_cols) * g.z;
  for (std::int64_t b = 0; b < in.n_blocks; ++b) {
    const Block block{g, in.syndrome + b * std::int64_t(g.n_rows) * g.z, beliefs, messages};
    block.load(in.llr + b * n);
    int done = 0, fewest = 0x7fffffff, idle = 0;
    bool hold = false, wide = false;
    while (done < in.max_iterations && !hold && (in.patience == 0 || idle < in.patience)) {
      const int unmet = wide ? block.iterate<true>() : block.iterate<false>();
      hold = block.hold();
      idle = unmet < fewest ? 0 : idle + 1;
      if (unmet < fewest) fewest = unmet;
      wide = wide || std::int64_t(unmet) * nearly < std::int64_t(g.n_rows) * g.z;
      ++done;
    }
    out.iterations[b] = done;
    out.satisfied[b] = hold;
    for (int c = 0; c < g.n_cols; ++c) {
      const std::int16_t *column = beliefs + std::int64_t(c) * block.stride();
      std::uint8_t *__restrict bits = out.bits + b * n + std::int64_t(c) * g.z;
      for (int i = 0; i < g.z; ++i) bits[i] = column[i] < 0;
    }
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
