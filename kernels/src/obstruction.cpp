// One ray: walk the cells of the wall grid from its lower end upwards (that is where the walls are) and stop at the first
// wall that it hits. Nothing here uses a standard-library template: a copy compiled for a wide instruction set could be the
// one that the linker keeps for all of them.
#include "obstruction.h"

#include <math.h>

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr double touch_m = 1e-6;   // a wall this close to an end of the ray is touched, not crossed
constexpr double margin_m = 1e-3;  // by which a wall is entered into neighbouring cells as well

struct Ray {
  double px, py, pz, dx, dy, dz;  // from the end that is first by (x, y, z), so that both directions round alike
  double inverse, touch;          // 1/|d|^2, and touch_m as a fraction of the plan length
  bool rising;                    // the first end is the lower one
};

bool owns(const Points &points, std::int64_t i, std::int32_t building) {
  for (std::int64_t k = points.own_offset[i]; k < points.own_offset[i + 1]; ++k)
    if (points.own[k] == building) return true;
  return false;
}

Ray make_ray(const double *p, const double *q) {
  const bool swap = q[0] < p[0] || (q[0] == p[0] && (q[1] < p[1] || (q[1] == p[1] && q[2] < p[2])));
  if (swap) {
    const double *r = p;
    p = q;
    q = r;
  }
  Ray ray{p[0], p[1], p[2], q[0] - p[0], q[1] - p[1], q[2] - p[2], 0.0, 0.0, p[2] <= q[2]};
  const double length2 = ray.dx * ray.dx + ray.dy * ray.dy;
  if (length2 > 0.0) {
    ray.inverse = 1.0 / length2;
    ray.touch = touch_m / sqrt(length2);
  }
  return ray;
}

// Bits: 1 the ray's left half hits the wall, 2 its right half. A wall seen edge-on or a corner touches one half only.
inline unsigned hit(const Ray &ray, const double *a, const double *b, double roof) {
  const double ax = a[0] - ray.px, ay = a[1] - ray.py, bx = b[0] - ray.px, by = b[1] - ray.py;
  const double sa = ray.dx * ay - ray.dy * ax, sb = ray.dx * by - ray.dy * bx;
  const unsigned halves = unsigned((sa >= 0.0) != (sb >= 0.0)) | (unsigned((sa > 0.0) != (sb > 0.0)) << 1);
  if (halves == 0) return 0;
  const double ta = (ax * ray.dx + ay * ray.dy) * ray.inverse, tb = (bx * ray.dx + by * ray.dy) * ray.inverse;
  const double t = ta + sa / (sa - sb) * (tb - ta);
  return t > ray.touch && t < 1.0 - ray.touch && ray.pz + t * ray.dz < roof ? halves : 0;
}

// Narrows [w0, w1] to the part of the walk o + w*d between low and high.
bool clip(double o, double d, double low, double high, double &w0, double &w1) {
  if (d == 0.0) return o >= low && o <= high;
  const double u = (low - o) / d, v = (high - o) / d;
  const double enter = u < v ? u : v, leave = u < v ? v : u;
  if (enter > w0) w0 = enter;
  if (leave < w1) w1 = leave;
  return w0 <= w1;
}

std::int64_t cell_of(double position, double inverse_cell, std::int64_t n) {
  const std::int64_t i = std::int64_t(position * inverse_cell);
  return i < 0 ? 0 : (i >= n ? n - 1 : i);
}

bool clear(const WallGrid &g, const Ray &ray, const Points &tx, std::int64_t i, const Points &rx, std::int64_t j) {
  if (ray.inverse == 0.0) return true;
  // The walk starts at the lower end: position o + w*d, height z + w*climb, w from 0 to 1.
  const double ox = (ray.rising ? ray.px : ray.px + ray.dx) - g.x0, oy = (ray.rising ? ray.py : ray.py + ray.dy) - g.y0;
  const double dx = ray.rising ? ray.dx : -ray.dx, dy = ray.rising ? ray.dy : -ray.dy;
  const double climb = fabs(ray.dz), z = ray.rising ? ray.pz : ray.pz + ray.dz;
  double w0 = 0.0, w1 = 1.0;
  if (!clip(ox, dx, 0.0, g.cell * double(g.nx), w0, w1) || !clip(oy, dy, 0.0, g.cell * double(g.ny), w0, w1)) return true;

  const double inverse_cell = 1.0 / g.cell, far = 1e300;
  std::int64_t ix = cell_of(ox + w0 * dx, inverse_cell, g.nx), iy = cell_of(oy + w0 * dy, inverse_cell, g.ny);
  const std::int64_t step_x = dx > 0.0 ? 1 : -1, step_y = dy > 0.0 ? 1 : -1;
  const double stride_x = dx != 0.0 ? g.cell / fabs(dx) : far, stride_y = dy != 0.0 ? g.cell / fabs(dy) : far;
  double next_x = dx != 0.0 ? (double(ix + (dx > 0.0)) * g.cell - ox) / dx : far;
  double next_y = dy != 0.0 ? (double(iy + (dy > 0.0)) * g.cell - oy) / dy : far;
  const double slack = climb * margin_m / touch_m * ray.touch + 1e-9;  // height gained over the margin
  unsigned halves = 0;
  for (double w = w0;;) {
    const double lowest = z + w * climb - slack;
    if (lowest >= g.highest) return true;
    const std::int64_t c = iy * g.nx + ix;
    if (lowest < g.cell_top[c])
      for (std::int64_t e = g.offset[c]; e < g.offset[c + 1]; ++e) {
        const unsigned h = hit(ray, g.a + 2 * e, g.b + 2 * e, g.roof[e]);
        if (h && !owns(rx, j, g.building[e]) && !owns(tx, i, g.building[e])) halves |= h;
        if (halves == 3) return false;
      }
    if (next_x < next_y) {
      w = next_x;
      next_x += stride_x;
      ix += step_x;
    } else {
      w = next_y;
      next_y += stride_y;
      iy += step_y;
    }
    if (w > w1 || ix < 0 || iy < 0 || ix >= g.nx || iy >= g.ny) return true;
  }
}

}  // namespace

void los(const WallGrid &g, const Points &tx, const Points &rx, bool pairs, std::uint8_t *out) {
  for (std::int64_t i = 0; i < tx.n; ++i) {
    if (pairs) {
      out[i] = clear(g, make_ray(tx.xyz + 3 * i, rx.xyz + 3 * i), tx, i, rx, i);
      continue;
    }
    for (std::int64_t j = 0; j < rx.n; ++j)
      out[i * rx.n + j] = clear(g, make_ray(tx.xyz + 3 * i, rx.xyz + 3 * j), tx, i, rx, j);
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
