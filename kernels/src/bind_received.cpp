#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Gain = in<float, nb::ndim<2>>;
using Weight = in<double, nb::ndim<1>>;

static void expect(bool fits) {
  if (!fits) throw std::invalid_argument("the weights do not fit the matrix of gains");
}

void bind_received(nb::module_ &m) {
  m.def(
      "strongest",
      [](const Gain &gain, const Weight &weight) {
        expect(weight.shape(0) == gain.shape(1));
        const std::size_t users = gain.shape(0);
        std::int64_t *index = new std::int64_t[users];
        {
          nb::gil_scoped_release unlocked;
          table().strongest(gain.data(), std::int64_t(users), std::int64_t(gain.shape(1)), weight.data(), index);
        }
        return make_array<std::int64_t>(index, {users});
      },
      "gain"_a, "weight"_a, "[n_users] the first cell with the greatest gain times weight.");
  m.def(
      "weigh_cells",
      [](const Gain &gain, const Weight &weight) {
        expect(weight.shape(0) == gain.shape(1));
        const std::size_t users = gain.shape(0);
        double *sum = new double[users];
        {
          nb::gil_scoped_release unlocked;
          table().weigh_cells(gain.data(), std::int64_t(users), std::int64_t(gain.shape(1)), weight.data(), sum);
        }
        return make_array<double>(sum, {users});
      },
      "gain"_a, "weight"_a, "[n_users] sums over cells of gain times weight.");
  m.def(
      "weigh_users",
      [](const Gain &gain, const Weight &weight) {
        expect(weight.shape(0) == gain.shape(0));
        const std::size_t cells = gain.shape(1);
        double *sum = new double[cells];
        {
          nb::gil_scoped_release unlocked;
          table().weigh_users(gain.data(), std::int64_t(gain.shape(0)), std::int64_t(cells), weight.data(), sum);
        }
        return make_array<double>(sum, {cells});
      },
      "gain"_a, "weight"_a, "[n_cells] sums over users of gain times weight.");
}

}  // namespace silla
