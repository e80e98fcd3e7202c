#include <nanobind/stl/optional.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("front_end: ") + what);
}

using Turn = std::optional<in<float, nb::ndim<3>>>;

static auto run(const in<float, nb::ndim<4>> &x, const Turn &turn_in, const std::optional<in<float, nb::ndim<2>>> &step,
                float half, const std::optional<in<float, nb::ndim<3>>> &mix,
                const std::optional<in<float, nb::ndim<2>>> &gain, float scale, const Turn &turn_out) {
  const std::size_t groups = x.shape(0), ports = x.shape(1), n = x.shape(2);
  expect(x.shape(3) == 2, "x must be [groups, ports, n, 2]");
  for (const Turn *t : {&turn_in, &turn_out})
    expect(!*t || ((*t)->shape(0) == groups && (*t)->shape(1) == n && (*t)->shape(2) == 2), "turns must be [groups, n, 2]");
  expect(!step || (step->shape(0) == groups && step->shape(1) == ports), "step must be [groups, ports]");
  expect(!mix || (mix->shape(0) == groups && mix->shape(1) == ports && mix->shape(2) == 4), "mix must be [groups, ports, 4]");
  expect(!gain || (gain->shape(0) >= 2 && gain->shape(1) == 2), "gain must be [size + 1, 2]");
  const FrontEnd f{std::int64_t(groups), std::int64_t(ports), std::int64_t(n), x.data(),
                   turn_in ? turn_in->data() : nullptr, turn_out ? turn_out->data() : nullptr,
                   step ? step->data() : nullptr, half, mix ? mix->data() : nullptr, gain ? gain->data() : nullptr,
                   gain ? std::int32_t(gain->shape(0) - 1) : 0, scale};
  std::unique_ptr<float[]> out(new float[x.size()]);
  std::unique_ptr<double[]> moments(new double[groups * ports * 3]);
  {
    nb::gil_scoped_release unlocked;
    table().front_end(f, out.get(), moments.get());
  }
  return nb::make_tuple(make_array<float>(out.release(), {groups, ports, n, std::size_t(2)}),
                        make_array<double>(moments.release(), {groups, ports, std::size_t(3)}));
}

void bind_front_end(nb::module_ &m) {
  m.def("front_end", &run, "x"_a, "turn_in"_a.none(), "step"_a.none(), "half"_a, "mix"_a.none(), "gain"_a.none(), "scale"_a,
        "turn_out"_a.none(), "Samples [groups, ports, n, 2] behind an analog front end, and their moments [.., 3].");
}

}  // namespace silla
