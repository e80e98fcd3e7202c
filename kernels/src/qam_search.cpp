// Children of all survivors are written out and the k best are picked by quickselect; order among them does not matter.
#include "qam_search.h"

#include <cstdlib>

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int max_axes = 16, max_rows = 32, max_levels = 64;

struct Child {
  float metric;
  std::int32_t from;  // survivor * n_levels + level
};

struct Path {
  float metric;
  std::uint8_t level[max_axes];  // by tree axis
};

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

// The k least of n children come first.
void select(Child *a, int n, int k) {
  int low = 0, high = n - 1;
  while (low < high) {
    const float pivot = a[low + (high - low) / 2].metric;
    int i = low, j = high;
    while (i <= j) {
      while (a[i].metric < pivot) ++i;
      while (a[j].metric > pivot) --j;
      if (i <= j) {
        const Child x = a[i];
        a[i++] = a[j];
        a[j--] = x;
      }
    }
    if (k - 1 <= j) high = j;
    else if (k - 1 >= i) low = i;
    else return;
  }
}

struct Search {
  const float *levels;
  int n_levels, k, half;  // half: bits of an axis
  float clip;
  Child *children;        // [k n_levels]
  Path *now, *next;       // [k n_levels] each
};

// Walks the tree; returns how many paths are in s.now.
int walk(const Tree &t, Search &s) {
  int n = 1;
  s.now[0].metric = 0.0f;
  for (int axis = t.axes - 1; axis >= 0; --axis) {
    int made = 0;
    const float step = t.r[axis][axis];
    for (int p = 0; p < n; ++p) {
      float left = t.z[axis];
      for (int j = axis + 1; j < t.axes; ++j) left -= t.r[axis][j] * s.levels[s.now[p].level[j]];
      for (int l = 0; l < s.n_levels; ++l) {
        const float away = left - step * s.levels[l];
        s.children[made + l].metric = s.now[p].metric + away * away;
        s.children[made + l].from = p * s.n_levels + l;
      }
      made += s.n_levels;
    }
    const int keep = axis > 0 && made > s.k ? s.k : made;
    if (keep < made) select(s.children, made, keep);
    for (int p = 0; p < keep; ++p) {
      s.next[p] = s.now[s.children[p].from / s.n_levels];
      s.next[p].metric = s.children[p].metric;
      s.next[p].level[axis] = std::uint8_t(s.children[p].from % s.n_levels);
    }
    Path *x = s.now;
    s.now = s.next;
    s.next = x;
    n = keep;
  }
  return n;
}

// LLRs [layer][bit] of the list.
void score(const Tree &t, const Search &s, int n, float noise, float *llr) {
  const int n_layers = t.axes / 2;
  float best[max_axes][6][2], worst = 0.0f, least = 0.0f;
  for (int a = 0; a < t.axes; ++a)
    for (int b = 0; b < s.half; ++b) best[a][b][0] = best[a][b][1] = -1.0f;
  for (int p = 0; p < n; ++p) {
    const float m = s.now[p].metric;
    worst = p == 0 || m > worst ? m : worst;
    least = p == 0 || m < least ? m : least;
    for (int a = 0; a < t.axes; ++a)
      for (int b = 0; b < s.half; ++b) {
        float &slot = best[a][b][s.now[p].level[a] >> (s.half - 1 - b) & 1];
        if (slot < 0.0f || m < slot) slot = m;
      }
  }
  const float limit = worst < least + s.clip * noise ? worst : least + s.clip * noise;
  for (int a = 0; a < t.axes; ++a) {
    const int axis = t.order[a], layer = axis % n_layers, odd = axis / n_layers;
    for (int b = 0; b < s.half; ++b) {
      float pair[2];
      for (int v = 0; v < 2; ++v) {
        const float m = best[a][b][v];
        pair[v] = m < 0.0f || m > limit ? limit : m;
      }
      const float x = (pair[1] - pair[0]) / noise;
      llr[layer * 2 * s.half + 2 * b + odd] = x > s.clip ? s.clip : x < -s.clip ? -s.clip : x;
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
  const std::int64_t room = std::int64_t(k) * n_levels;
  Child *children = static_cast<Child *>(std::malloc(std::size_t(room) * sizeof(Child)));
  Path *paths = static_cast<Path *>(std::malloc(std::size_t(2 * room) * sizeof(Path)));
  if (!children || !paths) {
    std::free(children);
    std::free(paths);
    return false;
  }
  Search s{levels, n_levels, k, half, clip, children, paths, paths + room};
  Tree t;
  const int n_rx = int(g.n_rx), n_layers = int(g.n_layers);
  t.rows = 2 * n_rx;
  t.axes = 2 * n_layers;
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
        const int n = walk(t, s);
        score(t, s, n, n0, llr + (b * t_f + symbol * f + c) * n_layers * 2 * half);
      }
  std::free(children);
  std::free(paths);
  return true;
}

}  // namespace SILLA_ISA
}  // namespace silla
