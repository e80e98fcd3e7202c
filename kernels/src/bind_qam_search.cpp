#include "bind_grid.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_qam_search(nb::module_ &m) {
  m.def(
      "qam_search",
      [](const received_array &y, const channel_array &h, const noise_array &noise, const in<float, nb::ndim<1>> &levels,
         int k, float clip) {
        const Grid grid = grid_of(y, h, noise);
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
