// Lanes along the paths. Children of all survivors are written out; the k best are those up to a cut that is found by
// bisection; order among them does not matter.
#include "qam_search.h"

#include <cstdlib>

#include "vector_math.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int max_axes = 16, max_rows = 32, max_levels = 64;

struct Tree {
  int rows, axes;
  float q[max_axes][max_rows];  // columns
  float r[max_axes][max_axes];
  float z[max_axes];
  int order[max_axes];
};

// Gram-Schmidt, the weakest remaining column first (both axes of a layer weigh the same: the margin decides such ties);
// then z = Q^T y.
void decompose(Tree &t, const float *y) {
  for (int c = 0; c < t.axes; ++c) t.order[c] = c;
  for (int c = 0; c < t.axes; ++c) {
    int best = c;
    float least = 0.0f;
    for (int j = c; j < t.axes; ++j) {
      float norm = 0.0f;
      for (int i = 0; i < t.rows; ++i) norm += t.q[j][i] * t.q[j][i];
      if (j == c || norm < 0.9999f * least) {
        least = norm;
        best = j;
      }
    }
    if (best != c) {
      for (int i = 0; i < t.rows; ++i) {
        const float x = t.q[c][i];
        t.q[c][i] = t.q[best][i];
        t.q[best][i] = x;
      }
      for (int i = 0; i < c; ++i) {
        const float x = t.r[i][c];
        t.r[i][c] = t.r[i][best];
        t.r[i][best] = x;
      }
      const int o = t.order[c];
      t.order[c] = t.order[best];
      t.order[best] = o;
    }
    const float length = __builtin_sqrtf(least), scale = 1.0f / (length > 1e-30f ? length : 1e-30f);
    t.r[c][c] = length;
    for (int i = 0; i < t.rows; ++i) t.q[c][i] *= scale;
    for (int j = c + 1; j < t.axes; ++j) {
      float dot = 0.0f;
      for (int i = 0; i < t.rows; ++i) dot += t.q[c][i] * t.q[j][i];
      t.r[c][j] = dot;
      for (int i = 0; i < t.rows; ++i) t.q[j][i] -= dot * t.q[c][i];
    }
    float dot = 0.0f;
    for (int i = 0; i < t.rows; ++i) dot += t.q[c][i] * y[i];
    t.z[c] = dot;
  }
}

// The least value for which at least k of the n bit patterns are not above it, or any that exactly k are not above.
// Metrics are not negative: their patterns stand in their order.
std::int32_t cut(const float *metric, int n, int k) {
  std::int32_t low = INT32_MAX, high = 0;
  for (int i = 0; i < n; ++i) {
    const std::int32_t bits = bits_as<std::int32_t>(metric[i]);
    low = bits < low ? bits : low;
    high = bits > high ? bits : high;
  }
  --low;
  while (high - low > 1) {
    const std::int32_t middle = low + (high - low) / 2;
    std::int32_t count = 0;
    for (int i = 0; i < n; ++i) count += bits_as<std::int32_t>(metric[i]) <= middle;
    if (count == k) return middle;
    (count > k ? high : low) = middle;
  }
  return high;
}

// What is kept of a level of the tree, by path: its metric and, for each axis decided, the number and value of its level.
struct Paths {
  float *metric, *value[max_axes];
  std::int32_t *level[max_axes];
};

struct Search {
  const float *levels;
  int n_levels, k, half;  // half: bits of an axis
  float clip;
  float *children;        // [n_levels][paths]
  float *left;            // [paths]
  std::int32_t *from, *chosen;
  Paths now, next;
};

// What is left of z on this axis after the levels decided above it.
void residual(const Tree &t, Search &s, int axis, int n) {
  for (int p = 0; p < n; ++p) s.left[p] = t.z[axis];
  for (int j = axis + 1; j < t.axes; ++j) {
    const float weight = t.r[axis][j], *value = s.now.value[j];
    for (int p = 0; p < n; ++p) s.left[p] -= weight * value[p];
  }
}

void grow(const Tree &t, Search &s, int axis, int n) {
  residual(t, s, axis, n);
  for (int l = 0; l < s.n_levels; ++l) {
    const float at = t.r[axis][axis] * s.levels[l], *metric = s.now.metric, *left = s.left;
    float *child = s.children + l * n;
    for (int p = 0; p < n; ++p) {
      const float away = left[p] - at;
      child[p] = metric[p] + away * away;
    }
  }
}

// The children that stay become the paths; returns how many.
int keep(const Tree &t, Search &s, int axis, int n) {
  const int made = n * s.n_levels;
  int kept = 0;
  if (made <= s.k) {
    for (int l = 0; l < s.n_levels; ++l)
      for (int p = 0; p < n; ++p, ++kept) {
        s.from[kept] = p;
        s.chosen[kept] = l;
      }
    for (int q = 0; q < made; ++q) s.next.metric[q] = s.children[q];
  } else {
    const std::int32_t limit = cut(s.children, made, s.k);
    int ties = s.k;
    for (int c = 0; c < made; ++c) ties -= bits_as<std::int32_t>(s.children[c]) < limit;
    for (int l = 0; l < s.n_levels; ++l)
      for (int p = 0; p < n; ++p) {
        const float metric = s.children[l * n + p];
        const std::int32_t bits = bits_as<std::int32_t>(metric);
        const bool tie = bits == limit && ties > 0;
        s.from[kept] = p;
        s.chosen[kept] = l;
        s.next.metric[kept] = metric;
        ties -= tie;
        kept += tie || bits < limit;
      }
  }
  for (int q = 0; q < kept; ++q) {
    s.next.level[axis][q] = s.chosen[q];
    s.next.value[axis][q] = s.levels[s.chosen[q]];
  }
  for (int j = axis + 1; j < t.axes; ++j)
    for (int q = 0; q < kept; ++q) {
      s.next.level[j][q] = s.now.level[j][s.from[q]];
      s.next.value[j][q] = s.now.value[j][s.from[q]];
    }
  const Paths x = s.now;
  s.now = s.next;
  s.next = x;
  return kept;
}

inline std::int32_t least_of(std::int32_t a, std::int32_t b) { return a < b ? a : b; }

// LLRs [layer][bit] of all children of the n paths on the last axis. Each path stands for the best of its children on the
// axes above. Metrics are compared by their bit patterns: minima of integers become vector code.
void score(const Tree &t, Search &s, int n, float noise, float *llr) {
  constexpr std::int32_t none = 0x7f800000;  // infinity
  std::int32_t best[max_axes][6][2], least = none, worst = 0, *path = s.from;
  for (int p = 0; p < n; ++p) path[p] = none;
  for (int b = 0; b < s.half; ++b) best[0][b][0] = best[0][b][1] = none;
  for (int l = 0; l < s.n_levels; ++l) {
    const float *child = s.children + l * n;
    std::int32_t low = none;
    for (int p = 0; p < n; ++p) {
      const std::int32_t m = bits_as<std::int32_t>(child[p]);
      path[p] = least_of(path[p], m);
      low = least_of(low, m);
      worst = m > worst ? m : worst;
    }
    for (int b = 0; b < s.half; ++b) {
      std::int32_t &slot = best[0][b][l >> (s.half - 1 - b) & 1];
      slot = least_of(slot, low);
    }
    least = least_of(least, low);
  }
  for (int a = 1; a < t.axes; ++a)
    for (int b = 0; b < s.half; ++b) {
      const int shift = s.half - 1 - b;
      const std::int32_t *level = s.now.level[a];
      std::int32_t zero = none, one = none;
      for (int p = 0; p < n; ++p) {
        const std::int32_t set = -(level[p] >> shift & 1);  // all bits or none
        zero = least_of(zero, path[p] | (set & none));       // what is not counted becomes infinity or NaN
        one = least_of(one, path[p] | (~set & none));
      }
      best[a][b][0] = zero;
      best[a][b][1] = one;
    }
  const int n_layers = t.axes / 2;
  const float limit = min_f(bits_as<float>(worst), bits_as<float>(least) + s.clip * noise);
  for (int a = 0; a < t.axes; ++a) {
    const int axis = t.order[a], layer = axis % n_layers, odd = axis / n_layers;
    for (int b = 0; b < s.half; ++b) {
      const float one = bits_as<float>(best[a][b][1]), zero = bits_as<float>(best[a][b][0]);
      const float x = (min_f(one, limit) - min_f(zero, limit)) / noise;
      llr[layer * 2 * s.half + 2 * b + odd] = x > s.clip ? s.clip : x < -s.clip ? -s.clip : x;
    }
  }
}

void search(const Tree &t, Search &s, float noise, float *llr) {
  int n = 1;
  s.now.metric[0] = 0.0f;
  for (int axis = t.axes - 1; axis > 0; --axis) {
    grow(t, s, axis, n);
    n = keep(t, s, axis, n);
  }
  grow(t, s, 0, n);
  score(t, s, n, noise, llr);
}

// A piece of memory handed out in pieces.
struct Room {
  char *at;
  template <typename T>
  T *take(std::int64_t n) {
    T *piece = reinterpret_cast<T *>(at);
    at += n * std::int64_t(sizeof(T));
    return piece;
  }
};

void share_out(Room room, Search &s, int axes) {
  s.children = room.take<float>(std::int64_t(s.k) * s.n_levels);
  s.left = room.take<float>(s.k);
  s.from = room.take<std::int32_t>(s.k + 1);
  s.chosen = room.take<std::int32_t>(s.k + 1);
  Paths *both[] = {&s.now, &s.next};
  for (Paths *paths : both) {
    paths->metric = room.take<float>(s.k + 1);
    for (int a = 0; a < axes; ++a) {
      paths->level[a] = room.take<std::int32_t>(s.k);
      paths->value[a] = room.take<float>(s.k);
    }
  }
}

}  // namespace

bool qam_search(const Grid &g, const float *y, const float *h, const float *noise, const float *levels, int n_levels, int k,
            float clip, float *llr) {
  int half = 0;
  while ((1 << half) < n_levels) ++half;
  if (g.n_layers > max_axes / 2 || g.n_rx > max_rows / 2 || n_levels > max_levels || 1 << half != n_levels || k < 1)
    return false;
  const int axes = 2 * int(g.n_layers);
  const std::int64_t words = std::int64_t(k) * (n_levels + 5 + 4 * axes) + 4;
  char *memory = static_cast<char *>(std::malloc(std::size_t(words) * 4));
  if (!memory) return false;
  Search s{};
  s.levels = levels;
  s.n_levels = n_levels;
  s.k = k;
  s.half = half;
  s.clip = clip;
  share_out(Room{memory}, s, axes);
  Tree t;
  const int n_rx = int(g.n_rx), n_layers = int(g.n_layers);
  t.rows = 2 * n_rx;
  t.axes = axes;
  const std::int64_t f = g.n_subcarriers, t_f = g.n_symbols * f;
  for (std::int64_t b = 0; b < g.n_batch; ++b)
    for (std::int64_t symbol = 0; symbol < g.n_symbols; ++symbol)
      for (std::int64_t c = 0; c < f; ++c) {
        float in[max_rows];
        for (int r = 0; r < n_rx; ++r) {
          const float *at = y + 2 * ((b * n_rx + r) * t_f + symbol * f + c);
          in[r] = at[0];
          in[n_rx + r] = at[1];
          for (int l = 0; l < n_layers; ++l) {
            const std::int64_t row = (b * n_rx + r) * n_layers + l;
            const float *through = h + 2 * ((row * g.h_symbols + (g.h_symbols > 1 ? symbol : 0)) * f + c);
            t.q[l][r] = through[0];
            t.q[l][n_rx + r] = through[1];
            t.q[n_layers + l][r] = -through[1];
            t.q[n_layers + l][n_rx + r] = through[0];
          }
        }
        const float n0 = noise[((g.noise_batch > 1 ? b : 0) * g.noise_symbols + (g.noise_symbols > 1 ? symbol : 0)) *
                                   g.noise_subcarriers +
                               (g.noise_subcarriers > 1 ? c : 0)];
        decompose(t, in);
        search(t, s, n0, llr + (b * t_f + symbol * f + c) * n_layers * 2 * half);
      }
  std::free(memory);
  return true;
}

}  // namespace SILLA_ISA
}  // namespace silla
