// Toeplitz hashing: bits are cut into words of 64, taken as coefficients in GF(2^128), and multiplied there by an additive
// Fourier transform. The product of two words has degree 126 at most, so nothing is reduced and the answer is exact.
//
// Three ways of multiplying in the field: plain C++, PCLMULQDQ (with AVX2) and VPCLMULQDQ (with AVX-512), the last two
// where the processor has them. Nothing here uses a standard-library template.
#include "gf2.h"

#if defined(__x86_64__) && defined(__AVX2__) && (defined(__GNUC__) || defined(__clang__))
#define SILLA_CLMUL 1
#include <immintrin.h>
#if defined(__AVX512F__)
#define SILLA_WIDE_CLMUL 1
#endif
#endif

#define SILLA_STRING(x) #x
#if defined(__clang__)
#define SILLA_TARGET(t) _Pragma(SILLA_STRING(clang attribute push(__attribute__((target(t))), apply_to = function)))
#define SILLA_TARGET_END _Pragma("clang attribute pop")
#else
#define SILLA_TARGET(t) _Pragma("GCC push_options") _Pragma(SILLA_STRING(GCC target(t)))
#define SILLA_TARGET_END _Pragma("GCC pop_options")
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

// ---- plain C++

namespace plain {

struct Element {
  std::uint64_t low, high;
};

inline Element operator^(Element a, Element b) { return {a.low ^ b.low, a.high ^ b.high}; }
inline Element load(const std::uint64_t *p) { return {p[0], p[1]}; }
inline void store(std::uint64_t *p, Element a) {
  p[0] = a.low;
  p[1] = a.high;
}

// Carry-less product of two words, four bits of b at a time.
inline Element word_product(std::uint64_t a, std::uint64_t b) {
  Element t[16];
  t[0] = {0, 0};
  t[1] = {a, 0};
  for (int i = 2; i < 16; i += 2) {
    t[i] = {t[i / 2].low << 1, t[i / 2].high << 1 | t[i / 2].low >> 63};
    t[i + 1] = t[i] ^ t[1];
  }
  Element sum = t[b >> 60];
  for (int s = 56; s >= 0; s -= 4) {
    sum = {sum.low << 4, sum.high << 4 | sum.low >> 60};
    sum = sum ^ t[b >> s & 15];
  }
  return sum;
}

inline Element multiply(Element a, Element b) {
  const Element low = word_product(a.low, b.low), high = word_product(a.high, b.high);
  const Element middle = word_product(a.low ^ a.high, b.low ^ b.high) ^ low ^ high;
  const std::uint64_t w2 = high.low ^ middle.high, w3 = high.high;
  // x^128 = x^7 + x^2 + x + 1; the bits that w3 pushes beyond 192 come back once more.
  const std::uint64_t over = w3 >> 63 ^ w3 >> 62 ^ w3 >> 57, v2 = w2 ^ over;
  return {low.low ^ v2 ^ v2 << 1 ^ v2 << 2 ^ v2 << 7,
          low.high ^ middle.low ^ w3 ^ w3 << 1 ^ w3 << 2 ^ w3 << 7 ^ v2 >> 63 ^ v2 >> 62 ^ v2 >> 57};
}

using Constant = Element;
inline Constant constant(const std::uint64_t *p) { return load(p); }
inline Element times(Element a, Constant c) { return multiply(a, c); }
template <bool inverse>
inline std::int64_t wide_layer(std::uint64_t *, std::uint64_t *, std::int64_t, Constant) { return 0; }

#include "gf2_transform.h"

}  // namespace plain

#if SILLA_CLMUL
// ---- PCLMULQDQ

SILLA_TARGET("pclmul")
namespace clmul {

#include "gf2_clmul.h"

template <bool inverse>
inline std::int64_t wide_layer(std::uint64_t *, std::uint64_t *, std::int64_t, const Constant &) { return 0; }

#include "gf2_transform.h"

}  // namespace clmul
SILLA_TARGET_END
#endif

#if SILLA_WIDE_CLMUL
// ---- VPCLMULQDQ, four elements at a time

SILLA_TARGET("pclmul,vpclmulqdq")
namespace wide {

#include "gf2_clmul.h"

template <bool inverse>
inline std::int64_t wide_layer(std::uint64_t *low, std::uint64_t *high, std::int64_t half, const Constant &c) {
  const __m512i c0 = _mm512_broadcast_i32x4(c.c), c1 = _mm512_broadcast_i32x4(c.shifted);
  const __m512i r = _mm512_broadcast_i32x4(_mm_set_epi64x(0, 0x87));
  std::int64_t i = 0;
  for (; i + 4 <= half; i += 4) {
    __m512i a = _mm512_loadu_si512(low + 2 * i), b = _mm512_loadu_si512(high + 2 * i);
    if (inverse) b = _mm512_xor_si512(b, a);
    const __m512i l = _mm512_xor_si512(_mm512_clmulepi64_epi128(b, c0, 0x00), _mm512_clmulepi64_epi128(b, c1, 0x01));
    const __m512i h = _mm512_xor_si512(_mm512_clmulepi64_epi128(b, c0, 0x10), _mm512_clmulepi64_epi128(b, c1, 0x11));
    a = _mm512_xor_si512(a, _mm512_ternarylogic_epi64(l, _mm512_bslli_epi128(h, 8), _mm512_clmulepi64_epi128(h, r, 0x01), 0x96));
    if (!inverse) b = _mm512_xor_si512(b, a);
    _mm512_storeu_si512(low + 2 * i, a);
    _mm512_storeu_si512(high + 2 * i, b);
  }
  return i;
}

#include "gf2_transform.h"

}  // namespace wide
SILLA_TARGET_END
#endif

struct Ways {
  void (*forward)(std::uint64_t *, int, std::int64_t, const std::uint64_t *);
  void (*backward)(std::uint64_t *, int, std::int64_t, const std::uint64_t *);
  void (*add_products)(std::uint64_t *, const std::uint64_t *, const std::uint64_t *, std::int64_t);
  void (*horner)(const std::uint8_t *, std::int64_t, const std::uint64_t *, std::uint64_t *);
  void (*product)(const std::uint64_t *, const std::uint64_t *, std::uint64_t *);
};

#define SILLA_WAY(w) Ways{w::forward, w::backward, w::add_products, w::horner, w::product}
Ways ways() {
#if SILLA_WIDE_CLMUL
  if (__builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("pclmul")) return SILLA_WAY(wide);
#endif
#if SILLA_CLMUL
  if (__builtin_cpu_supports("pclmul")) return SILLA_WAY(clmul);
#endif
  return SILLA_WAY(plain);
}

// ---- from coefficients to the basis of products of s_i, and back: sums only, of rows of `width` words

inline void add(std::uint64_t *__restrict to, const std::uint64_t *__restrict from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] ^= from[i];
}

// Expansion in powers of x^T + x, T = 2^tau: (x^T + x)^(2^r) = x^(T 2^r) + x^(2^r) divides from the top.
void expand(std::uint64_t *c, int log_size, int tau, std::int64_t width) {
  if (log_size <= tau) return;
  const std::int64_t half = (std::int64_t(1) << (log_size - 1)) * width;
  const std::int64_t step = (std::int64_t(1) << (log_size - 1 - tau)) * width;
  add(c + half, c + 2 * half - step, step);
  add(c + step, c + half, half - step);
  expand(c, log_size - 1, tau, width);
  expand(c + half, log_size - 1, tau, width);
}

void contract(std::uint64_t *c, int log_size, int tau, std::int64_t width) {
  if (log_size <= tau) return;
  const std::int64_t half = (std::int64_t(1) << (log_size - 1)) * width;
  const std::int64_t step = (std::int64_t(1) << (log_size - 1 - tau)) * width;
  contract(c, log_size - 1, tau, width);
  contract(c + half, log_size - 1, tau, width);
  add(c + step, c + half, half - step);
  add(c + half, c + 2 * half - step, step);
}

int split(int log_size) {  // the greatest power of two below log_size
  int tau = 1;
  while (2 * tau < log_size) tau *= 2;
  return tau;
}

void to_products(std::uint64_t *c, int log_size, std::int64_t width) {
  if (log_size <= 1) return;
  const int tau = split(log_size);
  const std::int64_t low = (std::int64_t(1) << tau) * width;
  expand(c, log_size, tau, width);
  to_products(c, log_size - tau, low);
  for (std::int64_t j = 0; j < std::int64_t(1) << (log_size - tau); ++j) to_products(c + j * low, tau, width);
}

void from_products(std::uint64_t *c, int log_size, std::int64_t width) {
  if (log_size <= 1) return;
  const int tau = split(log_size);
  const std::int64_t low = (std::int64_t(1) << tau) * width;
  for (std::int64_t j = 0; j < std::int64_t(1) << (log_size - tau); ++j) from_products(c + j * low, tau, width);
  from_products(c, log_size - tau, low);
  contract(c, log_size, tau, width);
}

// ---- factors: sums of a Cantor basis

constexpr int max_log = 30;

// basis[k] for k <= max_log: from an element of trace 1 downwards, b_(k-1) = b_k^2 + b_k; b_0 comes out as 1.
void cantor_basis(std::uint64_t basis[max_log + 1][2]) {
  using namespace plain;
  for (int bit = 0; bit < 128; ++bit) {
    Element top{bit < 64 ? std::uint64_t(1) << bit : 0, bit < 64 ? 0 : std::uint64_t(1) << (bit - 64)};
    Element trace = top, square = top;
    for (int i = 1; i < 128; ++i) {
      square = multiply(square, square);
      trace = trace ^ square;
    }
    if (trace.low != 1 || trace.high != 0) continue;
    for (int k = 127; k >= 0; --k) {
      if (k <= max_log) store(basis[k], top);
      top = multiply(top, top) ^ top;
    }
    return;
  }
}

void fill_factors(std::uint64_t *factors, std::int64_t n) {
  std::uint64_t basis[max_log + 1][2];
  cantor_basis(basis);
  factors[0] = factors[1] = 0;
  for (std::int64_t done = 1, k = 1; done < n; done *= 2, ++k)
    for (std::int64_t i = 0; i < done && done + i < n; ++i) {
      factors[2 * (done + i)] = factors[2 * i] ^ basis[k][0];
      factors[2 * (done + i) + 1] = factors[2 * i + 1] ^ basis[k][1];
    }
}

// ---- bits

// 64 bits from bit `first` on; bits before the start and behind the end are zero.
inline std::uint64_t word_at(const std::uint8_t *from, std::int64_t n_bytes, std::int64_t first) {
  if (first < 0) return first <= -64 ? 0 : word_at(from, n_bytes, 0) << -first;
  const std::int64_t byte = first / 8, room = n_bytes - byte;
  const int shift = int(first & 7);
  std::uint8_t raw[16] = {};
  if (room > 0) __builtin_memcpy(raw, from + byte, std::size_t(room >= 9 ? 9 : room));
  std::uint64_t x;
  __builtin_memcpy(&x, raw, 8);
  return shift ? x >> shift | std::uint64_t(raw[8]) << (64 - shift) : x;
}

// `count` bits from bit `first` of `from` (n_bytes long) as words.
void take(const std::uint8_t *from, std::int64_t n_bytes, std::int64_t first, std::int64_t count, std::uint64_t *to) {
  const std::int64_t words = (count + 63) / 64;
  for (std::int64_t w = 0; w < words; ++w) to[w] = word_at(from, n_bytes, first + 64 * w);
  if (count % 64) to[words - 1] &= (std::uint64_t(1) << (count % 64)) - 1;
}

// Words of coefficients into a transform of the wanted size.
void transform(const Ways &way, const std::uint8_t *from, std::int64_t n_bytes, std::int64_t first, std::int64_t count,
               int log_size, const std::uint64_t *factors, std::uint64_t *scratch, std::uint64_t *to) {
  const std::int64_t size = std::int64_t(1) << log_size, words = (count + 63) / 64;
  take(from, n_bytes, first, count, scratch);
  for (std::int64_t i = words; i < size; ++i) scratch[i] = 0;
  to_products(scratch, log_size, 1);
  for (std::int64_t i = 0; i < size; ++i) {
    to[2 * i] = scratch[i];
    to[2 * i + 1] = 0;
  }
  way.forward(to, log_size, 0, factors);
}

// Adds `count` bits of the product of words in `c` (overlapping coefficients of 128 bits), from bit `first`, to out at bit `at`.
void add_bits(const std::uint64_t *c, std::int64_t first, std::int64_t count, std::uint8_t *out, std::int64_t at) {
  const auto word = [c](std::int64_t i) { return c[2 * i] ^ (i ? c[2 * i - 1] : 0); };
  const int shift = int(first & 63);
  for (std::int64_t done = 0; done < count; done += 64) {
    const std::int64_t w = (first + done) / 64, left = count - done < 64 ? count - done : 64;
    std::uint64_t x = word(w) >> shift;
    if (shift && shift + left > 64) x |= word(w + 1) << (64 - shift);
    if (left < 64) x &= (std::uint64_t(1) << left) - 1;
    for (int b = 0; b < 8 && 8 * b < left; ++b) out[(at + done) / 8 + b] ^= std::uint8_t(x >> 8 * b);
  }
}

}  // namespace

ToeplitzPlan toeplitz_plan(std::int64_t n, std::int64_t n_out) {
  ToeplitzPlan best{};
  double least = 1e300;
  for (int log_size = 4; log_size <= max_log; ++log_size) {
    const std::int64_t room = std::int64_t(64) << log_size;
    for (std::int64_t rows = 1; rows <= 64; ++rows) {
      const std::int64_t row_bits = ((n_out + rows - 1) / rows + 63) / 64 * 64;
      // words of the two factors: w and w + the hash's + 1; their product must not come round
      const std::int64_t column_bits = (room - row_bits - 128) / 2 / 64 * 64;
      if (column_bits < 64) continue;
      const std::int64_t columns = (n + column_bits - 1) / column_bits;
      if (columns > 4096) continue;
      const double cost = double(columns + rows * columns + rows) * double(room) * (log_size + 3.0);
      if (cost < least) {
        least = cost;
        const std::int64_t even = ((n + columns - 1) / columns + 63) / 64 * 64;
        const std::int64_t size = std::int64_t(1) << log_size;
        // factors, scratch, one transform, the sum, and those of the input where they serve several times
        best = {log_size, columns, rows, even, row_bits, size * (1 + 1 + 2 + 2 + 2 * (rows > 1 ? columns : 1))};
      }
    }
    if (room > 4 * (2 * n + n_out + 256)) break;
  }
  return best;
}

void toeplitz(const ToeplitzInput &in, const ToeplitzPlan &plan, std::uint64_t *workspace) {
  const Ways way = ways();
  const std::int64_t size = std::int64_t(1) << plan.log_size;
  std::uint64_t *factors = workspace, *scratch = factors + size, *other = scratch + size, *sum = other + 2 * size;
  std::uint64_t *inputs = sum + 2 * size;
  fill_factors(factors, size / 2);
  const std::int64_t n_bytes = (in.n + 7) / 8, d_bytes = (in.n + in.n_out + 6) / 8;
  for (std::int64_t r = 0; r < plan.rows; ++r) {
    const std::int64_t row = r * plan.row_bits;
    if (row >= in.n_out) break;
    const std::int64_t rows = in.n_out - row < plan.row_bits ? in.n_out - row : plan.row_bits;
    for (std::int64_t i = 0; i < 2 * size; ++i) sum[i] = 0;
    for (std::int64_t c = 0; c < plan.columns; ++c) {
      const std::int64_t column = c * plan.column_bits;
      std::uint64_t *input = inputs + (plan.rows > 1 ? 2 * size * c : 0);
      if (r == 0)
        transform(way, in.bits, n_bytes, column, plan.column_bits, plan.log_size, factors, scratch, input);
      // Columns behind the end are zero, and so may be the diagonals that only they would meet.
      const std::int64_t first = row - (column + plan.column_bits - 1) + in.n - 1;
      transform(way, in.diagonals, d_bytes, first, rows + plan.column_bits - 1, plan.log_size, factors, scratch, other);
      way.add_products(sum, input, other, size);
    }
    way.backward(sum, plan.log_size, 0, factors);
    from_products(sum, plan.log_size, 2);
    add_bits(sum, plan.column_bits - 1, rows, in.out, row);
  }
}

void polynomial_hash(const std::uint8_t *data, std::int64_t n_blocks, const std::uint64_t *key, std::uint64_t *out) {
  ways().horner(data, n_blocks, key, out);
}

void gf128_multiply(const std::uint64_t *a, const std::uint64_t *b, std::uint64_t *out) { ways().product(a, b, out); }

}  // namespace SILLA_ISA
}  // namespace silla
