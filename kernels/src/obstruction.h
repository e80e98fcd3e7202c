// 2.5-D line of sight through building prisms on a uniform grid of wall edges.
#pragma once
#include <cstdint>

namespace silla {

// Walls sorted by grid cell: entries offset[c] .. offset[c+1] of the arrays a, b, roof, building belong to cell c = iy*nx + ix.
// A wall stands in every cell that it comes within a millimetre of.
struct WallGrid {
  double x0, y0, cell;  // corner and side of the square cells, m
  std::int64_t nx, ny;
  double highest;              // highest roof, m
  const std::int64_t *offset;  // [nx*ny + 1]
  const double *cell_top;      // [nx*ny] highest roof with a wall in the cell, m
  const double *a, *b;         // [n, 2] end points of each wall, m
  const double *roof;          // [n] m
  const std::int32_t *building;
};

// Points with the buildings that do not count for them: ids own[own_offset[i]] .. own[own_offset[i+1]].
struct Points {
  std::int64_t n;
  const double *xyz;  // [n, 3] m
  const std::int64_t *own_offset;
  const std::int32_t *own;
};

// out[i*rx.n + j] = 1 when no building stands between tx i and rx j; with pairs, out[i] for tx i and rx i.
using los_fn = void(const WallGrid &, const Points &tx, const Points &rx, bool pairs, std::uint8_t *out);

namespace baseline { los_fn los; }
namespace avx2 { los_fn los; }
namespace avx512 { los_fn los; }

}  // namespace silla
