// The check's rule is approximate min* (Jones, Valles, Smith & Villasenor, MILCOM 2003): the least reliable edge is told
// the exact sum of all the others, and the others the sum of all. 
#include "syndrome.h"

#include <string.h>

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int L = syndrome_lanes;
constexpr int limit = 127, max_degree = 256;

// Vectors of the compiler's own, in as many registers as the instruction set needs; no alignment is asked of memory.
typedef std::int16_t V __attribute__((vector_size(2 * L)));
typedef std::int8_t B __attribute__((vector_size(L)));
typedef std::uint8_t U __attribute__((vector_size(L)));

inline V load(const std::int16_t *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}
inline void store(std::int16_t *p, V v) { memcpy(p, &v, sizeof v); }
inline V message_at(const std::int8_t *p) {
  B b;
  memcpy(&b, p, sizeof b);
  return __builtin_convertvector(b, V);
}
inline void store(std::int8_t *p, V v) {
  const B b = __builtin_convertvector(v, B);
  memcpy(p, &b, sizeof b);
}
inline V all(int x) { return V{} + std::int16_t(x); }
inline V least_of(V a, V b) { return a < b ? a : b; }
inline V most_of(V a, V b) { return a < b ? b : a; }

// 8 log(1 + exp(-d / 8)), off by 0.4 at most.
inline V correction(V d) {
  const V m = most_of(26 - d, V{});
  return (m * m + 64) >> 7;
}

inline V joined(V a, V b) {
  const V low = least_of(a, b), high = most_of(a, b);
  return most_of(low - correction(high - low) + correction(high + low), V{});
}

inline V magnitude(V t) { return least_of(most_of(t, -t), all(limit)); }

// L checks of a row. The sign of `open` is left alone where they held before and no decision changes.
inline void checks(int degree, std::int16_t *const *from, std::int8_t *message, std::int64_t step,
                   const std::uint8_t *syndrome, V &open) {
  V t[max_degree];
  U wanted;
  memcpy(&wanted, syndrome, sizeof wanted);
  V sign = -__builtin_convertvector(wanted, V), held = sign;
  V least = all(limit), rest = least;
  for (int e = 0; e < degree; ++e) {
    const V l = load(from[e]), v = l - message_at(message + e * step), a = magnitude(v);
    t[e] = v;
    held ^= l;
    sign ^= v;
    rest = joined(rest, most_of(least, a));
    least = least_of(least, a);
  }
  const V common = joined(rest, least);
  for (int e = 0; e < degree; ++e) {
    const V v = t[e], size = magnitude(v) == least ? rest : common;
    const V turn = (sign ^ v) >> 15, told = (size ^ turn) - turn, now = v + told;
    held |= now ^ load(from[e]);
    store(message + e * step, told);
    store(from[e], now);
  }
  open |= held;
}

bool iterate(const LdpcGraph &g, const std::uint8_t *syndrome, std::int16_t *beliefs, std::int8_t *messages) {
  const int stride = g.z + L;
  V open{};
  for (int r = 0; r < g.n_rows; ++r) {
    const int first = g.row_first[r], degree = g.row_first[r + 1] - first;
    std::int8_t *message = messages + std::int64_t(first) * g.z;
    std::int16_t *from[max_degree];
    for (int v = 0; v < g.z; v += L) {
      for (int e = 0; e < degree; ++e) {
        int at = g.shift[first + e] + v;
        if (at >= g.z) at -= g.z;
        from[e] = beliefs + std::int64_t(g.col[first + e]) * stride + at;
      }
      checks(degree, from, message + v, g.z, syndrome + std::int64_t(r) * g.z + v, open);
    }
    // What was written behind a column's end belongs at its start, and the copy behind the end is renewed.
    for (int e = first; e < first + degree; ++e) {
      std::int16_t *column = beliefs + std::int64_t(g.col[e]) * stride;
      const int wrapped = g.shift[e] % L;
      memcpy(column, column + g.z, std::size_t(wrapped) * sizeof(*column));
      memcpy(column + g.z, column, L * sizeof(*column));
    }
  }
  int any = 0;
  for (int i = 0; i < L; ++i) any |= open[i] < 0;
  return any == 0;
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
    int done = 0;
    bool hold = false;
    while (done < in.max_iterations && !hold) {
      hold = iterate(g, in.syndrome + b * std::int64_t(g.n_rows) * g.z, beliefs, messages);
      ++done;
    }
    out.iterations[b] = done;
    out.satisfied[b] = hold;
    for (int c = 0; c < g.n_cols; ++c)
      for (int i = 0; i < g.z; ++i)
        out.bits[b * n + std::int64_t(c) * g.z + i] = beliefs[std::int64_t(c) * stride + i] < 0;
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
