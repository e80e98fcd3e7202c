#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_equalise(nb::module_ &m) {
  m.def(
      "lmmse_detect",
      [](const in<float, nb::ndim<4>> &y, const in<float, nb::ndim<5>> &h, const in<float, nb::ndim<3>> &noise) {
        const auto size = [](std::size_t n) { return std::int64_t(n); };
        const Grid grid{size(y.shape(0)),     size(y.shape(1)),     size(h.shape(2)),    size(y.shape(2)),
                        size(y.shape(3)) / 2, size(h.shape(3)),     size(noise.shape(0)), size(noise.shape(1)),
                        size(noise.shape(2))};
        const auto either = [](std::int64_t n, std::int64_t whole) { return n == 1 || n == whole; };
        if (h.shape(0) != y.shape(0) || h.shape(1) != y.shape(1) || h.shape(4) != y.shape(3) || y.shape(3) % 2 ||
            !either(grid.h_symbols, grid.n_symbols) || !either(grid.noise_batch, grid.n_batch) ||
            !either(grid.noise_symbols, grid.n_symbols) || !either(grid.noise_subcarriers, grid.n_subcarriers))
          throw std::invalid_argument("the channel or the noise does not fit what was received");
        const std::size_t elements = y.shape(0) * h.shape(2) * y.shape(2) * (y.shape(3) / 2);
        float *symbols = new float[2 * elements], *variance = new float[elements];
        bool done;
        {
          nb::gil_scoped_release unlocked;
          done = table().lmmse_detect(grid, y.data(), h.data(), noise.data(), symbols, variance);
        }
        auto first = make_array<float>(symbols, {y.shape(0), h.shape(2), y.shape(2), y.shape(3)});
        auto second = make_array<float>(variance, {y.shape(0), h.shape(2), y.shape(2), y.shape(3) / 2});
        if (!done) throw std::invalid_argument("more than eight layers");
        return nb::make_tuple(first, second);
      },
      "y"_a, "h"_a, "noise"_a, "Unbiased LMMSE symbols and their noise variance; complex numbers as pairs of floats.");
}

}  // namespace silla
