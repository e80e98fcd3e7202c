#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_qam_search(nb::module_ &m) {
  m.def(
      "qam_search",
      [](const in<float, nb::ndim<4>> &y, const in<float, nb::ndim<5>> &h, const in<float, nb::ndim<3>> &noise,
         const in<float, nb::ndim<1>> &levels, int k, float clip) {
        const auto size = [](std::size_t n) { return std::int64_t(n); };
        const Grid grid{size(y.shape(0)),     size(y.shape(1)), size(h.shape(2)),     size(y.shape(2)),
                        size(y.shape(3)) / 2, size(h.shape(3)), size(noise.shape(0)), size(noise.shape(1)),
                        size(noise.shape(2))};
        const auto either = [](std::int64_t n, std::int64_t whole) { return n == 1 || n == whole; };
        if (h.shape(0) != y.shape(0) || h.shape(1) != y.shape(1) || h.shape(4) != y.shape(3) || y.shape(3) % 2 ||
            !either(grid.h_symbols, grid.n_symbols) || !either(grid.noise_batch, grid.n_batch) ||
            !either(grid.noise_symbols, grid.n_symbols) || !either(grid.noise_subcarriers, grid.n_subcarriers))
          throw std::invalid_argument("the channel or the noise does not fit what was received");
        std::size_t bits = 0;
        while ((std::size_t(1) << bits) < levels.shape(0)) ++bits;
        const std::size_t elements = y.shape(0) * y.shape(2) * (y.shape(3) / 2);
        float *llr = new float[elements * h.shape(2) * 2 * bits];
        bool done;
        {
          nb::gil_scoped_release unlocked;
          done = table().qam_search(grid, y.data(), h.data(), noise.data(), levels.data(), int(levels.shape(0)), k, clip, llr);
        }
        auto out = make_array<float>(llr, {elements, h.shape(2), 2 * bits});
        if (!done) throw std::invalid_argument("more than 8 layers, 16 antennas or 64 levels, or no memory for the list");
        return out;
      },
      "y"_a, "h"_a, "noise"_a, "levels"_a, "k"_a, "clip"_a, "LLRs [elements, layers, bits] of a K-best tree search.");
}

}  // namespace silla
