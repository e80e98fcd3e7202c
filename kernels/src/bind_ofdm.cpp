#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Rows = in<float, nb::ndim<2>>;

static auto run(const Rows &x, std::int64_t n_fft, std::int64_t n_subcarriers, const in<float, nb::ndim<1>> &twiddles,
                float scale, bool forward) {
  std::size_t passes = 0;
  for (std::int64_t m = n_fft; m >= 4; m /= 4) passes += std::size_t(6 * (m / 4));
  if (n_fft < 64 || (n_fft & (n_fft - 1)) || n_subcarriers < 1 || n_subcarriers > n_fft || twiddles.shape(0) != passes ||
      x.shape(1) != std::size_t(2 * (forward ? n_fft : n_subcarriers)))
    throw std::invalid_argument("ofdm: n_fft must be a power of two from 64 that holds the rows of x and fits the twiddles");
  const Symbols s{std::int64_t(x.shape(0)), n_fft, n_subcarriers, twiddles.data(), scale};
  const std::size_t width = std::size_t(2 * (forward ? n_subcarriers : n_fft));
  float *out = new float[x.shape(0) * width];
  {
    nb::gil_scoped_release unlocked;
    (forward ? table().to_subcarriers : table().to_samples)(s, x.data(), out);
  }
  return make_array<float>(out, {x.shape(0), width});
}

void bind_ofdm(nb::module_ &m) {
  m.def("ofdm", &run, "x"_a, "n_fft"_a, "n_subcarriers"_a, "twiddles"_a, "scale"_a, "forward"_a,
        "Rows of samples to subcarriers (forward) or back; complex numbers as pairs.");
}

}  // namespace silla
