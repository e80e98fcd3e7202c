#include "bind_grid.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_equalise(nb::module_ &m) {
  m.def(
      "lmmse_detect",
      [](const received_array &y, const channel_array &h, const noise_array &noise) {
        const Grid grid = grid_of(y, h, noise);
        return detected(grid, "more than eight layers", [&](float *symbols, float *variance) {
          return table().lmmse_detect(grid, y.data(), h.data(), noise.data(), symbols, variance);
        });
      },
      "y"_a, "h"_a, "noise"_a, "Unbiased LMMSE symbols and their noise variance; complex numbers as pairs of floats.");
}

}  // namespace silla
