// Large-scale gain of every user and cell: line of sight, path loss, shadowing, penetration, antenna pattern.
#pragma once
#include <cstdint>

namespace silla {

// Environment codes: 3GPP TR 38.901, and street cells at 100 to 325 GHz (close-in model); a caller with others must not come here.
enum Environment { rma, uma, umi, inh_open, inh_mixed, inf_sl, inf_dl, inf_sh, inf_dh, inf_hh, sma, subthz_umi, n_environments };

struct CouplingInput {
  std::int64_t n_users, n_sites, n_cells, n_patterns, n_zenith, n_azimuth, n_wrap;
  const double *user_xyz;            // [n_users, 3] m
  const bool *user_indoor;           // [n_users]
  const double *user_d2d_in;         // [n_users] m
  const double *user_loss;           // [n_users] dB
  const double *site_xyz;            // [n_sites, 3] m
  const std::int32_t *site_env;      // [n_sites]
  const std::int64_t *site_first;    // [n_sites + 1] where each site's cells start in site_cells
  const std::int64_t *site_cells;    // [n_cells] cells sorted by site
  const double *cell_azimuth;        // [n_cells] rad
  const double *cell_downtilt;       // [n_cells] rad
  const std::int32_t *cell_pattern;  // [n_cells]
  const std::int32_t *cell_pattern_2;  // [n_cells], or null
  const float *patterns;             // [n_patterns, n_zenith, n_azimuth] dBi
  const float *los_uniform;          // [n_users, n_sites]
  const float *shadow_normal;        // [n_users, n_sites]
  const bool *los_given;             // [n_users, n_sites], or null
  const double *wrap;                // [n_wrap, 2] m
  double frequency_ghz, gas_db_per_m;
  bool tr38900;  // the older UMa line-of-sight formula
  double street_width, building_height, clutter_density, clutter_size, clutter_height, vegetation_density;
};

struct CouplingOutput {
  float *gain;    // [n_users, n_cells] linear
  float *gain_2;  // the same with cell_pattern_2, or null
  bool *los;      // [n_users, n_sites]
};

using coupling_fn = void(const CouplingInput &, const CouplingOutput &);

namespace baseline { coupling_fn coupling; }
namespace avx2 { coupling_fn coupling; }
namespace avx512 { coupling_fn coupling; }

}  // namespace silla
