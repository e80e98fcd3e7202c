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

// One block: strides in floats between antennas of y, antennas and layers of h, layers of the outputs.
template <int L>
inline void detect(const float *y, std::int64_t y_rx, const float *h, std::int64_t h_rx, std::int64_t h_layer,
                   std::int64_t n_rx, const float *n0, int n, float *x, std::int64_t x_layer, float *v,
                   std::int64_t v_layer) {
  Lanes a[L][L], z[L];  // the lower triangle of A, and H^H y
  for (int l = 0; l < L; ++l) {
    for (int m = 0; m <= l; ++m)
      SILLA_LANES a[l][m].re[i] = a[l][m].im[i] = 0.0f;
    SILLA_LANES z[l].re[i] = z[l].im[i] = 0.0f;
  }
  for (std::int64_t r = 0; r < n_rx; ++r) {
    Lanes in, c[L];
    load(in, y + r * y_rx, n);
    for (int l = 0; l < L; ++l) {
      load(c[l], h + r * h_rx + l * h_layer, n);
      SILLA_LANES {
        z[l].re[i] += c[l].re[i] * in.re[i] + c[l].im[i] * in.im[i];
        z[l].im[i] += c[l].re[i] * in.im[i] - c[l].im[i] * in.re[i];
      }
      for (int m = 0; m < l; ++m)
        SILLA_LANES {
          a[l][m].re[i] += c[l].re[i] * c[m].re[i] + c[l].im[i] * c[m].im[i];
          a[l][m].im[i] += c[l].re[i] * c[m].im[i] - c[l].im[i] * c[m].re[i];
        }
      SILLA_LANES a[l][l].re[i] += c[l].re[i] * c[l].re[i] + c[l].im[i] * c[l].im[i];
    }
  }
  if constexpr (L == 1) {
    float share[W];
    SILLA_LANES {
      const float g = a[0][0].re[i] > tiny ? a[0][0].re[i] : tiny;
      z[0].re[i] /= g;
      z[0].im[i] /= g;
      share[i] = n0[i] / g;
    }
    store(z[0], x, n);
    for (int i = 0; i < n; ++i) v[i] = share[i];
    return;
  }
  // A = K D K^H with K unit lower triangular; then K is replaced by its inverse.
  float d[L][W];
  for (int l = 0; l < L; ++l) {
    SILLA_LANES d[l][i] = a[l][l].re[i] + n0[i];
    for (int m = 0; m < l; ++m) {
      for (int k = 0; k < m; ++k)
        SILLA_LANES {  // a[l][m] -= a[l][k] d[k] conj(a[m][k])
          const float re = a[l][k].re[i] * d[k][i], im = a[l][k].im[i] * d[k][i];
          a[l][m].re[i] -= re * a[m][k].re[i] + im * a[m][k].im[i];
          a[l][m].im[i] -= im * a[m][k].re[i] - re * a[m][k].im[i];
        }
      SILLA_LANES {
        const float inverse = 1.0f / d[m][i];
        const float re = a[l][m].re[i], im = a[l][m].im[i];
        d[l][i] -= (re * re + im * im) * inverse;
        a[l][m].re[i] = re * inverse;
        a[l][m].im[i] = im * inverse;
      }
    }
    SILLA_LANES d[l][i] = d[l][i] > 1e-30f ? d[l][i] : 1e-30f;
  }
  Lanes inv[L][L];
  for (int l = 0; l < L; ++l)
    for (int m = 0; m < l; ++m) {
      SILLA_LANES {
        inv[l][m].re[i] = -a[l][m].re[i];
        inv[l][m].im[i] = -a[l][m].im[i];
      }
      for (int k = m + 1; k < l; ++k)
        SILLA_LANES {
          inv[l][m].re[i] -= a[l][k].re[i] * inv[k][m].re[i] - a[l][k].im[i] * inv[k][m].im[i];
          inv[l][m].im[i] -= a[l][k].re[i] * inv[k][m].im[i] + a[l][k].im[i] * inv[k][m].re[i];
        }
    }
  for (int l = L - 1; l >= 0; --l) {  // z <- D^-1 K^-1 z, from the last on as earlier ones are still needed
    for (int m = 0; m < l; ++m)
      SILLA_LANES {
        z[l].re[i] += inv[l][m].re[i] * z[m].re[i] - inv[l][m].im[i] * z[m].im[i];
        z[l].im[i] += inv[l][m].re[i] * z[m].im[i] + inv[l][m].im[i] * z[m].re[i];
      }
    SILLA_LANES {
      d[l][i] = 1.0f / d[l][i];
    }
  }
  for (int l = 0; l < L; ++l)
    SILLA_LANES {
      z[l].re[i] *= d[l][i];
      z[l].im[i] *= d[l][i];
    }
  for (int l = 0; l < L; ++l) {  // K^-H: row l gathers conj(inv[k][l]) from the later k
    Lanes out = z[l];
    float diagonal[W];
    SILLA_LANES diagonal[i] = d[l][i];
    for (int k = l + 1; k < L; ++k)
      SILLA_LANES {
        const float re = inv[k][l].re[i], im = inv[k][l].im[i];
        out.re[i] += re * z[k].re[i] + im * z[k].im[i];
        out.im[i] += re * z[k].im[i] - im * z[k].re[i];
        diagonal[i] += (re * re + im * im) * d[k][i];
      }
    float variance[W];
    SILLA_LANES {
      const float bias = n0[i] * diagonal[i];
      const float share = 1.0f - bias > tiny ? 1.0f - bias : tiny;
      out.re[i] /= share;
      out.im[i] /= share;
      variance[i] = bias / share;
    }
    store(out, x + l * x_layer, n);
    for (int i = 0; i < n; ++i) v[l * v_layer + i] = variance[i];
  }
}

template <int L>
void rows(const Grid &g, const float *y, const float *h, const float *noise, float *x, float *v) {
  const std::int64_t f = g.n_subcarriers, t_f = g.n_symbols * f, h_layer = g.h_symbols * f * 2;
  for (std::int64_t b = 0; b < g.n_batch; ++b)
    for (std::int64_t t = 0; t < g.n_symbols; ++t) {
      const float *from = y + (b * g.n_rx * t_f + t * f) * 2;
      const float *through = h + b * g.n_rx * L * h_layer + (g.h_symbols > 1 ? t * f * 2 : 0);
      const float *n0 = noise + ((g.noise_batch > 1 ? b : 0) * g.noise_symbols + (g.noise_symbols > 1 ? t : 0)) *
                                    g.noise_subcarriers;
      const std::int64_t to = b * L * t_f + t * f;
      for (std::int64_t s = 0; s < f; s += W) {
        const int n = f - s < W ? int(f - s) : W;
        float level[W];
        SILLA_LANES level[i] = n0[g.noise_subcarriers > 1 ? s + (i < n ? i : 0) : 0];
        detect<L>(from + 2 * s, t_f * 2, through + 2 * s, L * h_layer, h_layer, g.n_rx, level, n, x + 2 * (to + s),
                  t_f * 2, v + to + s, t_f);
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
