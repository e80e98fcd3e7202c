#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Xyz = in<double, nb::shape<-1, 3>>;
using Offsets = in<std::int64_t, nb::ndim<1>>;
using Ids = in<std::int32_t, nb::ndim<1>>;

static Points points(const Xyz &xyz, const Offsets &own_offset, const Ids &own) {
  const std::size_t n = xyz.shape(0);
  if (own_offset.shape(0) != n + 1 || own_offset.data()[0] != 0 || std::size_t(own_offset.data()[n]) != own.shape(0))
    throw std::invalid_argument("own_offset must have one entry more than there are points and end at the length of own");
  return {std::int64_t(n), xyz.data(), own_offset.data(), own.data()};
}

void bind_obstruction(nb::module_ &m) {
  m.def(
      "los",
      [](double x0, double y0, double cell, std::int64_t nx, std::int64_t ny, const Offsets &offset,
         const in<double, nb::ndim<1>> &cell_top, const in<double, nb::shape<-1, 2>> &a,
         const in<double, nb::shape<-1, 2>> &b, const in<double, nb::ndim<1>> &roof, const Ids &building,
         const Xyz &tx_xyz, const Offsets &tx_own_offset, const Ids &tx_own, const Xyz &rx_xyz,
         const Offsets &rx_own_offset, const Ids &rx_own, bool pairs) {
        const std::size_t walls = a.shape(0), cells = std::size_t(nx * ny);
        if (nx < 1 || ny < 1 || !(cell > 0.0) || offset.shape(0) != cells + 1 || cell_top.shape(0) != cells ||
            std::size_t(offset.data()[cells]) != walls || b.shape(0) != walls || roof.shape(0) != walls ||
            building.shape(0) != walls)
          throw std::invalid_argument("the arrays of the wall grid do not fit one another");
        const Points tx = points(tx_xyz, tx_own_offset, tx_own), rx = points(rx_xyz, rx_own_offset, rx_own);
        if (pairs && tx.n != rx.n) throw std::invalid_argument("pairs need as many receivers as transmitters");
        WallGrid grid{x0, y0, cell, nx, ny, -1e300, offset.data(), cell_top.data(),
                      a.data(), b.data(), roof.data(), building.data()};
        for (std::size_t c = 0; c < cells; ++c)
          if (grid.cell_top[c] > grid.highest) grid.highest = grid.cell_top[c];
        const std::size_t n_tx = std::size_t(tx.n), n_rx = pairs ? 1 : std::size_t(rx.n);
        bool *result = new bool[n_tx * n_rx];
        static_assert(sizeof(bool) == 1);
        {
          nb::gil_scoped_release unlocked;
          table().los(grid, tx, rx, pairs, reinterpret_cast<std::uint8_t *>(result));
        }
        return make_array<bool>(result, {n_tx, n_rx});
      },
      "x0"_a, "y0"_a, "cell"_a, "nx"_a, "ny"_a, "offset"_a, "cell_top"_a, "a"_a, "b"_a, "roof"_a, "building"_a, "tx_xyz"_a,
      "tx_own_offset"_a, "tx_own"_a, "rx_xyz"_a, "rx_own_offset"_a, "rx_own"_a, "pairs"_a,
      "Line of sight [n_tx, n_rx] (with pairs [n, 1]) through walls sorted by grid cell.");
}

}  // namespace silla
