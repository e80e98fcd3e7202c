#include "bind_grid.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_ep(nb::module_ &m) {
  m.def(
      "ep_detect",
      [](const received_array &y, const channel_array &h, const noise_array &noise, const in<double, nb::ndim<1>> &levels,
         int iterations, double damping) {
        const Grid grid = grid_of(y, h, noise);
        return detected(grid, "more than 8 layers or 64 levels", [&](float *symbols, float *variance) {
          return table().ep_detect(grid, y.data(), h.data(), noise.data(), levels.data(), int(levels.shape(0)), iterations,
                                   damping, symbols, variance);
        });
      },
      "y"_a, "h"_a, "noise"_a, "levels"_a, "iterations"_a, "damping"_a,
      "Symbols and noise variances of expectation propagation's cavity distributions; complex numbers as pairs of floats.");
}

}  // namespace silla
