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

using Wide = in<double, nb::ndim<1>>;
using Wide2 = in<double, nb::ndim<2>>;
using AnyPlanes = nb::ndarray<nb::numpy, nb::c_contig, nb::device::cpu, nb::ndim<2>>;
using AnyCost = nb::ndarray<nb::numpy, nb::c_contig, nb::device::cpu, nb::ndim<1>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("qaoa: ") + what);
}

static void *plane(const AnyPlanes &state, bool wide, std::int32_t n, int which) {
  expect(state.dtype() == (wide ? nb::dtype<double>() : nb::dtype<float>()), "all planes must be of one type, float32 or float64");
  expect(state.shape(0) == 2 && state.shape(1) == std::size_t(1) << n, "planes must be [2, 2^n]");
  return static_cast<char *>(state.data()) + std::size_t(which) * (std::size_t(1) << n) * (wide ? 8 : 4);
}

static nb::tuple run(AnyPlanes state, AnyCost cost, double base, double step, const Wide &gamma, const Wide2 &phi,
                     const std::optional<Wide2> &field, bool uniform, bool mirror, bool keep, std::optional<AnyPlanes> back,
                     std::int32_t low_bits, std::int32_t high_bits) {
  const bool wide = state.dtype() == nb::dtype<double>(), counted = cost.dtype() == nb::dtype<std::uint16_t>();
  std::int32_t n = 0;
  while (std::size_t(1) << n < cost.shape(0)) ++n;
  const std::size_t depth = gamma.shape(0), angles = std::size_t(n + mirror);
  expect(n >= 6 && n <= 40 && std::size_t(1) << n == cost.shape(0), "the cost must have 2^n values, n from 6 to 40");
  expect(counted || cost.dtype() == (wide ? nb::dtype<double>() : nb::dtype<float>()), "the cost must be of the state's type, or uint16");
  expect(phi.shape(0) == depth && phi.shape(1) == angles, "phi must be [depth, n + mirror]");
  expect(!field || (!mirror && field->shape(0) == depth && field->shape(1) == std::size_t(n)), "field must be [depth, n], without mirror");
  expect(low_bits == 0 || (low_bits >= 6 && low_bits <= 20), "low_bits: 0, or 6 to 20");
  expect(high_bits >= 0 && high_bits <= 16, "high_bits: 0 to 16");
  QaoaTask task{wide, n, std::int32_t(depth), mirror, uniform, plane(state, wide, n, 0), plane(state, wide, n, 1),
                back ? plane(*back, wide, n, 0) : nullptr, back ? plane(*back, wide, n, 1) : nullptr, cost.data(), counted, keep,
                counted ? base : 0.0, counted ? step : 1.0, gamma.data(), phi.data(), field ? field->data() : nullptr, low_bits, high_bits};
  std::unique_ptr<double[]> d_gamma(new double[depth]()), d_phi(new double[depth * angles]()), d_field(new double[depth * n]());
  QaoaResult result{0.0, 0.0, d_gamma.get(), d_phi.get(), d_field.get()};
  {
    nb::gil_scoped_release unlocked;
    table().qaoa_run(task, result);
  }
  return nb::make_tuple(result.energy, result.norm, make_array<double>(d_gamma.release(), {depth}),
                        make_array<double>(d_phi.release(), {depth, angles}),
                        make_array<double>(d_field.release(), {depth, std::size_t(n)}));
}

static QaoaDiagonal diagonal_into(AnyCost &cost, double base, double step) {
  std::int32_t n = 0;
  while (std::size_t(1) << n < cost.shape(0)) ++n;
  expect(n >= 1 && n <= 40 && std::size_t(1) << n == cost.shape(0), "the cost must have 2^n values");
  const bool counted = cost.dtype() == nb::dtype<std::uint16_t>(), wide = cost.dtype() == nb::dtype<double>();
  expect(counted || wide || cost.dtype() == nb::dtype<float>(), "the cost must be float32, float64 or uint16");
  return {n, counted ? 2 : wide ? 1 : 0, base, step, cost.data(), {}, {}};
}

static nb::tuple extremes(const QaoaDiagonal &d) { return nb::make_tuple(d.extreme[0], d.at[0], d.extreme[1], d.at[1]); }

static nb::tuple ising(AnyCost cost, const Wide &h, const Wide2 &J, double base, double step) {
  QaoaDiagonal d = diagonal_into(cost, base, step);
  expect(h.shape(0) == std::size_t(d.n) && J.shape(0) == std::size_t(d.n) && J.shape(1) == std::size_t(d.n), "h must be [n], J [n, n]");
  {
    nb::gil_scoped_release unlocked;
    table().ising_diagonal(h.data(), J.data(), d);
  }
  return extremes(d);
}

static nb::tuple polynomial(AnyCost cost, const in<std::uint64_t, nb::ndim<1>> &mask, const Wide &coefficient, double base, double step) {
  QaoaDiagonal d = diagonal_into(cost, base, step);
  expect(mask.shape(0) == coefficient.shape(0), "one coefficient per mask");
  for (std::size_t k = 0; k < mask.shape(0); ++k) expect(mask.data()[k] >> d.n == 0, "a mask names a spin that is not there");
  {
    nb::gil_scoped_release unlocked;
    table().polynomial_diagonal(mask.data(), coefficient.data(), std::int64_t(mask.shape(0)), d);
  }
  return extremes(d);
}

static auto pairs(AnyPlanes state, const in<std::int32_t, nb::ndim<1>> &a, const in<std::int32_t, nb::ndim<1>> &b, const Wide &phi,
                  std::optional<AnyPlanes> back) {
  const bool wide = state.dtype() == nb::dtype<double>();
  const std::size_t count = a.shape(0);
  std::int32_t n = 0;
  while (std::size_t(1) << n < state.shape(1)) ++n;
  expect(b.shape(0) == count && phi.shape(0) == count, "one angle and two qubits per pair");
  for (std::size_t k = 0; k < count; ++k) {
    const std::int32_t x = a.data()[k], y = b.data()[k];
    expect(x >= 0 && x < n && y >= 0 && y < n && x != y, "the qubits of a pair must be two of 0 .. n - 1");
  }
  std::unique_ptr<double[]> d_phi(new double[count]());
  const PairTask task{wide, n, plane(state, wide, n, 0), plane(state, wide, n, 1), back ? plane(*back, wide, n, 0) : nullptr,
                      back ? plane(*back, wide, n, 1) : nullptr, std::int64_t(count), a.data(), b.data(), phi.data(), d_phi.get()};
  {
    nb::gil_scoped_release unlocked;
    table().pair_rotations(task);
  }
  return make_array<double>(d_phi.release(), {count});
}

void bind_qaoa(nb::module_ &m) {
  m.def("qaoa_run", &run, "state"_a, "cost"_a, "base"_a, "step"_a, "gamma"_a, "phi"_a, "field"_a.none() = nb::none(),
        "uniform"_a = true, "mirror"_a = false, "keep"_a = false, "back"_a.none() = nb::none(), "low_bits"_a = 0, "high_bits"_a = 0,
        "(energy, norm, d_gamma, d_phi, d_field) of the layers; the state is written if kept.");
  m.def("ising_diagonal", &ising, "cost"_a, "h"_a, "J"_a, "base"_a = 0.0, "step"_a = 1.0,
        "Fills the cost of all 2^n states; (least, its index, greatest, its index).");
  m.def("polynomial_diagonal", &polynomial, "cost"_a, "mask"_a, "coefficient"_a, "base"_a = 0.0, "step"_a = 1.0,
        "The same for a polynomial of the spins.");
  m.def("pair_rotations", &pairs, "state"_a, "a"_a, "b"_a, "phi"_a, "back"_a.none() = nb::none(),
        "exp(-i phi (XX + YY) / 2) on pairs in turn, or undone on both states with the derivatives by phi.");
}

}  // namespace silla
