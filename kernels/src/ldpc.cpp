// Layered min-sum decoding and encoding of quasi-cyclic LDPC codes, one vector lane per check of a circulant.
//
// A column's beliefs lie in the order of the checks of the row that wrote them last, and are followed by a copy of the
// first ones: a row reads them by one unaligned load and writes them aligned, into the other of the column's two places.
// Writing in place would make every store straddle cache lines, and the loads of the next row wait for them.
// Short circulants leave lanes idle, and so several blocks lie side by side: check i of block b is lane i * together + b,
// which is a code of circulants `together` times as long with shifts as many times as large.
// Nothing of the C++ library is used: its inline functions would be shared between instruction sets.
#include "ldpc.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

#include "bytes.h"
#include "crc_register.h"

constexpr int W = Bytes::width;
constexpr int least_alone = 50, most_lanes = 192;  // circulants that fill vectors; lanes of blocks side by side
#define SILLA_UNROLL _Pragma("GCC unroll 32")

struct Layer {
  const std::uint32_t *at;       // [n_vec][degree] where each vector starts in llr
  const std::uint32_t *to;       // [degree] where the column is written
  std::int8_t *message;          // [n_vec][degree][W]
  const std::uint8_t *syndrome;  // [z], or null
  int degree, n_vec, z;
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

inline int lanes_of(int z, int v) { return z - v * W < W ? z - v * W : W; }

// One vector of checks: D edges (0: as many as the layer says). Lanes behind the circulant's end hold anything.
template <int D, bool fresh, bool head>
inline void checks(const Layer &layer, int v, std::int8_t *__restrict llr, Rule rule) {
  const int degree = D ? D : layer.degree;
  const std::uint32_t *at = layer.at + std::int64_t(v) * degree;
  std::int8_t *message = layer.message + std::int64_t(v) * degree * W;
  Bytes t[D ? D : 256];
  Bytes least = Bytes::all(rule.limit), second = least;
  Bytes sign = layer.syndrome ? target(layer.syndrome + v * W, lanes_of(layer.z, v)) : Bytes::all(0);
  SILLA_UNROLL
  for (int e = 0; e < degree; ++e) {
    const Bytes l = Bytes::load(llr + at[e]);
    t[e] = fresh ? l : sub_sat(l, Bytes::load(message + e * W));
    const Bytes a = abs_u(t[e]);
    second = min_u(second, max_u(least, a));
    least = min_u(least, a);
    sign = sign ^ t[e];
  }
  const Bytes common = negate_if(sign, corrected(least, rule)), own = negate_if(sign, corrected(second, rule));
  SILLA_UNROLL
  for (int e = 0; e < degree; ++e) {
    const Bytes m = negate_if(t[e], if_equal(abs_u(t[e]), least, own, common));
    const Bytes l = add_sat(t[e], m);
    m.store(message + e * W);
    l.store(llr + layer.to[e] + v * W);
    if (head)  // the copy behind the end; short circulants are repeated until a vector fits behind any place
      for (int copy = layer.z; copy < layer.z + W; copy += layer.z) l.store(llr + layer.to[e] + copy);
  }
}

// The first vector comes last: its copy lies over what the last one wrote behind the circulant's end.
template <int D, bool fresh>
void run_layer(const Layer &layer, std::int8_t *llr, Rule rule) {
  for (int v = 1; v < layer.n_vec; ++v) checks<D, fresh, false>(layer, v, llr, rule);
  checks<D, fresh, true>(layer, 0, llr, rule);
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

// Where everything lies. A column changes places with every row that reads it rotated, and after two iterations it is
// back where it began; so there is one table for the even iterations and one for the odd.
struct Plan {
  const LdpcGraph &g;  // of the blocks side by side
  const std::int32_t *order;
  const LdpcSizes &s;
  const LdpcWorkspace &work;
  std::int64_t n_at;
  int together;

  const std::uint32_t *at(int odd) const { return work.at + odd * n_at; }
  const std::uint32_t *to(int odd) const { return work.to + odd * g.row_first[g.n_rows]; }
  // Column c between iterations: `done` of them.
  std::int64_t column(int c, int done) const { return (2 * c + (done & work.turns[c] & 1)) * s.stride; }

  void build() const {
    const int n_edges = g.row_first[g.n_rows];
    for (int c = 0; c < g.n_cols; ++c) work.last[c] = work.turns[c] = 0;
    for (int i = 0; i < g.n_rows; ++i)
      for (int e = g.row_first[order[i]]; e < g.row_first[order[i] + 1]; ++e) work.last[g.col[e]] = g.shift[e];
    std::int32_t *now = work.now, *side = work.now + g.n_cols;
    for (int c = 0; c < g.n_cols; ++c) now[c] = work.last[c], side[c] = 0;
    for (int odd = 0; odd < 2; ++odd) {
      std::uint32_t *table = work.at + odd * n_at;
      for (int i = 0; i < g.n_rows; ++i) {
        const int r = order[i], degree = g.row_first[r + 1] - g.row_first[r];
        for (int k = 0; k < degree; ++k) {
          const int e = g.row_first[r] + k, c = g.col[e];
          int from = g.shift[e] - now[c];
          if (from < 0) from += g.z;
          const std::uint32_t base = std::uint32_t((2 * c + side[c]) * s.stride);
          if (from) side[c] ^= 1, work.turns[c] += 1 - odd;
          now[c] = g.shift[e];
          work.to[odd * n_edges + e] = std::uint32_t((2 * c + side[c]) * s.stride);
          for (int v = 0; v < int(s.n_vec); ++v) {
            table[v * degree + k] = base + std::uint32_t(from);
            from += W;
            if (from >= g.z) from -= g.z;
          }
        }
        table += s.n_vec * degree;
      }
    }
    for (int e = 0; e < n_edges; ++e) {
      const int c = g.col[e], place = g.shift[e] - work.last[c];
      work.before[e] = place < 0 ? -place : g.z - place;
      for (int odd = 0; odd < 2; ++odd) work.end[odd * n_edges + e] = std::uint32_t(column(c, odd) + g.z);
    }
  }

  // Puts a block in place before the iteration `done`.
  void load(const std::int8_t *llr, int done, int block) const {
    const int z = g.z / together;
    for (int c = 0; c < g.n_cols; ++c) {
      std::int8_t *to = work.llr + column(c, done);
      const int turn = work.last[c] / together;
      const std::int8_t *from = llr + std::int64_t(c) * z;
      if (together == 1) {
        __builtin_memcpy(to, from + turn, std::size_t(z - turn));
        __builtin_memcpy(to + z - turn, from, std::size_t(turn));
      } else {
        std::int8_t *lane = to + block;
        for (int i = turn; i < z; ++i, lane += together) *lane = from[i];
        for (int i = 0; i < turn; ++i, lane += together) *lane = from[i];
      }
      for (int i = g.z + block; i < g.z + W; i += together) to[i] = to[i - g.z];
    }
  }

  void forget(std::uint64_t blocks) const {  // the messages of these blocks
    alignas(64) std::uint8_t kept[64 + W];
    for (int i = 0; i < 64 + W; ++i) kept[i] = blocks >> i % together & 1 ? 0 : 255;
    std::int8_t *message = work.message;
    for (int k = 0; k < g.n_rows; ++k)
      for (int v = 0, r = order[k]; v < int(s.n_vec); ++v) {
        const Bytes mask = Bytes::load(kept + v * W % together);
        for (int e = g.row_first[r]; e < g.row_first[r + 1]; ++e, message += W) (Bytes::load(message) & mask).store(message);
      }
  }

  template <bool fresh>
  void iterate(int odd, const std::uint8_t *syndrome, Rule rule) const {
    const std::uint32_t *from = at(odd), *into = to(odd);
    std::int8_t *message = work.message;
    for (int i = 0; i < g.n_rows; ++i) {
      const int r = order[i], degree = g.row_first[r + 1] - g.row_first[r];
      const Layer layer{from, into + g.row_first[r], message, syndrome ? syndrome + std::int64_t(r) * g.z : nullptr,
                        degree, int(s.n_vec), g.z};
      run_layer<fresh>(layer, work.llr, rule);
      from += s.n_vec * degree;
      message += s.n_vec * degree * W;
    }
  }

  // Of `blocks`, one bit each, those in which the checks of the rows first .. last hold.
  std::uint64_t hold(int first, int last, int done, const std::uint8_t *syndrome, std::uint64_t blocks) const {
    for (int r = first; r < last && blocks; ++r) {
      std::uint32_t from[256];
      const int e0 = g.row_first[r], degree = g.row_first[r + 1] - e0;
      const std::uint32_t *end = work.end + (done & 1) * g.row_first[g.n_rows] + e0, z = std::uint32_t(g.z);
      for (int k = 0; k < degree; ++k) from[k] = end[k] - std::uint32_t(work.before[e0 + k]);
      for (int v = 0; v < int(s.n_vec) && blocks; ++v) {
        const int lanes = lanes_of(g.z, v);
        Bytes sign = syndrome ? target(syndrome + std::int64_t(r) * g.z + v * W, lanes) : Bytes::all(0);
        for (int k = 0; k < degree; ++k) sign = sign ^ Bytes::load(work.llr + from[k]);
        for (int k = 0; k < degree; ++k) {
          const std::uint32_t next = from[k] + W;
          from[k] = next < end[k] ? next : next - z;
        }
        std::uint64_t unmet = signs(sign) << (64 - lanes) >> (64 - lanes);
        for (int half = W / 2; half >= together; half /= 2) unmet |= unmet >> half;  // lanes of one block on one another
        blocks &= ~(unmet << v * W % together);
      }
    }
    return blocks;
  }

  // Decisions of the first n columns of one block in their own order.
  void decide(int n, int done, int block, std::uint8_t *bits) const {
    const int z = g.z / together;
    for (int c = 0; c < n; ++c, bits += z) {
      const std::int8_t *from = work.llr + column(c, done) + block;
      const int turn = work.last[c] / together;
      std::uint8_t *__restrict a = bits + turn, *__restrict b = bits;
      if (together == 1) {
        for (int i = 0; i < z - turn; ++i) a[i] = std::uint8_t(from[i]) >> 7;
        from += z - turn;
        for (int i = 0; i < turn; ++i) b[i] = std::uint8_t(from[i]) >> 7;
      } else {
        for (int i = 0; i < z - turn; ++i) a[i] = std::uint8_t(from[i * together]) >> 7;
        from += (z - turn) * together;
        for (int i = 0; i < turn; ++i) b[i] = std::uint8_t(from[i * together]) >> 7;
      }
    }
  }

  // Whether the first n bits of a block end with their CRC.
  bool crc_holds(int n, int done, int block, const std::uint32_t *table) const {
    Crc crc{table};
    const int z = g.z / together;
    std::uint64_t x = 0;
    int filled = 0;
    for (int c = 0; n > 0; ++c, n -= z) {
      const int turn = work.last[c], size = n < z ? n : z;
      const std::int8_t *from = work.llr + column(c, done);
      int place = turn ? g.z - turn : 0, i = 0;
      if (together == 1 && z % 64 == 0)
        for (; i + 64 <= size; i += 64) {
          std::uint64_t word = 0;
          for (int k = 0; k < 64; k += W) {
            word |= signs(Bytes::load(from + place)) << k;
            place += W;
            if (place >= z) place -= z;
          }
          crc.word(word);
        }
      for (; i < size; ++i, place += together) {
        if (place >= g.z) place -= g.z;
        x |= std::uint64_t(from[place + block] < 0) << filled;
        if (++filled == 64) crc.word(x), x = 0, filled = 0;
      }
    }
    for (int k = 0; k < filled; ++k) crc.bit(int(x >> k & 1));
    return crc.r == 0;
  }
};

LdpcSizes sizes(int z, int together) {
  // Room for the copy behind a column's end; columns start at multiples of the vector.
  const std::int64_t wide = std::int64_t(z) * together, copies = wide < W ? 2 * W : W;
  return {(wide + copies + W - 1) / W * W, (wide + W - 1) / W, W, together};
}

// Decodes all blocks; each takes the place of one that is done.
void decode(const LdpcDecodeInput &in, const Plan &plan, const LdpcDecodeOutput &out) {
  const LdpcGraph &g = in.graph;
  const Rule rule{in.sixteenths, in.offset, in.limit};
  const int core = g.n_rows < 4 ? g.n_rows : 4, together = plan.together;
  const std::int64_t n_checks = std::int64_t(g.n_rows) * g.z;
  std::int64_t block[64], next = 0;
  int since[64];
  std::uint64_t open = 0;
  const std::uint8_t *syndrome = in.syndrome;
  for (int done = 0;; ++done) {
    const bool fresh = !open;  // messages need not be zero where nothing is read
    std::uint64_t started = 0;
    for (int k = 0; k < together && next < in.n_blocks; ++k) {
      if (open >> k & 1) continue;
      plan.load(in.llr + next * g.n_cols * std::int64_t(g.z), done, k);
      started |= std::uint64_t(1) << k;
      if (in.syndrome && together == 1) syndrome = in.syndrome + next * n_checks;
      else if (in.syndrome) {
        for (std::int64_t i = 0; i < n_checks; ++i) plan.work.syndrome[i * together + k] = in.syndrome[next * n_checks + i];
        syndrome = plan.work.syndrome;
      }
      block[k] = next++;
      since[k] = done;
      open |= std::uint64_t(1) << k;
    }
    if (!open) return;
    if (started && !fresh) plan.forget(started);
    if (fresh) plan.iterate<true>(done & 1, syndrome, rule);
    else plan.iterate<false>(done & 1, syndrome, rule);
    std::uint64_t due = in.early_stop ? open : 0, last = 0;
    for (int k = 0; k < together; ++k)
      if (open >> k & 1 && done + 1 - since[k] == in.max_iterations) last |= std::uint64_t(1) << k;
    due |= last;
    if (!due) continue;
    const std::uint64_t most = plan.hold(0, core, done + 1, syndrome, due);
    const std::uint64_t all = plan.hold(core, g.n_rows, done + 1, syndrome, most);
    for (int k = 0; k < together; ++k) {
      if (!((most | last) >> k & 1)) continue;
      const bool good = all >> k & 1 ||
                        (most >> k & 1 && in.n_crc && plan.crc_holds(in.n_crc, done + 1, k, in.crc_table));
      if (!good && !(last >> k & 1)) continue;
      open &= ~(std::uint64_t(1) << k);
      out.iterations[block[k]] = done + 1 - since[k];
      out.satisfied[block[k]] = good;
      plan.decide(in.n_out, done + 1, k, out.bits + block[k] * in.n_out * std::int64_t(g.z));
    }
  }
}

}  // namespace

LdpcSizes ldpc_sizes(std::int32_t z, std::int64_t n_blocks) {
  int together = 1;
  while (z < least_alone && together < 64 && 2 * together <= n_blocks && 2 * together * z <= most_lanes) together *= 2;
  return sizes(z, together);
}

void ldpc_decode(const LdpcDecodeInput &in, const LdpcWorkspace &work, const LdpcDecodeOutput &out) {
  const LdpcSizes s = ldpc_sizes(in.graph.z, in.n_blocks);
  const int n_edges = in.graph.row_first[in.graph.n_rows];
  for (int e = 0; e < n_edges; ++e) work.shift[e] = in.graph.shift[e] * s.together;
  LdpcGraph g = in.graph;
  g.z *= s.together;
  g.shift = work.shift;
  const Plan plan{g, in.order, s, work, n_edges * s.n_vec, s.together};
  plan.build();
  decode(in, plan, out);
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

// The same for packed rows, eight bits a byte and the first bit the highest, of n bits with n a multiple of 8.
void gather_packed(const std::uint8_t *from, std::int64_t row, int n_rows, int n, std::uint8_t *to) {
  for (int i = 0; i < n; i += W) {
    const std::size_t size = std::size_t(n - i < W ? n - i : W) / 8;
    Bytes x = Bytes::all(0);
    for (int k = 0; k < n_rows; ++k) {
      std::uint64_t lanes = 0;
      if (size == W / 8) __builtin_memcpy(&lanes, from + k * row + i / 8, W / 8);
      else __builtin_memcpy(&lanes, from + k * row + i / 8, size);
      x = with_bit(x, lanes, k);
    }
    reversed_eights(x).store(to + i);
  }
}

void scatter_packed(const std::uint8_t *from, int n, std::uint8_t *to, std::int64_t row, int n_rows) {
  for (int i = 0; i < n; i += W) {
    const std::size_t size = std::size_t(n - i < W ? n - i : W) / 8;
    const Bytes x = reversed_eights(Bytes::load(from + i));
    for (int k = 0; k < n_rows; ++k) {
      const std::uint64_t lanes = lanes_with_bit(x, k);
      if (size == W / 8) __builtin_memcpy(to + k * row + i / 8, &lanes, W / 8);
      else __builtin_memcpy(to + k * row + i / 8, &lanes, size);
    }
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
  std::uint8_t *__restrict p0 = enc.column(n_info);
  const std::uint8_t *__restrict x = sums, *y = sums + enc.stride, *u = y + enc.stride, *v = u + enc.stride;
  for (int i = 0; i < z; ++i) p0[i + alone] = std::uint8_t(x[i] ^ y[i] ^ u[i] ^ v[i]);
  __builtin_memcpy(p0, p0 + z, std::size_t(alone));  // what went over the end belongs at the start
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
  const std::int64_t stride = 2 * g.z + 2 * ldpc_max_vector, unit = in.packed ? 8 : 1;
  const std::int64_t n_code = std::int64_t(g.n_cols) * g.z / unit, n_info = std::int64_t(in.n_info) * g.z / unit;
  const std::int64_t column = g.z / unit;
  const Encoder enc{g, in.work, stride};
  std::uint8_t *sums = enc.column(in.n_info + 4);
  const auto put = in.packed ? scatter_packed : scatter;
  const auto take = in.packed ? gather_packed : gather;
  for (std::int64_t b = 0; b < in.n_blocks; b += 8) {
    const int n = int(in.n_blocks - b < 8 ? in.n_blocks - b : 8);
    const std::uint8_t *info = in.info + b * n_info;
    std::uint8_t *code = in.code + b * n_code;
    for (int k = 0; k < n; ++k) __builtin_memcpy(code + k * n_code, info + k * n_info, std::size_t(n_info));
    for (int c = 0; c < in.n_info; ++c) {
      take(info + c * column, n_info, n, g.z, enc.column(c));
      enc.repeat(enc.column(c));
    }
    encode_core(enc, in.n_info, sums);
    for (int c = in.n_info; c < in.n_info + 4; ++c) put(enc.column(c), g.z, code + c * column, n_code, n);
    for (int r = 4; r < g.n_rows; ++r) {
      enc.sum(r, in.n_info + 4, sums);
      put(sums, g.z, code + (in.n_info + r) * column, n_code, n);
    }
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
