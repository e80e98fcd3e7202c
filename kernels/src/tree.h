// Tree search for integer least squares: min over x of |y - H x|^2, every x_j one of `n_levels` given amplitudes.
#pragma once
#include <cstdint>

namespace silla {

struct TreeInput {
  std::int64_t n_problems;
  std::int32_t m, n;          // H is [m, n], m >= n
  const double *h, *y;        // [n_problems, m, n], [n_problems, m]
  std::int32_t n_levels;      // 2 .. 64
  const float *level;         // [n_levels] amplitudes, increasing
  std::int32_t k;             // paths kept
};

struct KBestOutput {
  std::int8_t *index;  // [n_problems, k, n] levels of each path, best first
  float *metric;       // [n_problems, k] |y - H x|^2; infinite where there are fewer than k paths
};

struct SphereOutput {
  std::int8_t *index;   // [n_problems, n]
  double *metric;       // [n_problems]
  std::int64_t *nodes;  // [n_problems] visited
  bool *proven;         // [n_problems] the search ended before `max_nodes`
};

using k_best_fn = void(const TreeInput &, const KBestOutput &);
using sphere_fn = void(const TreeInput &, std::int64_t max_nodes, const SphereOutput &);

#define SILLA_TREE k_best_fn k_best; sphere_fn sphere;
namespace baseline { SILLA_TREE }
namespace avx2 { SILLA_TREE }
namespace avx512 { SILLA_TREE }
#undef SILLA_TREE

}  // namespace silla
