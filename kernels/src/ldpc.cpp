// Layered min-sum decoding and encoding of quasi-cyclic LDPC codes, one vector lane per check of a circulant.
//
// The beliefs of a column lie in lane order followed by a copy of their first ones, so that a rotated read is one
// unaligned load. Nothing of the C++ library is used: its inline functions would be shared between instruction sets.
#include "ldpc.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

#include "bytes.h"

constexpr int W = Bytes::width;
constexpr int max_degree = 32;  // rows of a higher degree keep their values in memory

struct Layer {
  const std::uint32_t *at;  // [n_vec][degree]
  std::int8_t *message;     // [n_vec][degree][W]
  const std::uint8_t *syndrome;  // [z], or null
  int degree, n_vec, rest;  // rest: lanes of the last vector, 0 when it is full
};

struct Rule {
  int sixteenths, offset, limit;
};

inline Bytes corrected(Bytes m, Rule rule) {
  if (rule.sixteenths != 16) m = scaled(m, rule.sixteenths);
  return sub_sat_u(m, Bytes::all(rule.offset));
}

// The syndrome's bits as signs of the lanes first .. first + n.
inline Bytes target(const std::uint8_t *syndrome, int n) {
  alignas(64) std::uint8_t sign[W] = {};
  for (int i = 0; i < n; ++i) sign[i] = std::uint8_t(syndrome[i] << 7);
  return Bytes::load(sign);
}

// One vector of checks: D edges (0: as many as the layer says).
template <int D, bool fresh, bool partial>
inline void checks(const Layer &layer, int v, std::int8_t *llr, Rule rule) {
  const int degree = D ? D : layer.degree;
  const std::uint32_t *at = layer.at + std::int64_t(v) * degree;
  std::int8_t *message = layer.message + std::int64_t(v) * degree * W;
  const int lanes = partial ? layer.rest : W;
  Bytes t[D ? D : 256];
  Bytes least = Bytes::all(rule.limit), second = least;
  Bytes sign = layer.syndrome ? target(layer.syndrome + v * W, lanes) : Bytes::all(0);
  for (int e = 0; e < degree; ++e) {
    const Bytes l = Bytes::load(llr + at[e]);
    t[e] = fresh ? l : sub_sat(l, Bytes::load(message + e * W));
    const Bytes a = abs_u(t[e]);
    second = min_u(second, max_u(least, a));
    least = min_u(least, a);
    sign = sign ^ t[e];
  }
  const Bytes common = corrected(least, rule), own = corrected(second, rule);
  for (int e = 0; e < degree; ++e) {
    const Bytes m = negate_if(sign ^ t[e], if_equal(abs_u(t[e]), least, own, common));
    const Bytes l = add_sat(t[e], m);
    m.store(message + e * W);
    if (partial) first(lanes, l, Bytes::load(llr + at[e])).store(llr + at[e]);
    else l.store(llr + at[e]);
  }
}

template <int D, bool fresh>
void run_layer(const Layer &layer, std::int8_t *llr, Rule rule) {
  const int full = layer.rest ? layer.n_vec - 1 : layer.n_vec;
  for (int v = 0; v < full; ++v) checks<D, fresh, false>(layer, v, llr, rule);
  if (layer.rest) checks<D, fresh, true>(layer, full, llr, rule);
}

template <bool fresh>
void run_layer(const Layer &layer, std::int8_t *llr, Rule rule) {
  switch (layer.degree) {
#define SILLA_CASE(d) case d: run_layer<d, fresh>(layer, llr, rule); break
    SILLA_CASE(3);
    SILLA_CASE(4);
    SILLA_CASE(5);
    SILLA_CASE(6);
    SILLA_CASE(7);
    SILLA_CASE(8);
    SILLA_CASE(9);
    SILLA_CASE(10);
    SILLA_CASE(19);
#undef SILLA_CASE
    default: run_layer<0, fresh>(layer, llr, rule);
  }
}

// After a row: what was written behind a column's end belongs at its start, and the copy behind the end is renewed.
inline void close_circle(std::int8_t *column, int z, int wrapped) {
  if (z >= W) {
    const Bytes x = first(wrapped, Bytes::load(column + z), Bytes::load(column));
    x.store(column);
    x.store(column + z);
    return;
  }
  for (int i = 0; i < wrapped; ++i) column[i] = column[z + i];
  for (int i = 0; i < W; ++i) column[z + i] = column[i];
}

bool all_hold(const LdpcGraph &g, const std::uint32_t *at, const std::int8_t *llr, const std::uint8_t *syndrome, int n_vec) {
  for (int r = 0; r < g.n_rows; ++r) {
    const int degree = g.row_first[r + 1] - g.row_first[r];
    for (int v = 0; v < n_vec; ++v, at += degree) {
      const int lanes = g.z - v * W < W ? g.z - v * W : W;
      Bytes sign = syndrome ? target(syndrome + std::int64_t(r) * g.z + v * W, lanes) : Bytes::all(0);
      for (int e = 0; e < degree; ++e) sign = sign ^ Bytes::load(llr + at[e]);
      if (signs(sign) << (64 - lanes)) return false;
    }
  }
  return true;
}

void place(const LdpcGraph &g, const LdpcSizes &s, const LdpcWorkspace &work) {
  std::uint32_t *at = work.at;
  for (int r = 0; r < g.n_rows; ++r)
    for (int v = 0; v < int(s.n_vec); ++v)
      for (int e = g.row_first[r]; e < g.row_first[r + 1]; ++e) {
        const int from = (g.shift[e] + v * W) % g.z, lanes = g.z - v * W < W ? g.z - v * W : W;
        *at++ = std::uint32_t(g.col[e] * s.stride + from);
        if (v == 0) work.wrapped[e] = 0;
        if (from + lanes > g.z) work.wrapped[e] = from + lanes - g.z;
      }
}

void load_block(const LdpcGraph &g, const LdpcSizes &s, const std::int8_t *from, std::int8_t *llr) {
  for (int c = 0; c < g.n_cols; ++c, from += g.z) {
    std::int8_t *column = llr + c * s.stride;
    __builtin_memcpy(column, from, std::size_t(g.z));
    for (int i = 0; i < W; ++i) column[g.z + i] = column[i];
  }
}

template <bool fresh>
void iterate(const LdpcGraph &g, const LdpcSizes &s, const LdpcWorkspace &work, const std::uint8_t *syndrome, Rule rule) {
  const std::uint32_t *at = work.at;
  std::int8_t *message = work.message;
  for (int r = 0; r < g.n_rows; ++r) {
    const int first_edge = g.row_first[r], degree = g.row_first[r + 1] - first_edge;
    const Layer layer{at, message, syndrome ? syndrome + std::int64_t(r) * g.z : nullptr, degree, int(s.n_vec), g.z % W};
    run_layer<fresh>(layer, work.llr, rule);
    for (int e = first_edge; e < first_edge + degree; ++e)
      close_circle(work.llr + g.col[e] * s.stride, g.z, work.wrapped[e]);
    at += s.n_vec * degree;
    message += s.n_vec * degree * W;
  }
}

}  // namespace

LdpcSizes ldpc_sizes(std::int32_t z) {
  // A column's copy behind its end is one vector; columns start at multiples of the vector.
  return {(z + W + W - 1) / W * W, (z + W - 1) / W, W};
}

void ldpc_decode(const LdpcDecodeInput &in, const LdpcWorkspace &work, const LdpcDecodeOutput &out) {
  const LdpcGraph &g = in.graph;
  const LdpcSizes s = ldpc_sizes(g.z);
  const Rule rule{in.sixteenths, in.offset, in.limit};
  place(g, s, work);
  for (std::int64_t b = 0; b < in.n_blocks; ++b) {
    const std::uint8_t *syndrome = in.syndrome ? in.syndrome + b * g.n_rows * g.z : nullptr;
    load_block(g, s, in.llr + b * g.n_cols * g.z, work.llr);
    int done = 0;
    bool hold = false;
    while (done < in.max_iterations) {
      if (done == 0) iterate<true>(g, s, work, syndrome, rule);
      else iterate<false>(g, s, work, syndrome, rule);
      ++done;
      if (in.early_stop || done == in.max_iterations) {
        hold = all_hold(g, work.at, work.llr, syndrome, int(s.n_vec));
        if (hold) break;
      }
    }
    out.iterations[b] = done;
    out.satisfied[b] = hold;
    std::uint8_t *bits = out.bits + b * in.n_out * g.z;
    for (int c = 0; c < in.n_out; ++c)
      for (int i = 0; i < g.z; ++i) bits[c * g.z + i] = std::uint8_t(work.llr[c * s.stride + i]) >> 7;
  }
}

// ---- encoding: every byte carries the same bit of eight blocks, and every column lies there twice in a row.

namespace {

struct Encoder {
  const LdpcGraph &g;
  std::uint8_t *work;
  std::int64_t stride;

  std::uint8_t *column(int c) const { return work + c * stride; }

  // Sum of a row's circulants over the columns before `before`, into to[0 .. z).
  void sum(int row, int before, std::uint8_t *to) const {
    const std::uint8_t *from[256];
    int n = 0;
    for (int e = g.row_first[row]; e < g.row_first[row + 1]; ++e)
      if (g.col[e] < before) from[n++] = column(g.col[e]) + g.shift[e];
    for (int i = 0; i < g.z; i += 2 * W) {  // the second vector may lie behind the end: there is room
      Bytes x = Bytes::all(0), y = x;
      for (int k = 0; k < n; ++k) {
        x = x ^ Bytes::load(from[k] + i);
        y = y ^ Bytes::load(from[k] + i + W);
      }
      x.store(to + i);
      y.store(to + i + W);
    }
  }

  void repeat(std::uint8_t *x) const { __builtin_memmove(x + g.z, x, std::size_t(g.z)); }
};

// Eight rows of bits into one row of bytes, and back; with fewer rows the first one stands for those missing.
void gather(const std::uint8_t *from, std::int64_t row, int n_rows, int n, std::uint8_t *__restrict to) {
  const std::uint8_t *x[8];
  for (int k = 0; k < 8; ++k) x[k] = from + (k < n_rows ? k : 0) * row;
  for (int i = 0; i < n; ++i)
    to[i] = std::uint8_t(x[0][i] | x[1][i] << 1 | x[2][i] << 2 | x[3][i] << 3 | x[4][i] << 4 | x[5][i] << 5 |
                         x[6][i] << 6 | x[7][i] << 7);
}

void scatter(const std::uint8_t *from, int n, std::uint8_t *to, std::int64_t row, int n_rows) {
  for (int k = 0; k < n_rows; ++k) {
    std::uint8_t *__restrict x = to + k * row;
    for (int i = 0; i < n; ++i) x[i] = std::uint8_t(from[i] >> k & 1);
  }
}

// Parity columns n_info .. n_info + 3 (TS 38.212 clause 5.3.2): the sum of the four rows leaves the first of them alone.
void encode_core(const Encoder &enc, int n_info, std::uint8_t *sums) {
  const LdpcGraph &g = enc.g;
  const int z = g.z;
  int shift_of[4] = {-1, -1, -1, -1}, alone = 0;
  for (int r = 0; r < 4; ++r) {
    enc.sum(r, n_info, sums + r * enc.stride);
    for (int e = g.row_first[r]; e < g.row_first[r + 1]; ++e)
      if (g.col[e] == n_info) shift_of[r] = g.shift[e];
  }
  for (int r = 0; r < 4; ++r) {
    int equal = 0;
    for (int q = 0; q < 4; ++q) equal += shift_of[q] == shift_of[r];
    if (shift_of[r] >= 0 && equal % 2) alone = shift_of[r];
  }
  std::uint8_t *p0 = enc.column(n_info);
  for (int i = 0; i < z; ++i) {
    const std::uint8_t *s = sums + i;
    p0[i + alone < z ? i + alone : i + alone - z] =
        std::uint8_t(s[0] ^ s[enc.stride] ^ s[2 * enc.stride] ^ s[3 * enc.stride]);
  }
  enc.repeat(p0);
  for (int r = 0; r < 3; ++r) {
    std::uint8_t *p = enc.column(n_info + r + 1);
    enc.sum(r, n_info + r + 1, p);
    enc.repeat(p);
  }
}

}  // namespace

void ldpc_encode(const LdpcEncodeInput &in) {
  const LdpcGraph &g = in.graph;
  const std::int64_t stride = 2 * g.z + 2 * ldpc_max_vector, n_code = std::int64_t(g.n_cols) * g.z;
  const std::int64_t n_info = std::int64_t(in.n_info) * g.z;
  const Encoder enc{g, in.work, stride};
  std::uint8_t *sums = enc.column(in.n_info + 4);
  for (std::int64_t b = 0; b < in.n_blocks; b += 8) {
    const int n = int(in.n_blocks - b < 8 ? in.n_blocks - b : 8);
    const std::uint8_t *info = in.info + b * n_info;
    std::uint8_t *code = in.code + b * n_code;
    for (int k = 0; k < n; ++k) __builtin_memcpy(code + k * n_code, info + k * n_info, std::size_t(n_info));
    for (int c = 0; c < in.n_info; ++c) {
      gather(info + std::int64_t(c) * g.z, n_info, n, g.z, enc.column(c));
      enc.repeat(enc.column(c));
    }
    encode_core(enc, in.n_info, sums);
    for (int c = in.n_info; c < in.n_info + 4; ++c)
      scatter(enc.column(c), g.z, code + std::int64_t(c) * g.z, n_code, n);
    for (int r = 4; r < g.n_rows; ++r) {
      enc.sum(r, in.n_info + 4, sums);
      scatter(sums, g.z, code + std::int64_t(in.n_info + r) * g.z, n_code, n);
    }
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
