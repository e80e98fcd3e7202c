// The linear algebra is in double precision: once a symbol is all but decided its prior is a million times as precise as
// what was received, and the cavity is the difference of the two. The weights of the levels are in single precision.
#include "ep.h"

#include "vector_math.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int W = 16;  // subcarriers at a time
constexpr int max_levels = 64;
// Unrolled whole, a loop over them is no longer taken for a vector loop.
#define SILLA_LANES _Pragma("GCC unroll 1") for (int i = 0; i < W; ++i)
constexpr double least_spread = 5e-7;  // variance of a tilted distribution (Cespedes et al. 2014)

// e^x for x <= 0, not less than 2^-60, so that no product of it is subnormal, which costs a hundred cycles; without the
// choices of exp_f, which keep this loop from becoming vector code.
inline float exp_below_one(float x) {
  const float y = max_f(x * 1.44269504088896341f, -60.0f), shifted = y + 12582912.0f;  // 1.5 2^23 rounds to an integer
  const float f = y - (shifted - 12582912.0f);
  return bits_as<float>(bits_as<std::uint32_t>(exp2_within_half(f)) + (bits_as<std::uint32_t>(shifted) << 23));
}

inline double above(double x, double least) { return x > least ? x : least; }

struct Lanes {
  double re[W], im[W];
};

inline void load(Lanes &to, const float *from, int n) {
  for (int i = 0; i < W; ++i) {
    const int at = i < n ? i : n - 1;  // lanes beyond the last subcarrier repeat it
    to.re[i] = double(from[2 * at]);
    to.im[i] = double(from[2 * at + 1]);
  }
}

// A block of resource elements: H^H H / N0 (lower triangle), H^H y / N0, and the Gaussians in place of the priors.
template <int L>
struct Block {
  Lanes gram[L][L], matched[L], pull[L], mean[L];
  double precision[L][W], variance[L][W], inverse[L][W];  // inverse: of the variance
};

template <int L>
void correlate(Block<L> &s, const float *y, std::int64_t y_rx, const float *h, std::int64_t h_rx, std::int64_t h_layer,
               std::int64_t n_rx, const float *n0, int n) {
  for (int l = 0; l < L; ++l) {
    for (int m = 0; m <= l; ++m)
      SILLA_LANES s.gram[l][m].re[i] = s.gram[l][m].im[i] = 0.0;
    SILLA_LANES {
      s.matched[l].re[i] = s.matched[l].im[i] = s.pull[l].re[i] = s.pull[l].im[i] = 0.0;
      s.precision[l][i] = 1.0;
    }
  }
  for (std::int64_t r = 0; r < n_rx; ++r) {
    Lanes in, c[L];
    load(in, y + r * y_rx, n);
    for (int l = 0; l < L; ++l) {
      load(c[l], h + r * h_rx + l * h_layer, n);
      SILLA_LANES {
        s.matched[l].re[i] += c[l].re[i] * in.re[i] + c[l].im[i] * in.im[i];
        s.matched[l].im[i] += c[l].re[i] * in.im[i] - c[l].im[i] * in.re[i];
      }
      for (int m = 0; m <= l; ++m)  // conj(h_l) h_m
        SILLA_LANES {
          s.gram[l][m].re[i] += c[l].re[i] * c[m].re[i] + c[l].im[i] * c[m].im[i];
          s.gram[l][m].im[i] += c[l].re[i] * c[m].im[i] - c[l].im[i] * c[m].re[i];
        }
    }
  }
  double scale[W];
  SILLA_LANES scale[i] = 1.0 / double(n0[i]);
  for (int l = 0; l < L; ++l) {
    SILLA_LANES {
      s.matched[l].re[i] *= scale[i];
      s.matched[l].im[i] *= scale[i];
    }
    for (int m = 0; m <= l; ++m)
      SILLA_LANES {
        s.gram[l][m].re[i] *= scale[i];
        s.gram[l][m].im[i] *= scale[i];
      }
  }
}

// Mean and variance of each layer with its own Gaussian divided out. A = gram + diag(precision) = K D K^H, K unit lower
// triangular; then K is replaced by its inverse.
template <int L>
void cavity(Block<L> &s) {
  Lanes k[L][L], inverse[L][L], z[L];
  double pivot[L][W], d[L][W];  // D and its inverse
  for (int l = 0; l < L; ++l) {
    SILLA_LANES pivot[l][i] = s.gram[l][l].re[i] + s.precision[l][i];
    for (int m = 0; m < l; ++m) {
      SILLA_LANES {
        k[l][m].re[i] = s.gram[l][m].re[i];
        k[l][m].im[i] = s.gram[l][m].im[i];
      }
      for (int j = 0; j < m; ++j)
        SILLA_LANES {  // k[l][j] D_j conj(k[m][j])
          const double re = k[l][j].re[i] * pivot[j][i], im = k[l][j].im[i] * pivot[j][i];
          k[l][m].re[i] -= re * k[m][j].re[i] + im * k[m][j].im[i];
          k[l][m].im[i] -= im * k[m][j].re[i] - re * k[m][j].im[i];
        }
      SILLA_LANES {
        const double re = k[l][m].re[i], im = k[l][m].im[i];
        pivot[l][i] -= (re * re + im * im) * d[m][i];
        k[l][m].re[i] = re * d[m][i];
        k[l][m].im[i] = im * d[m][i];
      }
    }
    SILLA_LANES {
      pivot[l][i] = above(pivot[l][i], 1e-300);
      d[l][i] = 1.0 / pivot[l][i];
    }
  }
  for (int l = 0; l < L; ++l)
    for (int m = 0; m < l; ++m) {
      SILLA_LANES {
        inverse[l][m].re[i] = -k[l][m].re[i];
        inverse[l][m].im[i] = -k[l][m].im[i];
      }
      for (int j = m + 1; j < l; ++j)
        SILLA_LANES {
          inverse[l][m].re[i] -= k[l][j].re[i] * inverse[j][m].re[i] - k[l][j].im[i] * inverse[j][m].im[i];
          inverse[l][m].im[i] -= k[l][j].re[i] * inverse[j][m].im[i] + k[l][j].im[i] * inverse[j][m].re[i];
        }
    }
  for (int l = 0; l < L; ++l) {  // D^-1 K^-1 (matched + pull)
    SILLA_LANES {
      z[l].re[i] = s.matched[l].re[i] + s.pull[l].re[i];
      z[l].im[i] = s.matched[l].im[i] + s.pull[l].im[i];
    }
    for (int m = 0; m < l; ++m)
      SILLA_LANES {
        const double re = s.matched[m].re[i] + s.pull[m].re[i], im = s.matched[m].im[i] + s.pull[m].im[i];
        z[l].re[i] += inverse[l][m].re[i] * re - inverse[l][m].im[i] * im;
        z[l].im[i] += inverse[l][m].re[i] * im + inverse[l][m].im[i] * re;
      }
    SILLA_LANES {
      z[l].re[i] *= d[l][i];
      z[l].im[i] *= d[l][i];
    }
  }
  for (int l = 0; l < L; ++l) {  // K^-H: row l gathers conj(inverse[j][l]) from the later j
    Lanes whole = z[l];
    double own[W];
    SILLA_LANES own[i] = d[l][i];
    for (int j = l + 1; j < L; ++j)
      SILLA_LANES {
        const double re = inverse[j][l].re[i], im = inverse[j][l].im[i];
        whole.re[i] += re * z[j].re[i] + im * z[j].im[i];
        whole.im[i] += re * z[j].im[i] - im * z[j].re[i];
        own[i] += (re * re + im * im) * d[j][i];
      }
    SILLA_LANES {
      const double grown = 1.0 / above(1.0 - own[i] * s.precision[l][i], 1e-9);  // variance / own
      const double v = above(own[i] * grown, 1e-12);
      s.variance[l][i] = v;
      s.inverse[l][i] = 1.0 / v;
      s.mean[l].re[i] = grown * whole.re[i] - v * s.pull[l].re[i];
      s.mean[l].im[i] = grown * whole.im[i] - v * s.pull[l].im[i];
    }
  }
}

// Mean and variance of one axis of a symbol that was observed with Gaussian noise of variance v / 2.
inline void moments(const double *mean, const double *inverse, const double *levels, int n_levels, double *first,
                    double *spread) {
  float away[max_levels][W];
  double least[W];
  SILLA_LANES least[i] = 1e300;
  for (int k = 0; k < n_levels; ++k)
    SILLA_LANES {
      const double gap = mean[i] - levels[k], metric = gap * gap;
      least[i] = metric < least[i] ? metric : least[i];
    }
  float total[W], sum[W];
  SILLA_LANES total[i] = sum[i] = 0.0f;
  for (int k = 0; k < n_levels; ++k) {
    const float level = float(levels[k]);
    float exponent[W];
    SILLA_LANES {
      const double gap = mean[i] - levels[k];
      exponent[i] = float((least[i] - gap * gap) * inverse[i]);
    }
    SILLA_LANES {
      const float weight = exp_below_one(exponent[i]);
      away[k][i] = weight;
      total[i] += weight;
      sum[i] += weight * level;
    }
  }
  float middle[W], square[W];
  SILLA_LANES {
    middle[i] = sum[i] / total[i];
    square[i] = 0.0f;
  }
  for (int k = 0; k < n_levels; ++k) {
    const float level = float(levels[k]);
    SILLA_LANES {
      const float gap = level - middle[i];
      square[i] += away[k][i] * gap * gap;
    }
  }
  SILLA_LANES {
    first[i] = double(middle[i]);
    spread[i] += double(square[i] / total[i]);
  }
}

template <int L>
void refine(Block<L> &s, const double *levels, int n_levels, double damping) {
  for (int l = 0; l < L; ++l) {
    Lanes tilted;
    double spread[W];
    SILLA_LANES spread[i] = 0.0;
    moments(s.mean[l].re, s.inverse[l], levels, n_levels, tilted.re, spread);
    moments(s.mean[l].im, s.inverse[l], levels, n_levels, tilted.im, spread);
    SILLA_LANES {
      const double inner = 1.0 / above(spread[i], least_spread), outer = s.inverse[l][i];
      const double precision = inner - outer;
      const double step = precision > 0.0 ? damping : 0.0;  // a negative precision is not taken over
      s.pull[l].re[i] += step * (tilted.re[i] * inner - s.mean[l].re[i] * outer - s.pull[l].re[i]);
      s.pull[l].im[i] += step * (tilted.im[i] * inner - s.mean[l].im[i] * outer - s.pull[l].im[i]);
      s.precision[l][i] += step * (precision - s.precision[l][i]);
    }
  }
}

template <int L>
void rows(const Grid &g, const float *y, const float *h, const float *noise, const double *levels, int n_levels,
          int iterations, double damping, float *x, float *v) {
  const std::int64_t f = g.n_subcarriers, t_f = g.n_symbols * f, h_layer = g.h_symbols * f * 2;
  Block<L> s;
  for (std::int64_t b = 0; b < g.n_batch; ++b)
    for (std::int64_t t = 0; t < g.n_symbols; ++t) {
      const float *from = y + (b * g.n_rx * t_f + t * f) * 2;
      const float *through = h + b * g.n_rx * L * h_layer + (g.h_symbols > 1 ? t * f * 2 : 0);
      const float *n0 = noise + ((g.noise_batch > 1 ? b : 0) * g.noise_symbols + (g.noise_symbols > 1 ? t : 0)) *
                                    g.noise_subcarriers;
      for (std::int64_t c = 0; c < f; c += W) {
        const int n = f - c < W ? int(f - c) : W;
        float level[W];
        SILLA_LANES level[i] = n0[g.noise_subcarriers > 1 ? c + (i < n ? i : 0) : 0];
        correlate<L>(s, from + 2 * c, t_f * 2, through + 2 * c, L * h_layer, h_layer, g.n_rx, level, n);
        for (int round = 0; round < iterations; ++round) {
          cavity<L>(s);
          refine<L>(s, levels, n_levels, damping);
        }
        cavity<L>(s);
        for (int l = 0; l < L; ++l) {
          const std::int64_t to = (b * L + l) * t_f + t * f + c;
          for (int i = 0; i < n; ++i) {
            x[2 * (to + i)] = float(s.mean[l].re[i]);
            x[2 * (to + i) + 1] = float(s.mean[l].im[i]);
            v[to + i] = float(s.variance[l][i]);
          }
        }
      }
    }
}

}  // namespace

bool ep_detect(const Grid &grid, const float *y, const float *h, const float *noise, const double *levels, int n_levels,
               int iterations, double damping, float *symbols, float *variance) {
  if (n_levels < 1 || n_levels > max_levels) return false;
  switch (grid.n_layers) {
#define SILLA_CASE(l) \
  case l: rows<l>(grid, y, h, noise, levels, n_levels, iterations, damping, symbols, variance); return true
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
