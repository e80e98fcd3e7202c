// K-best (breadth first) and sphere (depth first, Schnorr-Euchner order) on the sorted QR decomposition of each channel.
#include "tree.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace silla {
namespace SILLA_ISA {
namespace {

using std::size_t;

// H = Q R with columns in an order that puts weak ones first (Wuebben et al. 2001), so that detection, which starts at
// the last row, begins with the strong. Modified Gram-Schmidt; y becomes Q^T y and `rest` the part of y outside.
struct SortedQr {
  size_t m, n;
  std::vector<double> q, r, z, norm;  // q [n][m] columns, r [n][n], z [n]
  std::vector<std::int32_t> order;
  double rest;

  SortedQr(size_t m_, size_t n_) : m(m_), n(n_), q(n_ * m_), r(n_ * n_), z(n_), norm(n_), order(n_), rest(0.0) {}

  void operator()(const double *h, const double *y) {
    for (size_t j = 0; j < n; ++j) {
      order[j] = std::int32_t(j);
      norm[j] = 0.0;
      for (size_t i = 0; i < m; ++i) {
        const double v = h[i * n + j];
        q[j * m + i] = v;
        norm[j] += v * v;
      }
    }
    std::fill(r.begin(), r.end(), 0.0);
    std::vector<double> left(y, y + m);
    for (size_t i = 0; i < n; ++i) {
      // real and imaginary parts of a column are equally long: the first of equals, whatever the rounding
      double least = norm[i];
      for (size_t j = i + 1; j < n; ++j) least = std::min(least, norm[j]);
      size_t best = i;
      while (norm[best] > least * (1.0 + 1e-9)) ++best;
      if (best != i) {
        std::swap(order[i], order[best]);
        std::swap(norm[i], norm[best]);
        std::swap_ranges(q.begin() + std::ptrdiff_t(i * m), q.begin() + std::ptrdiff_t((i + 1) * m),
                         q.begin() + std::ptrdiff_t(best * m));
        for (size_t row = 0; row < i; ++row) std::swap(r[row * n + i], r[row * n + best]);
      }
      double *qi = &q[i * m];
      double length = 0.0;
      for (size_t t = 0; t < m; ++t) length += qi[t] * qi[t];
      length = std::sqrt(length);
      r[i * n + i] = length;
      const double inverse = length > 0.0 ? 1.0 / length : 0.0;
      for (size_t t = 0; t < m; ++t) qi[t] *= inverse;
      for (size_t j = i + 1; j < n; ++j) {
        double *qj = &q[j * m];
        double dot = 0.0;
        for (size_t t = 0; t < m; ++t) dot += qi[t] * qj[t];
        r[i * n + j] = dot;
        for (size_t t = 0; t < m; ++t) qj[t] -= dot * qi[t];
        norm[j] = std::max(norm[j] - dot * dot, 0.0);
      }
      double dot = 0.0;
      for (size_t t = 0; t < m; ++t) dot += qi[t] * left[t];
      z[i] = dot;
      for (size_t t = 0; t < m; ++t) left[t] -= dot * qi[t];
    }
    rest = 0.0;
    for (double v : left) rest += v * v;
  }
};

constexpr int lanes = 16;

// Sum of a[j] * x[j], in lanes of a fixed number.
inline float dot(const float *a, const float *x, size_t n) {
  float part[lanes] = {};
  size_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (int l = 0; l < lanes; ++l) part[l] += a[j + size_t(l)] * x[j + size_t(l)];
  for (int l = 0; j < n; ++j, ++l) part[l] += a[j] * x[j];
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) part[l] += part[l + half];
  return part[0];
}

}  // namespace

void k_best(const TreeInput &in, const KBestOutput &out) {
  const size_t n = size_t(in.n), m = size_t(in.m), k = size_t(in.k), levels = size_t(in.n_levels);
  SortedQr qr(m, n);
  std::vector<float> row(n), x(k * n), x2(k * n), metric(k), metric2(k), candidate(k * levels), copy(k * levels);
  std::vector<std::int8_t> pick(k * n), pick2(k * n);
  std::vector<std::uint32_t> rank(k);
  const float infinite = std::numeric_limits<float>::infinity();
  for (std::int64_t p = 0; p < in.n_problems; ++p) {
    qr(in.h + p * std::int64_t(m * n), in.y + p * std::int64_t(m));
    size_t paths = 1;
    metric[0] = float(qr.rest);
    for (size_t depth = 0; depth < n; ++depth) {  // x[path][0..depth) holds x of the rows n-1, n-2, ...
      const size_t i = n - 1 - depth;
      for (size_t d = 0; d < depth; ++d) row[d] = float(qr.r[i * n + (n - 1 - d)]);
      const float target = float(qr.z[i]), diagonal = float(qr.r[i * n + i]);
      for (size_t a = 0; a < paths; ++a) {
        const float left = target - dot(row.data(), &x[a * n], depth);
        for (size_t c = 0; c < levels; ++c) {
          const float e = left - diagonal * in.level[c];
          candidate[a * levels + c] = metric[a] + e * e;
        }
      }
      const size_t total = paths * levels, keep = std::min(k, total);
      float pivot = infinite;
      size_t equals = total;
      if (keep < total) {
        std::copy_n(candidate.begin(), total, copy.begin());
        std::nth_element(copy.begin(), copy.begin() + std::ptrdiff_t(keep - 1), copy.begin() + std::ptrdiff_t(total));
        pivot = copy[keep - 1];
        equals = keep;
        for (size_t t = 0; t < total; ++t) equals -= candidate[t] < pivot;
      }
      size_t made = 0;
      for (size_t t = 0; t < total; ++t) {
        if (!(candidate[t] < pivot)) {
          if (keep < total && (candidate[t] != pivot || equals == 0)) continue;
          --equals;
        }
        const size_t a = t / levels, c = t % levels;
        std::memcpy(&x2[made * n], &x[a * n], depth * sizeof(float));
        std::memcpy(&pick2[made * n], &pick[a * n], depth);
        x2[made * n + depth] = in.level[c];
        pick2[made * n + depth] = std::int8_t(c);
        metric2[made++] = candidate[t];
      }
      paths = made;
      x.swap(x2), pick.swap(pick2), metric.swap(metric2);
    }
    for (size_t a = 0; a < paths; ++a) rank[a] = std::uint32_t(a);
    std::stable_sort(rank.begin(), rank.begin() + std::ptrdiff_t(paths),
                     [&](std::uint32_t a, std::uint32_t b) { return metric[a] < metric[b]; });
    for (size_t a = 0; a < k; ++a) {
      const size_t from = a < paths ? rank[a] : rank[0];
      out.metric[size_t(p) * k + a] = a < paths ? metric[from] : infinite;
      std::int8_t *to = out.index + (size_t(p) * k + a) * n;
      for (size_t d = 0; d < n; ++d) to[qr.order[n - 1 - d]] = pick[from * n + d];
    }
  }
}

void sphere(const TreeInput &in, std::int64_t max_nodes, const SphereOutput &out) {
  const size_t n = size_t(in.n), m = size_t(in.m), levels = size_t(in.n_levels);
  SortedQr qr(m, n);
  // per row: partial metric, what is left of z, and the levels in order of their distance
  std::vector<double> partial(n + 1), x(n);
  std::vector<std::int32_t> order(n * levels), at(n);
  std::vector<std::int8_t> now(n), best(n);
  std::vector<double> cost(n * levels);
  for (std::int64_t p = 0; p < in.n_problems; ++p) {
    qr(in.h + p * std::int64_t(m * n), in.y + p * std::int64_t(m));
    double radius = std::numeric_limits<double>::infinity();
    std::int64_t nodes = 0;
    bool proven = true;
    partial[n] = qr.rest;
    size_t i = n - 1;
    bool down = true;
    for (;;) {
      if (down) {
        double left = qr.z[i];
        for (size_t j = i + 1; j < n; ++j) left -= qr.r[i * n + j] * x[j];
        for (size_t c = 0; c < levels; ++c) {
          const double e = left - qr.r[i * n + i] * double(in.level[c]);
          cost[i * levels + c] = e * e;
          order[i * levels + c] = std::int32_t(c);
        }
        const double *mine = &cost[i * levels];
        std::sort(order.begin() + std::ptrdiff_t(i * levels), order.begin() + std::ptrdiff_t((i + 1) * levels),
                  [mine](std::int32_t a, std::int32_t b) { return mine[a] < mine[b] || (mine[a] == mine[b] && a < b); });
        at[i] = 0;
      }
      const bool open = size_t(at[i]) < levels;
      const std::int32_t c = open ? order[i * levels + size_t(at[i])] : 0;
      const double here = open ? partial[i + 1] + cost[i * levels + size_t(c)] : radius;
      if (!open || !(here < radius)) {
        if (i == n - 1) break;
        ++i;
        down = false;
        continue;
      }
      if (++nodes > max_nodes) {
        proven = false;
        if (std::isfinite(radius)) break;  // the first descent, successive cancellation, is always finished
      }
      ++at[i];
      x[i] = double(in.level[c]);
      now[i] = std::int8_t(c);
      partial[i] = here;
      if (i == 0) {
        radius = here;
        best = now;
        down = false;
      } else {
        --i;
        down = true;
      }
    }
    for (size_t j = 0; j < n; ++j) out.index[size_t(p) * n + size_t(qr.order[j])] = best[j];
    out.metric[p] = radius;
    out.nodes[p] = nodes;
    out.proven[p] = proven;
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
