// The rotations of one layer commute, and so do their halves "low qubits" and "high qubits". A pass over memory therefore does
// the second half of one layer, the phase of the next and its first half while a block lies in the cache: depth + 1 passes for
// an energy. Low qubits are done in contiguous blocks; high ones in strips gathered from all rows into a buffer.
//
// A rotation is done as [1, -i t; -i t, 1] with t = tan(phi): one fused multiply-add per real number. The factors cos(phi) of
// a layer go into its phase. Where |tan| > 1 the qubit is flipped as it is read and t = -cot(phi): |t| is never above 1.
#include "qaoa.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <vector>

namespace silla {
namespace SILLA_ISA {
namespace {

#include "lanes.h"

constexpr double pi = 3.14159265358979323846;
constexpr int sub_block_bytes = 1 << 14;  // of one plane: two planes lie in the first-level cache

struct Turn {  // exp(-i phi X) = scale [1, -i t; -i t, 1] X^flip, or cos and sin for qubits within a vector
  double t, c, s;
  std::complex<double> scale;
  bool flip;
};

Turn turn(double phi) {
  const double c = std::cos(phi), s = std::sin(phi);
  if (std::fabs(s) <= std::fabs(c)) return {s / c, c, s, {c, 0.0}, false};
  return {-c / s, c, s, {0.0, -s}, true};
}

template <typename T>
struct Planes {
  T *re, *im;
};

// One qubit within a vector, on one vector.
template <typename T, int X>
inline void lane_turn(Vec<T> &r, Vec<T> &i, T c, T s) {
  const Vec<T> xr = exchanged<T, X>(r), xi = exchanged<T, X>(i);
  r = c * r + s * xi;
  i = c * i - s * xr;
}

template <typename T, int X>
inline Vec<T> lane_inner(Vec<T> br, Vec<T> bi, Vec<T> r, Vec<T> i) {
  return br * exchanged<T, X>(i) - bi * exchanged<T, X>(r);
}

template <typename T>
void lanes_forward(Planes<T> p, std::int64_t size, const Turn *q) {
  constexpr int w = Lanes<T>::width;
  T c[4], s[4];
  for (int k = 0; 1 << k < w; ++k) c[k] = T(q[k].c), s[k] = T(q[k].s);
  for (std::int64_t z = 0; z < size; z += w) {
    Vec<T> r = load(p.re + z), i = load(p.im + z);
    if constexpr (w > 1) lane_turn<T, 1>(r, i, c[0], s[0]);
    if constexpr (w > 2) lane_turn<T, 2>(r, i, c[1], s[1]);
    if constexpr (w > 4) lane_turn<T, 4>(r, i, c[2], s[2]);
    if constexpr (w > 8) lane_turn<T, 8>(r, i, c[3], s[3]);
    store(p.re + z, r), store(p.im + z, i);
  }
}

template <typename T>
void lanes_backward(Planes<T> p, Planes<T> b, std::int64_t size, const Turn *q, double *inner) {
  constexpr int w = Lanes<T>::width;
  T c[4], s[4];
  for (int k = 0; 1 << k < w; ++k) c[k] = T(q[k].c), s[k] = T(q[k].s);
  Vec<T> sums[4] = {};
  for (std::int64_t z = 0; z < size; z += w) {
    Vec<T> r = load(p.re + z), i = load(p.im + z), br = load(b.re + z), bi = load(b.im + z);
#define SILLA_LANE(k, X)                                                                       \
  if constexpr (w > X) {                                                                       \
    sums[k] += lane_inner<T, X>(br, bi, r, i);                                                 \
    lane_turn<T, X>(r, i, c[k], s[k]), lane_turn<T, X>(br, bi, c[k], s[k]);                    \
  }
    SILLA_LANE(0, 1)
    SILLA_LANE(1, 2)
    SILLA_LANE(2, 4)
    SILLA_LANE(3, 8)
#undef SILLA_LANE
    store(p.re + z, r), store(p.im + z, i), store(b.re + z, br), store(b.im + z, bi);
  }
  for (int k = 0; 1 << k < w; ++k) inner[k] += sum<T>(sums[k]);
}

template <typename T, int K>
inline void butterflies(Vec<T> *r, Vec<T> *i, int k, T t) {
  for (int j = 0; j < 1 << K; ++j)
    if (!(j >> k & 1)) {
      const int m = j | 1 << k;
      const Vec<T> ar = r[j], ai = i[j], cr = r[m], ci = i[m];
      r[j] = ar + t * ci, i[j] = ai - t * cr;
      r[m] = cr + t * ai, i[m] = ci - t * ar;
    }
}

// K qubits from `bit` on, over a block.
template <typename T, int K>
void radix_forward(Planes<T> p, std::int64_t size, int bit, const Turn *q) {
  constexpr int w = Lanes<T>::width, points = 1 << K;
  const std::int64_t stride = std::int64_t(1) << bit;
  T t[K];
  std::int64_t from[points];
  int flip = 0;
  for (int k = 0; k < K; ++k) t[k] = T(q[k].t), flip |= int(q[k].flip) << k;
  for (int j = 0; j < points; ++j) from[j] = std::int64_t(j ^ flip) << bit;
  for (std::int64_t outer = 0; outer < size; outer += stride << K)
    for (std::int64_t z = outer; z < outer + stride; z += w) {
      Vec<T> r[points], i[points];
#pragma GCC unroll 8
      for (int j = 0; j < points; ++j) r[j] = load(p.re + z + from[j]), i[j] = load(p.im + z + from[j]);
#pragma GCC unroll 3
      for (int k = 0; k < K; ++k) butterflies<T, K>(r, i, k, t[k]);
#pragma GCC unroll 8
      for (int j = 0; j < points; ++j) store(p.re + z + (std::int64_t(j) << bit), r[j]), store(p.im + z + (std::int64_t(j) << bit), i[j]);
    }
}

template <typename T, int K>
void radix_backward(Planes<T> p, Planes<T> b, std::int64_t size, int bit, const Turn *q, double *inner) {
  constexpr int w = Lanes<T>::width, points = 1 << K;
  const std::int64_t stride = std::int64_t(1) << bit;
  T t[K];
  std::int64_t from[points];
  int flip = 0;
  for (int k = 0; k < K; ++k) t[k] = T(q[k].t), flip |= int(q[k].flip) << k;
  for (int j = 0; j < points; ++j) from[j] = std::int64_t(j ^ flip) << bit;
  Vec<T> sums[K] = {};
  for (std::int64_t outer = 0; outer < size; outer += stride << K)
    for (std::int64_t z = outer; z < outer + stride; z += w) {
      Vec<T> r[points], i[points], br[points], bi[points];
#pragma GCC unroll 4
      for (int j = 0; j < points; ++j) {
        r[j] = load(p.re + z + from[j]), i[j] = load(p.im + z + from[j]);
        br[j] = load(b.re + z + from[j]), bi[j] = load(b.im + z + from[j]);
      }
#pragma GCC unroll 2
      for (int k = 0; k < K; ++k) {
#pragma GCC unroll 4
        for (int j = 0; j < points; ++j) {
          const int m = j ^ 1 << k;
          sums[k] += br[j] * i[m] - bi[j] * r[m];
        }
        butterflies<T, K>(r, i, k, t[k]), butterflies<T, K>(br, bi, k, t[k]);
      }
#pragma GCC unroll 4
      for (int j = 0; j < points; ++j) {
        const std::int64_t to = z + (std::int64_t(j) << bit);
        store(p.re + to, r[j]), store(p.im + to, i[j]), store(b.re + to, br[j]), store(b.im + to, bi[j]);
      }
    }
  for (int k = 0; k < K; ++k) inner[k] += sum<T>(sums[k]);
}

constexpr int lane_bits(int width) { return width <= 1 ? 0 : 1 + lane_bits(width / 2); }

// Bits [first, last) of a block of 2^bits; q[k] is the turn of bit first + k. Bits within a vector only if first is 0.
template <typename T>
void mix(Planes<T> p, int first, int last, std::int64_t size, const Turn *q) {
  int bit = first;
  if (first == 0) lanes_forward(p, size, q), bit = lane_bits(Lanes<T>::width);
  for (; last - bit >= 3; bit += 3) radix_forward<T, 3>(p, size, bit, q + (bit - first));
  if (last - bit == 2) radix_forward<T, 2>(p, size, bit, q + (bit - first));
  if (last - bit == 1) radix_forward<T, 1>(p, size, bit, q + (bit - first));
}

template <typename T>
void unmix(Planes<T> p, Planes<T> b, int first, int last, std::int64_t size, const Turn *q, double *inner) {
  int bit = first;
  if (first == 0) lanes_backward(p, b, size, q, inner), bit = lane_bits(Lanes<T>::width);
  constexpr int at_once = SILLA_VECTOR_BYTES == 64 ? 2 : 1;  // two states of four points need more than 16 registers
  for (; last - bit >= at_once; bit += at_once)
    radix_backward<T, at_once>(p, b, size, bit, q + (bit - first), inner + (bit - first));
  if (last > bit) radix_backward<T, 1>(p, b, size, bit, q + (bit - first), inner + (bit - first));
}

// Phase and scale of one layer.
template <typename T>
struct Phase {
  T half_turns;               // -gamma / pi per unit of cost
  std::complex<double> factor;  // scale and the phase of the base
  std::vector<T> low_re, low_im;            // products over the fields of the low qubits, empty without fields
  std::vector<std::complex<double>> high;  // and over those of the others
};

template <typename T, typename C>
inline void phase_of(const C *cost, T half_turns, T fr, T fi, Vec<T> &c, Vec<T> &s) {
  Vec<T> sine, cosine;
  sincos_pi<T>(load<T>(cost) * half_turns, sine, cosine);
  c = fr * cosine - fi * sine;
  s = fr * sine + fi * cosine;
}

template <typename T>
struct Row {  // a contiguous run of amplitudes, and where it lies in the whole state
  Planes<T> p, b;
  std::int64_t z0, size;
  bool reversed;
};

template <typename T>
inline void times_low(const T *low_re, const T *low_im, Vec<T> &c, Vec<T> &s) {
  const Vec<T> lr = load(low_re), li = load(low_im), cc = c * lr - s * li;
  s = c * li + s * lr;
  c = cc;
}

template <typename T, typename C>
struct Engine {
  const QaoaTask &task;
  QaoaResult &result;
  const std::int64_t size;
  const C *cost;
  int low_bits, n_groups;
  struct Group {
    int first, bits;  // qubits [first, first + bits)
    bool mirror;
  };
  Group groups[16];
  std::vector<Turn> turns, back_turns;  // [depth, n + mirror]
  std::vector<std::complex<double>> scale, back_scale;
  std::vector<double> marginal_low, marginal_high;
  std::vector<T> buffer;
  std::vector<C> reversed_cost;
  std::vector<double> inner;     // [depth, n + mirror] Im <back| X_q |state>, scales left out so far not counted
  std::vector<double> d_cost, d_plain;  // [depth]
  std::vector<double> missing;          // [depth] squared modulus of the scales left out so far
  enum Kind { start, phase, rotate, measure, unrotate, unphase };
  struct Op {
    Kind kind;
    int layer;
  };

  Engine(const QaoaTask &t, QaoaResult &r)
      : task(t), result(r), size(std::int64_t(1) << t.n), cost(static_cast<const C *>(t.cost)) {
    const int angles = task.n + task.mirror;
    for (int k = 0; k < task.depth * angles; ++k) turns.push_back(turn(task.phi[k])), back_turns.push_back(turn(-task.phi[k]));
    for (int l = 0; l < task.depth; ++l) {
      std::complex<double> f = 1.0, g = 1.0;
      for (int q = lane_bits(Lanes<T>::width); q < angles; ++q) f *= turns[l * angles + q].scale, g *= back_turns[l * angles + q].scale;
      scale.push_back(f), back_scale.push_back(g);
    }
    plan();
  }

  int angles() const { return task.n + task.mirror; }

  void plan() {
    const int most_low = task.low_bits ? task.low_bits : (sizeof(T) == 4 ? 14 : 13);
    const int most_high = task.high_bits ? task.high_bits : 6;
    low_bits = std::min(task.n, most_low);
    groups[0] = {0, low_bits, false};
    n_groups = 1;
    const int rest = task.n - low_bits, parts = (rest + most_high - 1) / most_high;
    for (int k = 0, first = low_bits; k < parts; ++k) {
      const int bits = (rest - (first - low_bits)) / (parts - k);
      groups[n_groups++] = {first, bits, false};
      first += bits;
    }
    if (task.mirror) {
      if (n_groups == 1) groups[n_groups++] = {task.n, 0, true};
      else groups[n_groups - 1].mirror = true;
    }
  }

  Phase<T> phase_of_layer(int l, bool back) {
    const double sign = back ? 1.0 : -1.0;
    Phase<T> f{T(sign * task.gamma[l] * task.step / pi),
               (back ? back_scale[l] : scale[l]) * std::polar(1.0, sign * task.gamma[l] * task.base), {}, {}, {}};
    if (task.field) {
      const double *a = task.field + std::int64_t(l) * task.n;
      for (const std::complex<double> &v : products(a, low_bits, sign)) f.low_re.push_back(T(v.real())), f.low_im.push_back(T(v.imag()));
      f.high = products(a + low_bits, task.n - low_bits, sign);
    }
    return f;
  }

  static std::vector<std::complex<double>> products(const double *a, int bits, double sign) {
    std::vector<std::complex<double>> wide(std::size_t(1) << bits, 1.0);
    for (int q = 0; q < bits; ++q) {
      const std::complex<double> up = std::polar(1.0, sign * a[q]), down = std::conj(up);
      for (std::int64_t z = 0, half = std::int64_t(1) << q; z < half; ++z) wide[z + half] = wide[z] * down, wide[z] *= up;
    }
    return wide;
  }

  const C *cost_of(const Row<T> &row) {
    if (!row.reversed) return cost + row.z0;
    for (std::int64_t k = 0; k < row.size; ++k) reversed_cost[k] = cost[row.z0 + row.size - 1 - k];
    return reversed_cost.data();
  }

  // What multiplies all of a row, and where its own products of fields begin (-1 without fields).
  std::int64_t factors(const Row<T> &row, const Phase<T> &f, T &fr, T &fi) const {
    std::complex<double> g = f.factor;
    if (!f.high.empty()) g *= f.high[row.z0 >> low_bits];
    fr = T(g.real()), fi = T(g.imag());
    return f.high.empty() ? -1 : row.z0 & ((std::int64_t(1) << low_bits) - 1);
  }

  void start_row(const Row<T> &row, const Phase<T> &f) {
    const C *c0 = cost_of(row);
    T fr, fi;
    const std::int64_t part = factors(row, f, fr, fi);
    const T amplitude = T(std::pow(0.5, 0.5 * task.n));
    fr *= amplitude, fi *= amplitude;
    for (std::int64_t k = 0; k < row.size; k += Lanes<T>::width) {
      Vec<T> c, s;
      phase_of<T, C>(c0 + k, f.half_turns, fr, fi, c, s);
      if (part >= 0) times_low<T>(f.low_re.data() + part + k, f.low_im.data() + part + k, c, s);
      store(row.p.re + k, c), store(row.p.im + k, s);
    }
  }

  void phase_row(const Row<T> &row, const Phase<T> &f) {
    const C *c0 = cost_of(row);
    T fr, fi;
    const std::int64_t part = factors(row, f, fr, fi);
    for (std::int64_t k = 0; k < row.size; k += Lanes<T>::width) {
      Vec<T> c, s;
      phase_of<T, C>(c0 + k, f.half_turns, fr, fi, c, s);
      if (part >= 0) times_low<T>(f.low_re.data() + part + k, f.low_im.data() + part + k, c, s);
      const Vec<T> r = load(row.p.re + k), i = load(row.p.im + k);
      store<T>(row.p.re + k, r * c - i * s), store<T>(row.p.im + k, r * s + i * c);
    }
  }

  // Sums of Im(conj(back) state), plain, times cost and by the values of low and of other qubits; then undoes the phase,
  // except that of the first layer, before which nothing is asked.
  void unphase_row(const Row<T> &row, const Phase<T> &f, int layer) {
    const C *c0 = cost_of(row);
    T fr, fi;
    const std::int64_t part = factors(row, f, fr, fi);
    Vec<T> inner{}, plain{};
    for (std::int64_t k = 0; k < row.size; k += Lanes<T>::width) {
      const Vec<T> r = load(row.p.re + k), i = load(row.p.im + k), br = load(row.b.re + k), bi = load(row.b.im + k);
      const Vec<T> w = br * i - bi * r;
      inner += w * load<T>(c0 + k), plain += w;
      if (part >= 0) {
        double *m = marginal_low.data() + part + k;
        for (int l = 0; l < Lanes<T>::width; ++l) m[l] += double(w[l]);
      }
      if (layer == 0) continue;
      Vec<T> c, s;
      phase_of<T, C>(c0 + k, f.half_turns, fr, fi, c, s);
      if (part >= 0) times_low<T>(f.low_re.data() + part + k, f.low_im.data() + part + k, c, s);
      store<T>(row.p.re + k, r * c - i * s), store<T>(row.p.im + k, r * s + i * c);
      store<T>(row.b.re + k, br * c - bi * s), store<T>(row.b.im + k, br * s + bi * c);
    }
    const double here = sum<T>(plain);
    if (part >= 0) marginal_high[row.z0 >> low_bits] += here;
    d_plain[layer] += here, d_cost[layer] += sum<T>(inner);
  }

  // sum of cost |amplitude|^2 and of |amplitude|^2; with a gradient, back = cost state.
  void measure_row(const Row<T> &row) {
    const C *c0 = cost_of(row);
    const T base = T(task.base), step = T(task.step);
    const bool back = task.back_re != nullptr;
    Vec<T> energy{}, norm{};
    for (std::int64_t k = 0; k < row.size; k += Lanes<T>::width) {
      const Vec<T> v = load<T>(c0 + k) * step + base, r = load(row.p.re + k), i = load(row.p.im + k), d = r * r + i * i;
      energy += v * d, norm += d;
      if (back) store<T>(row.b.re + k, v * r), store<T>(row.b.im + k, v * i);
    }
    result.energy += sum<T>(energy), result.norm += sum<T>(norm);
  }

  // What must be known once per pass for each operation.
  struct Bound {
    Op op;
    Phase<T> f;
  };

  template <typename Rows>
  void do_ops(const std::vector<Bound> &ops, const Group &g, Planes<T> p, Planes<T> b, std::int64_t block, int first, int last,
              const Rows &rows) {
    for (const Bound &o : ops) {
      const int l = o.op.layer;
      const Turn *q = turns.data() + l * angles() + g.first, *u = back_turns.data() + l * angles() + g.first;
      switch (o.op.kind) {
        case start: rows([&](const Row<T> &row) { start_row(row, o.f); }); break;
        case phase: rows([&](const Row<T> &row) { phase_row(row, o.f); }); break;
        case rotate: in_blocks(first, last, block, sub_block_bytes, [&](int f0, int f1, std::int64_t at, std::int64_t n) {
            mix<T>({p.re + at, p.im + at}, f0, f1, n, q + (f0 - first));
          });
          break;
        case measure: rows([&](const Row<T> &row) { measure_row(row); }); break;
        case unrotate: in_blocks(first, last, block, sub_block_bytes / 2, [&](int f0, int f1, std::int64_t at, std::int64_t n) {
            unmix<T>({p.re + at, p.im + at}, {b.re + at, b.im + at}, f0, f1, n, u + (f0 - first),
                     inner.data() + l * angles() + g.first + (f0 - first));
          });
          break;
        case unphase: rows([&](const Row<T> &row) { unphase_row(row, o.f, l); }); break;
      }
    }
  }

  // Bits of a large block whose stride fits the first-level cache are done sub-block by sub-block.
  template <typename F>
  static void in_blocks(int first, int last, std::int64_t block, int plane_bytes, const F &f) {
    int inner_bits = 0;
    while ((std::int64_t(sizeof(T)) << (inner_bits + 1)) <= plane_bytes) ++inner_bits;
    const int cut = std::min(last, std::max(first, inner_bits));
    const std::int64_t part = std::min(block, std::int64_t(1) << inner_bits);
    if (cut > first)
      for (std::int64_t at = 0; at < block; at += part) f(first, cut, at, part);
    if (last > cut) f(cut, last, std::int64_t(0), block);
  }

  void pass(const Group &g, const std::vector<Op> &list, bool fresh, bool keep, bool back_in, bool back_out) {
    std::vector<Bound> ops;
    for (const Op &o : list) {
      Bound bound{o, {}};
      if (o.kind == start || o.kind == phase) bound.f = phase_of_layer(o.layer, false);
      if (o.kind == unphase) bound.f = phase_of_layer(o.layer, true);
      ops.push_back(bound);
    }
    const Planes<T> p{static_cast<T *>(task.re), static_cast<T *>(task.im)};
    const Planes<T> b{static_cast<T *>(task.back_re), static_cast<T *>(task.back_im)};
    if (g.first == 0) contiguous(g, ops, p, b);
    else gathered(g, ops, p, b, fresh, keep, back_in, back_out);
  }

  static bool measures(const std::vector<Bound> &ops) {
    for (const Bound &o : ops)
      if (o.op.kind == measure) return true;
    return false;
  }

  void contiguous(const Group &g, const std::vector<Bound> &ops, Planes<T> p, Planes<T> b) {
    const std::int64_t block = std::int64_t(1) << g.bits;
    for (std::int64_t z = 0; z < size; z += block) {
      const Planes<T> here{p.re + z, p.im + z}, there{b.re ? b.re + z : nullptr, b.im ? b.im + z : nullptr};
      do_ops(ops, g, here, there, block, 0, g.bits, [&](const auto &f) {
        const std::int64_t run = std::min<std::int64_t>(block, 2048);  // short sums in single precision
        for (std::int64_t k = 0; k < block; k += run)
          f(Row<T>{{here.re + k, here.im + k}, {there.re ? there.re + k : nullptr, there.im ? there.im + k : nullptr}, z + k, run, false});
      });
    }
  }

  void gathered(const Group &g, const std::vector<Bound> &ops, Planes<T> p, Planes<T> b, bool fresh, bool keep, bool back_in,
                bool back_out) {
    const std::int64_t pitch = std::int64_t(1) << g.first, rows = std::int64_t(1) << g.bits;
    std::int64_t run = g.bits == 0 ? 1024 : 128 / std::int64_t(sizeof(T));
    run = std::min(run, g.mirror ? pitch / 2 : pitch);
    const std::int64_t n_rows = g.mirror ? 2 * rows : rows, block = n_rows * run;
    int run_bits = 0;
    while (std::int64_t(1) << run_bits < run) ++run_bits;
    const bool two = b.re != nullptr && (back_in || back_out || measures(ops));
    buffer.resize(std::size_t(two ? 4 : 2) * block);
    if (std::int64_t(reversed_cost.size()) < run) reversed_cost.resize(run);
    const Planes<T> here{buffer.data(), buffer.data() + block};
    const Planes<T> there{two ? buffer.data() + 2 * block : nullptr, two ? buffer.data() + 3 * block : nullptr};
    for (std::int64_t outer = 0; outer < size; outer += pitch << g.bits)
      for (std::int64_t strip = 0; strip < (g.mirror ? pitch / 2 : pitch); strip += run) {
        const auto place = [&](std::int64_t r) {  // where row r of the buffer begins in the state
          return r < rows ? outer + r * pitch + strip : size - run - ((r - rows) * pitch + strip);
        };
        const auto each = [&](const auto &f) {
          for (std::int64_t r = 0; r < n_rows; ++r) f(r * run, place(r), r >= rows);
        };
        if (!fresh) each([&](std::int64_t at, std::int64_t z, bool flip) { read(here, at, p, z, run, flip); });
        if (back_in) each([&](std::int64_t at, std::int64_t z, bool flip) { read(there, at, b, z, run, flip); });
        do_ops(ops, g, here, there, block, run_bits, run_bits + g.bits + g.mirror, [&](const auto &f) {
          each([&](std::int64_t at, std::int64_t z, bool flip) {
            f(Row<T>{{here.re + at, here.im + at}, {two ? there.re + at : nullptr, two ? there.im + at : nullptr}, z, run, flip});
          });
        });
        if (keep) each([&](std::int64_t at, std::int64_t z, bool flip) { write(p, z, here, at, run, flip); });
        if (back_out) each([&](std::int64_t at, std::int64_t z, bool flip) { write(b, z, there, at, run, flip); });
      }
  }

  static void read(Planes<T> to, std::int64_t at, Planes<T> from, std::int64_t z, std::int64_t run, bool flip) {
    if (flip) {
      std::reverse_copy(from.re + z, from.re + z + run, to.re + at), std::reverse_copy(from.im + z, from.im + z + run, to.im + at);
      return;
    }
    for (std::int64_t k = 0; k < run; k += Lanes<T>::width) store(to.re + at + k, load(from.re + z + k)), store(to.im + at + k, load(from.im + z + k));
  }
  static void write(Planes<T> to, std::int64_t z, Planes<T> from, std::int64_t at, std::int64_t run, bool flip) {
    if (flip) {
      std::reverse_copy(from.re + at, from.re + at + run, to.re + z), std::reverse_copy(from.im + at, from.im + at + run, to.im + z);
      return;
    }
    for (std::int64_t k = 0; k < run; k += Lanes<T>::width) store(to.re + z + k, load(from.re + at + k)), store(to.im + z + k, load(from.im + at + k));
  }

  // The visits of groups: up and down in turn, so that one visit serves two layers.
  void run() {
    const bool gradient = task.back_re != nullptr;
    result.energy = result.norm = 0.0;
    std::vector<Op> ops;
    if (task.depth == 0) {
      pass(groups[0], {{measure, 0}}, false, true, false, false);
      return;
    }
    int g = 0, way = 1;
    bool stored = !task.uniform;  // the planes hold the state
    for (int l = 0; l < task.depth; ++l) {
      ops.push_back({l == 0 && task.uniform ? start : phase, l});
      for (int k = 0; k < n_groups; ++k) {
        ops.push_back({rotate, l});
        if (k < n_groups - 1) {
          pass(groups[g], ops, !stored, true, false, false);
          stored = true;
          ops.clear();
          g += way;
        }
      }
      way = -way;
    }
    ops.push_back({measure, 0});
    if (!gradient) {
      pass(groups[g], ops, !stored, task.keep, false, false);
      return;
    }
    inner.assign(std::size_t(task.depth) * angles(), 0.0);
    d_cost.assign(task.depth, 0.0), d_plain.assign(task.depth, 0.0), missing.assign(task.depth, 1.0);
    bool back_in = false;
    const auto visit = [&] {
      clear_marginals();
      const bool end = ops.back().kind == unphase && ops.back().layer == 0;
      pass(groups[g], ops, !stored, !end, back_in, !end);
      stored = back_in = true;
      for (const Op &o : ops)
        if (o.kind == unrotate) collect(groups[g], o.layer);
        else if (o.kind == unphase) collect_phase(o.layer);
      ops.clear();
    };
    for (int l = task.depth - 1; l >= 0; --l) {
      for (int k = 0; k < n_groups; ++k) {
        ops.push_back({unrotate, l});
        if (k < n_groups - 1) visit(), g += way;
      }
      way = -way;
      ops.push_back({unphase, l});
      if (task.field) visit();  // its marginals are those of one layer
    }
    if (!ops.empty()) visit();
  }

  void clear_marginals() {
    marginal_low.assign(task.field ? std::size_t(1) << low_bits : 0, 0.0);
    marginal_high.assign(task.field ? std::size_t(1) << (task.n - low_bits) : 0, 0.0);
  }

  // After a visit: the inner products of its qubits, with the scales that were left out before each of them.
  void collect(const Group &g, int l) {
    for (int q = g.first, last = g.first + g.bits + g.mirror; q < last; ++q) {
      const std::size_t k = std::size_t(l) * angles() + q;
      result.d_phi[k] = 2.0 * inner[k] * missing[l];
      if (q >= lane_bits(Lanes<T>::width)) missing[l] *= std::norm(back_turns[k].scale);
    }
  }

  void collect_phase(int l) {
    result.d_gamma[l] = 2.0 * missing[l] * (task.base * d_plain[l] + task.step * d_cost[l]);
    if (!task.field) return;
    double *d = result.d_field + std::int64_t(l) * task.n;
    signed_sums(marginal_low, low_bits, d), signed_sums(marginal_high, task.n - low_bits, d + low_bits);
    for (int q = 0; q < task.n; ++q) d[q] *= 2.0 * missing[l];
  }

  static void signed_sums(const std::vector<double> &m, int bits, double *d) {
    for (int q = 0; q < bits; ++q) {
      d[q] = 0.0;
      for (std::size_t z = 0; z < m.size(); ++z) d[q] += z >> q & 1 ? -m[z] : m[z];
    }
  }
};

}  // namespace

void qaoa_run(const QaoaTask &task, QaoaResult &result) {
  if (task.wide) {
    if (task.counted) Engine<double, std::uint16_t>(task, result).run();
    else Engine<double, double>(task, result).run();
  } else {
    if (task.counted) Engine<float, std::uint16_t>(task, result).run();
    else Engine<float, float>(task, result).run();
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
