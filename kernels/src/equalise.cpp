// A block of subcarriers is taken apart into real and imaginary lanes; H^H H + N0 I is factored as L D L^H in each lane.
#include "equalise.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int W = 16;  // subcarriers at a time
// Unrolled whole, a loop over them is no longer taken for a vector loop.
#define SILLA_LANES _Pragma("GCC unroll 1") for (int i = 0; i < W; ++i)
constexpr float tiny = 1e-12f;

struct Lanes {
  float re[W], im[W];
};

inline void load(Lanes &to, const float *from, int n) {
  if (n == W) {
    SILLA_LANES {
      to.re[i] = from[2 * i];
      to.im[i] = from[2 * i + 1];
    }
    return;
  }
  SILLA_LANES {
    const bool inside = i < n;
    to.re[i] = inside ? from[2 * i] : 0.0f;
    to.im[i] = inside ? from[2 * i + 1] : 0.0f;
  }
}

inline void store(const Lanes &from, float *to, int n) {
  if (n == W) {
    SILLA_LANES {
      to[2 * i] = from.re[i];
      to[2 * i + 1] = from.im[i];
    }
    return;
  }
  for (int i = 0; i < n; ++i) {
    to[2 * i] = from.re[i];
    to[2 * i + 1] = from.im[i];
  }
}

// Strides in floats between antennas of y, antennas and layers of h, layers of the outputs.
struct Strides {
  std::int64_t n_rx, y_rx, h_rx, h_layer, x_layer, v_layer;
};

// One layer alone: combining with the best ratios.
inline void combine(const Strides &s, const float *y, const float *h, const float *n0, int n, float *x, float *v) {
  float own[W] = {}, share[W];
  Lanes z{};
  for (std::int64_t r = 0; r < s.n_rx; ++r) {
    Lanes in, c;
    load(in, y + r * s.y_rx, n);
    load(c, h + r * s.h_rx, n);
    SILLA_LANES {
      z.re[i] += c.re[i] * in.re[i] + c.im[i] * in.im[i];
      z.im[i] += c.re[i] * in.im[i] - c.im[i] * in.re[i];
      own[i] += c.re[i] * c.re[i] + c.im[i] * c.im[i];
    }
  }
  SILLA_LANES {
    const float g = own[i] > tiny ? own[i] : tiny;
    z.re[i] /= g;
    z.im[i] /= g;
    share[i] = n0[i] / g;
  }
  store(z, x, n);
  for (int i = 0; i < n; ++i) v[i] = share[i];
}

// A = H^H H + N0 I = K D K^H of a block: K^-1 below the diagonal, D^-1, and of each layer what makes it unbiased and the
// variance that it then has.
template <int L>
struct Factors {
  Lanes inv[L][L];
  float d[L][W], share[L][W], variance[L][W];
};

template <int L>
inline void factor(const Strides &s, const float *h, const float *n0, int n, Factors<L> &f) {
  Lanes a[L][L];  // the lower triangle of A
  for (int l = 0; l < L; ++l)
    for (int m = 0; m <= l; ++m)
      SILLA_LANES a[l][m].re[i] = a[l][m].im[i] = 0.0f;
  for (std::int64_t r = 0; r < s.n_rx; ++r) {
    Lanes c[L];
    for (int l = 0; l < L; ++l) {
      load(c[l], h + r * s.h_rx + l * s.h_layer, n);
      for (int m = 0; m < l; ++m)
        SILLA_LANES {
          a[l][m].re[i] += c[l].re[i] * c[m].re[i] + c[l].im[i] * c[m].im[i];
          a[l][m].im[i] += c[l].re[i] * c[m].im[i] - c[l].im[i] * c[m].re[i];
        }
      SILLA_LANES a[l][l].re[i] += c[l].re[i] * c[l].re[i] + c[l].im[i] * c[l].im[i];
    }
  }
  for (int l = 0; l < L; ++l) {
    SILLA_LANES f.d[l][i] = a[l][l].re[i] + n0[i];
    for (int m = 0; m < l; ++m) {
      for (int k = 0; k < m; ++k)
        SILLA_LANES {  // a[l][m] -= a[l][k] d[k] conj(a[m][k])
          const float re = a[l][k].re[i] * f.d[k][i], im = a[l][k].im[i] * f.d[k][i];
          a[l][m].re[i] -= re * a[m][k].re[i] + im * a[m][k].im[i];
          a[l][m].im[i] -= im * a[m][k].re[i] - re * a[m][k].im[i];
        }
      SILLA_LANES {
        const float inverse = 1.0f / f.d[m][i];
        const float re = a[l][m].re[i], im = a[l][m].im[i];
        f.d[l][i] -= (re * re + im * im) * inverse;
        a[l][m].re[i] = re * inverse;
        a[l][m].im[i] = im * inverse;
      }
    }
    SILLA_LANES f.d[l][i] = f.d[l][i] > 1e-30f ? f.d[l][i] : 1e-30f;
  }
  for (int l = 0; l < L; ++l) {
    SILLA_LANES f.d[l][i] = 1.0f / f.d[l][i];
    for (int m = 0; m < l; ++m) {
      SILLA_LANES {
        f.inv[l][m].re[i] = -a[l][m].re[i];
        f.inv[l][m].im[i] = -a[l][m].im[i];
      }
      for (int k = m + 1; k < l; ++k)
        SILLA_LANES {
          f.inv[l][m].re[i] -= a[l][k].re[i] * f.inv[k][m].re[i] - a[l][k].im[i] * f.inv[k][m].im[i];
          f.inv[l][m].im[i] -= a[l][k].re[i] * f.inv[k][m].im[i] + a[l][k].im[i] * f.inv[k][m].re[i];
        }
    }
  }
  for (int l = 0; l < L; ++l) {
    float diagonal[W];
    SILLA_LANES diagonal[i] = f.d[l][i];
    for (int k = l + 1; k < L; ++k)
      SILLA_LANES {
        const float re = f.inv[k][l].re[i], im = f.inv[k][l].im[i];
        diagonal[i] += (re * re + im * im) * f.d[k][i];
      }
    SILLA_LANES {
      const float bias = n0[i] * diagonal[i];
      f.share[l][i] = 1.0f - bias > tiny ? 1.0f - bias : tiny;
      f.variance[l][i] = bias / f.share[l][i];
    }
  }
}

template <int L>
inline void solve(const Strides &s, const Factors<L> &f, const float *y, const float *h, int n, float *x, float *v) {
  Lanes z[L] = {};  // H^H y
  for (std::int64_t r = 0; r < s.n_rx; ++r) {
    Lanes in, c;
    load(in, y + r * s.y_rx, n);
    for (int l = 0; l < L; ++l) {
      load(c, h + r * s.h_rx + l * s.h_layer, n);
      SILLA_LANES {
        z[l].re[i] += c.re[i] * in.re[i] + c.im[i] * in.im[i];
        z[l].im[i] += c.re[i] * in.im[i] - c.im[i] * in.re[i];
      }
    }
  }
  for (int l = L - 1; l >= 0; --l) {  // z <- D^-1 K^-1 z, from the last on as earlier ones are still needed
    for (int m = 0; m < l; ++m)
      SILLA_LANES {
        z[l].re[i] += f.inv[l][m].re[i] * z[m].re[i] - f.inv[l][m].im[i] * z[m].im[i];
        z[l].im[i] += f.inv[l][m].re[i] * z[m].im[i] + f.inv[l][m].im[i] * z[m].re[i];
      }
    SILLA_LANES {
      z[l].re[i] *= f.d[l][i];
      z[l].im[i] *= f.d[l][i];
    }
  }
  for (int l = 0; l < L; ++l) {  // K^-H: row l gathers conj(inv[k][l]) from the later k
    Lanes out = z[l];
    for (int k = l + 1; k < L; ++k)
      SILLA_LANES {
        const float re = f.inv[k][l].re[i], im = f.inv[k][l].im[i];
        out.re[i] += re * z[k].re[i] + im * z[k].im[i];
        out.im[i] += re * z[k].im[i] - im * z[k].re[i];
      }
    SILLA_LANES {
      out.re[i] /= f.share[l][i];
      out.im[i] /= f.share[l][i];
    }
    store(out, x + l * s.x_layer, n);
    for (int i = 0; i < n; ++i) v[l * s.v_layer + i] = f.variance[l][i];
  }
}

template <int L>
void rows(const Grid &g, const float *y, const float *h, const float *noise, float *x, float *v) {
  const std::int64_t f = g.n_subcarriers, t_f = g.n_symbols * f, h_layer = g.h_symbols * f * 2;
  const Strides strides{g.n_rx, t_f * 2, L * h_layer, h_layer, t_f * 2, t_f};
  const bool still = g.h_symbols == 1 && g.noise_symbols == 1;  // factors serve for all symbols
  for (std::int64_t b = 0; b < g.n_batch; ++b)
    for (std::int64_t s = 0; s < f; s += W) {
      const int n = f - s < W ? int(f - s) : W;
      Factors<L> factors;
      for (std::int64_t t = 0; t < g.n_symbols; ++t) {
        const float *through = h + b * g.n_rx * L * h_layer + (g.h_symbols > 1 ? t * f * 2 : 0) + 2 * s;
        const float *n0 = noise + ((g.noise_batch > 1 ? b : 0) * g.noise_symbols + (g.noise_symbols > 1 ? t : 0)) *
                                      g.noise_subcarriers;
        const float *from = y + (b * g.n_rx * t_f + t * f + s) * 2;
        const std::int64_t to = b * L * t_f + t * f + s;
        float level[W];
        SILLA_LANES level[i] = n0[g.noise_subcarriers > 1 ? s + (i < n ? i : 0) : 0];
        if constexpr (L == 1) {
          combine(strides, from, through, level, n, x + 2 * to, v + to);
        } else {
          if (t == 0 || !still) factor<L>(strides, through, level, n, factors);
          solve<L>(strides, factors, from, through, n, x + 2 * to, v + to);
        }
      }
    }
}

}  // namespace

bool lmmse_detect(const Grid &grid, const float *y, const float *h, const float *noise, float *symbols, float *variance) {
  switch (grid.n_layers) {
#define SILLA_CASE(l) case l: rows<l>(grid, y, h, noise, symbols, variance); return true
    SILLA_CASE(1);
    SILLA_CASE(2);
    SILLA_CASE(3);
    SILLA_CASE(4);
    SILLA_CASE(5);
    SILLA_CASE(6);
    SILLA_CASE(7);
    SILLA_CASE(8);
#undef SILLA_CASE
    default: return false;
  }
}

#undef SILLA_LANES

}  // namespace SILLA_ISA
}  // namespace silla
