// Passes over a matrix of gains [n_users, n_cells]: the strongest cell, and sums over cells or users. Single precision in,
// double precision sums, so that a weak remainder survives the subtraction of a strong own cell.
#pragma once
#include <cstdint>

namespace silla {

// index[u] = the first cell with the greatest gain[u][c] * weight[c]; 0 without cells or where all are NaN
using strongest_fn = void(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight,
                          std::int64_t *index);
// sum[u] = sum over c of gain[u][c] * weight[c]
using weigh_cells_fn = void(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight, double *sum);
// sum[c] = sum over u of gain[u][c] * weight[u]
using weigh_users_fn = void(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight, double *sum);

#define SILLA_DECLARE(isa)      \
  namespace isa {               \
  strongest_fn strongest;       \
  weigh_cells_fn weigh_cells;   \
  weigh_users_fn weigh_users;   \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
