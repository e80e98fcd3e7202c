#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_propagate(nb::module_ &m) {
  m.def(
      "propagate",
      [](const in<float, nb::ndim<4>> &x, const in<float, nb::ndim<5>> &h, const in<float, nb::ndim<1>> &noise,
         std::uint64_t key) {
        const auto size = [](std::size_t n) { return std::int64_t(n); };
        const Link link{size(x.shape(0)), size(h.shape(1)),     size(x.shape(1)),
                        size(x.shape(2)), size(x.shape(3)) / 2, size(h.shape(3))};
        if (h.shape(0) != x.shape(0) || h.shape(2) != x.shape(1) || h.shape(4) != x.shape(3) || x.shape(3) % 2 ||
            noise.shape(0) != x.shape(0) || (link.h_symbols != 1 && link.h_symbols != link.n_symbols))
          throw std::invalid_argument("the channel or the noise does not fit what is sent");
        float *y = new float[x.shape(0) * h.shape(1) * x.shape(2) * x.shape(3)];
        {
          nb::gil_scoped_release unlocked;
          table().propagate(link, x.data(), h.data(), noise.data(), key, y);
        }
        return make_array<float>(y, {x.shape(0), h.shape(1), x.shape(2), x.shape(3)});
      },
      "x"_a, "h"_a, "noise"_a, "key"_a, "H x plus Gaussian noise of the variances [batch]; complex numbers as pairs.");
}

}  // namespace silla
