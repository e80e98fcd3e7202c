// Users are handled in blocks, one site and then one cell at a time, so that every inner loop runs over users with the same
// formula. Formulas: TR 38.901 Tables 7.4.1-1 and 7.4.2-1; those of silla's NumPy twin, in single precision.
#include "coupling.h"

#include <math.h>

#include "vector_math.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int block = 128;
constexpr float log10_2 = 0.301029995663981f;  // log10(x) = log10_2 * log2(x)
constexpr double log10_free_space = 1.62208860930243;  // log10(4 pi 1e9 / 3e8), the standard's rounded speed of light

struct Users {  // of one block, the last one repeated to fill it
  double x[block], y[block];
  float z[block], inside[block], loss[block];
  std::int32_t indoor[block];
};

struct Links {  // from one site to the users of a block
  float dx[block], dy[block], dz[block], d2[block];
  float uniform[block], normal[block], loss[block];
  std::int32_t los[block];
};

struct Constants {  // of a whole call
  float lf, f, gas, bp_per_m2;        // log10(f/GHz), f/GHz, dB/m, breakpoint factor 4f/c or 2 pi f/c
  float w, h, clutter_k, clutter_height, trees;  // trees: -log(1 - share of ground under trees)
  bool tr38900;
};

inline float log10_f(float x) { return log10_2 * log2_f(x); }

// C(d, h_UT) of Table 7.4.1-1 Note 1.
inline float height_factor(float d, float h) {
  const float t = max_f((h - 13.0f) * 0.1f, 0.0f), s = d * 0.01f;
  const float g = 1.25f * s * s * s * exp_f(d * (-1.0f / 150.0f));
  return t * sqrtf(t) * (d > 18.0f ? g : 0.0f);
}

inline float street(float d, float scale) {
  const float near = 18.0f / max_f(d, 18.0f), decay = exp_f(-d / scale);
  return near + decay * (1.0f - near);
}

template <int env>
inline float los_probability(float d, float hs, float hu, const Constants &k) {
  if constexpr (env == umi || env == subthz_umi) return street(d, 36.0f);
  if constexpr (env == uma) return min_f(street(d, 63.0f) * (1.0f + height_factor(d, hu)), 1.0f);
  if constexpr (env == rma) return exp_f(-max_f(d - 10.0f, 0.0f) * 1e-3f);
  if constexpr (env == sma) {  // clutter of 2 % at 20 m, 18 % at 8 m, trees at 15 m, 30 m wide
    const float seen = 0.0202027073f * max_f(20.0f - hu, 0.0f) + 0.198450939f * max_f(8.0f - hu, 0.0f) +
                       k.trees * max_f(15.0f - hu, 0.0f);
    const float p = exp_f(-d * seen / (30.0f * (hs - hu)));
    return d <= 10.0f ? 1.0f : p;
  }
  if constexpr (env == inh_open) {
    const float far = d <= 49.0f ? exp_f((d - 5.0f) * (-1.0f / 70.8f)) : 0.54f * exp_f((d - 49.0f) * (-1.0f / 211.7f));
    return d <= 5.0f ? 1.0f : far;
  }
  if constexpr (env == inh_mixed) {
    const float far = d < 6.5f ? exp_f((d - 1.2f) * (-1.0f / 4.7f)) : 0.32f * exp_f((d - 6.5f) * (-1.0f / 32.6f));
    return d <= 1.2f ? 1.0f : far;
  }
  if constexpr (env == inf_hh) return 1.0f;
  if constexpr (env == inf_sh || env == inf_dh) return exp_f(-d * (k.clutter_height - hu) / (k.clutter_k * (hs - hu)));
  return exp_f(-d / k.clutter_k);
}

// h_E of UMa: 1 m, or one of 12, 15, .. h_UT - 1.5, chosen by what is left of the uniform draw (Table 7.4.1-1 Note 1).
inline float environment_height(float d, float h, float u) {
  const float p = 1.0f / (1.0f + height_factor(d, h));
  const float n = max_f(floorf((h - 13.5f) * (1.0f / 3.0f)) + 1.0f, 1.0f);
  const float rest = (u - p) / max_f(1.0f - p, 1e-30f);
  const float index = min_f(max_f(floorf(rest * n), 0.0f), n - 1.0f);
  return u < p ? 1.0f : 12.0f + 3.0f * index;
}

struct Loss {
  float los, nlos, sigma_los, sigma_nlos;
};

inline float two_slope(float d2, float l3, float dh, float bp, float lf, float a, float b, float c) {
  const float near = a + b * l3 + 20.0f * lf;
  const float far = a + 40.0f * l3 + 20.0f * lf - c * log10_f(bp * bp + dh * dh);
  return d2 <= bp ? near : far;
}

inline float rma_near(float d, float ld, const Constants &k, float a, float b, float lh) {
  return 20.0f * (log10_f(float(40.0 * M_PI / 3.0) * k.f) + ld) + a * ld - b + 0.002f * lh * d;
}

// Median path loss and shadow-fading spread, dB; l3 = log10 of the 3D distance.
template <int env>
inline Loss path_loss(float d2, float d3, float l3, float hs, float hu, float he, const Constants &k) {
  const float lf = k.lf;
  if constexpr (env == uma) {
    const float bp = k.bp_per_m2 * (hs - he) * (hu - he);
    const float los = k.tr38900 ? two_slope(d2, l3, hs - hu, bp, lf, 32.4f, 20.0f, 10.0f)
                                : two_slope(d2, l3, hs - hu, bp, lf, 28.0f, 22.0f, 9.0f);
    const float nlos = 13.54f + 39.08f * l3 + 20.0f * lf - 0.6f * (hu - 1.5f);
    return {los, max_f(los, nlos), 4.0f, 6.0f};
  }
  if constexpr (env == umi) {
    const float bp = k.bp_per_m2 * (hs - 1.0f) * (hu - 1.0f);
    const float los = two_slope(d2, l3, hs - hu, bp, lf, 32.4f, 21.0f, 9.5f);
    const float nlos = 22.4f + 35.3f * l3 + 21.3f * lf - 0.3f * (hu - 1.5f);
    return {los, max_f(los, nlos), 4.0f, 7.82f};
  }
  if constexpr (env == subthz_umi) {
    const float metre = 20.0f * (lf + float(log10_free_space));
    return {metre + 20.0f * l3, metre + 29.0f * l3, 2.6f, 8.2f};
  }
  if constexpr (env == rma || env == sma) {
    const float lh = log10_f(k.h), h172 = exp2_f(1.72f * log2_f(k.h)), lhs = log10_f(hs), l1175 = log10_f(11.75f * hu);
    const float a = min_f(0.03f * h172, 10.0f), b = min_f(0.044f * h172, 14.77f);
    const float bp = k.bp_per_m2 * hs * hu, lbp = log10_f(bp);
    const float far = rma_near(bp, lbp, k, a, b, lh) + 40.0f * (l3 - lbp), ratio = k.h / hs;
    const float los = d2 <= bp ? rma_near(d3, l3, k, a, b, lh) : far;
    const float nlos = 161.04f - 7.1f * log10_f(k.w) + 7.5f * lh - (24.37f - 3.7f * ratio * ratio) * lhs +
                       (43.42f - 3.1f * lhs) * (l3 - 3.0f) + 20.0f * lf - (3.2f * l1175 * l1175 - 4.97f);
    return {los, max_f(los, nlos), d2 <= bp ? 4.0f : 6.0f, 8.0f};
  }
  if constexpr (env == inh_open || env == inh_mixed) {
    const float los = 32.4f + 17.3f * l3 + 20.0f * lf, nlos = 17.3f + 38.3f * l3 + 24.9f * lf;
    return {los, max_f(los, nlos), 3.0f, 8.03f};
  }
  const float los = 31.84f + 21.5f * l3 + 19.0f * lf, sparse_low = 33.0f + 25.5f * l3 + 20.0f * lf;
  if constexpr (env == inf_sl) return {los, max_f(los, sparse_low), 4.3f, 5.7f};
  if constexpr (env == inf_dl) return {los, max_f(max_f(los, sparse_low), 18.6f + 35.7f * l3 + 20.0f * lf), 4.3f, 7.2f};
  if constexpr (env == inf_sh) return {los, max_f(los, 32.4f + 23.0f * l3 + 20.0f * lf), 4.3f, 5.9f};
  if constexpr (env == inf_dh) return {los, max_f(los, 33.63f + 21.9f * l3 + 20.0f * lf), 4.3f, 4.0f};
  return {los, los, 4.3f, 4.3f};
}

// Fills loss (path loss, shadowing, penetration, gas) and, unless given, los.
template <int env>
void site_links(const Users &u, const Constants &k, float hs, bool given, Links &l) {
  constexpr bool indoor_site = env >= inh_open && env <= inf_hh, macro = env == rma || env == sma;
  constexpr float sigma_into = macro ? 8.0f : env == subthz_umi ? 8.2f : 7.0f;
  constexpr float nearest = env == subthz_umi ? 1.0f : 10.0f;
  for (int i = 0; i < block; ++i) {
    const float hu = u.z[i], dh = hs - hu, raw = l.d2[i], draw = l.uniform[i];
    const float least = indoor_site ? sqrtf(max_f(1.0f - dh * dh, 0.0f)) : nearest;
    const float d2 = max_f(raw, least), d_out = indoor_site ? d2 : max_f(raw - u.inside[i], 0.0f);
    const float p = los_probability<env>(d_out, hs, hu, k);
    const std::int32_t los = given ? l.los[i] : std::int32_t(draw < p);
    const float left = los ? draw / max_f(p, 1e-30f) : (draw - p) / max_f(1.0f - p, 1e-12f);
    const float he = env == uma ? environment_height(d2, hu, given ? draw : left) : 1.0f;
    const float square = d2 * d2 + dh * dh, l3 = 0.5f * log10_f(square);
    const Loss loss = path_loss<env>(d2, macro ? sqrtf(square) : 0.0f, l3, hs, hu, he, k);
    float sigma = los ? loss.sigma_los : loss.sigma_nlos;
    if (!indoor_site) sigma = u.indoor[i] ? sigma_into : sigma;
    const float gas = k.gas * sqrtf(raw * raw + dh * dh);
    l.loss[i] = (los ? loss.los : loss.nlos) - sigma * l.normal[i] + gas + (indoor_site ? 0.0f : u.loss[i]);
    l.los[i] = los;
  }
}

void site_links(int env, const Users &u, Constants k, double hs, bool given, Links &l) {
  constexpr double c = 3.0e8;  // the standard's rounded speed of light
  k.bp_per_m2 = float((env == rma || env == sma ? 2.0 * M_PI : 4.0) * 1e9 / c) * k.f;
  if (env == sma) k.w = k.h = 10.0f;
  switch (env) {
#define SILLA_CASE(e) case e: site_links<e>(u, k, float(hs), given, l); break
    SILLA_CASE(rma);
    SILLA_CASE(uma);
    SILLA_CASE(umi);
    SILLA_CASE(inh_open);
    SILLA_CASE(inh_mixed);
    SILLA_CASE(inf_sl);
    SILLA_CASE(inf_dl);
    SILLA_CASE(inf_sh);
    SILLA_CASE(inf_dh);
    SILLA_CASE(inf_hh);
    SILLA_CASE(sma);
    SILLA_CASE(subthz_umi);
#undef SILLA_CASE
  }
}

// Vectors from the nearest image of the site (double: coordinates may be large, their differences are not).
void geometry(const CouplingInput &in, const Users &u, const double *site, Links &l) {
  double bx[block], by[block], best[block];
  for (int i = 0; i < block; ++i) {
    bx[i] = u.x[i] - site[0];
    by[i] = u.y[i] - site[1];
    best[i] = 1e300;
  }
  for (std::int64_t w = 0; w < in.n_wrap; ++w) {
    const double wx = site[0] + in.wrap[2 * w], wy = site[1] + in.wrap[2 * w + 1];
    for (int i = 0; i < block; ++i) {
      const double x = u.x[i] - wx, y = u.y[i] - wy, square = x * x + y * y;
      const bool closer = square < best[i];
      bx[i] = closer ? x : bx[i];
      by[i] = closer ? y : by[i];
      best[i] = closer ? square : best[i];
    }
  }
  for (int i = 0; i < block; ++i) {
    l.dx[i] = float(bx[i]);
    l.dy[i] = float(by[i]);
    l.dz[i] = u.z[i] - float(site[2]);
    l.d2[i] = float(sqrt(bx[i] * bx[i] + by[i] * by[i]));
  }
}

struct Angles {  // position in a pattern table: row, column and what is left of them
  std::int32_t at[block];
  float row[block], column[block];
};

void angles(const Links &l, double azimuth, double downtilt, std::int32_t rows, std::int32_t columns, Angles &a) {
  const float ca = float(cos(azimuth)), sa = float(sin(azimuth)), cb = float(cos(downtilt)), sb = float(sin(downtilt));
  const float per_row = float((rows - 1) / M_PI), per_column = float((columns - 1) / (2.0 * M_PI));
  const float last_row = float(rows - 1), last_column = float(columns - 1);
  for (int i = 0; i < block; ++i) {
    const float ahead = ca * l.dx[i] + sa * l.dy[i];
    const float x = cb * ahead - sb * l.dz[i], y = ca * l.dy[i] - sa * l.dx[i], z = sb * ahead + cb * l.dz[i];
    const float r = min_f(max_f(atan2_f(sqrtf(x * x + y * y), z) * per_row, 0.0f), last_row);
    const float c = min_f(max_f((atan2_f(y, x) + float(M_PI)) * per_column, 0.0f), last_column);
    std::int32_t ri = std::int32_t(r), ci = std::int32_t(c);
    ri = ri < rows - 2 ? ri : rows - 2;
    ci = ci < columns - 2 ? ci : columns - 2;
    a.at[i] = ri * columns + ci;
    a.row[i] = r - float(ri);
    a.column[i] = c - float(ci);
  }
}

void store_gain(const float *pattern, std::int32_t columns, const Angles &a, const Links &l, int n, float *out,
                std::int64_t stride) {
  constexpr float to_log2 = 0.332192809488736f;  // log2(10) / 10
  float gain[block];
  for (int i = 0; i < block; ++i) {
    const float *p = pattern + a.at[i], *q = p + columns;
    const float upper = p[0] + (p[1] - p[0]) * a.column[i], lower = q[0] + (q[1] - q[0]) * a.column[i];
    gain[i] = upper + (lower - upper) * a.row[i] - l.loss[i];
  }
  for (int i = 0; i < block; ++i) gain[i] = exp2_f(gain[i] * to_log2);
  for (int i = 0; i < n; ++i) out[i * stride] = gain[i];
}

void load_users(const CouplingInput &in, std::int64_t first, int n, Users &u) {
  for (int i = 0; i < block; ++i) {
    const std::int64_t k = first + (i < n ? i : n - 1);
    u.x[i] = in.user_xyz[3 * k];
    u.y[i] = in.user_xyz[3 * k + 1];
    u.z[i] = float(in.user_xyz[3 * k + 2]);
    u.inside[i] = float(in.user_d2d_in[k]);
    u.loss[i] = float(in.user_loss[k]);
    u.indoor[i] = in.user_indoor[k];
  }
}

void load_draws(const CouplingInput &in, std::int64_t first, int n, std::int64_t site, Links &l) {
  for (int i = 0; i < block; ++i) {
    const std::int64_t k = (first + (i < n ? i : n - 1)) * in.n_sites + site;
    l.uniform[i] = in.los_uniform[k];
    l.normal[i] = in.shadow_normal[k];
    l.los[i] = in.los_given ? in.los_given[k] : 0;
  }
}

}  // namespace

void coupling(const CouplingInput &in, const CouplingOutput &out) {
  const Constants k{float(log10(in.frequency_ghz)), float(in.frequency_ghz), float(in.gas_db_per_m), 0.0f,
                    float(in.street_width), float(in.building_height),
                    float(-in.clutter_size / log1p(-in.clutter_density)), float(in.clutter_height),
                    float(-log1p(-in.vegetation_density)), in.tr38900};
  const std::int32_t rows = std::int32_t(in.n_zenith), columns = std::int32_t(in.n_azimuth);
  const std::int64_t table = in.n_zenith * in.n_azimuth;
  Users users;
  Links links;
  Angles at;
  for (std::int64_t first = 0; first < in.n_users; first += block) {
    const int n = int(in.n_users - first < block ? in.n_users - first : block);
    load_users(in, first, n, users);
    for (std::int64_t site = 0; site < in.n_sites; ++site) {
      geometry(in, users, in.site_xyz + 3 * site, links);
      load_draws(in, first, n, site, links);
      site_links(in.site_env[site], users, k, in.site_xyz[3 * site + 2], in.los_given != nullptr, links);
      for (int i = 0; i < n; ++i) out.los[(first + i) * in.n_sites + site] = links.los[i] != 0;
      for (std::int64_t e = in.site_first[site]; e < in.site_first[site + 1]; ++e) {
        const std::int64_t cell = in.site_cells[e], to = first * in.n_cells + cell;
        angles(links, in.cell_azimuth[cell], in.cell_downtilt[cell], rows, columns, at);
        store_gain(in.patterns + table * in.cell_pattern[cell], columns, at, links, n, out.gain + to, in.n_cells);
        if (out.gain_2)
          store_gain(in.patterns + table * in.cell_pattern_2[cell], columns, at, links, n, out.gain_2 + to, in.n_cells);
      }
    }
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
