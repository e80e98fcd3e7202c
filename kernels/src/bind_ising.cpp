#include <nanobind/stl/optional.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Row = in<float, nb::ndim<1>>;
using Rows = in<float, nb::ndim<2>>;
using Index = in<std::int32_t, nb::ndim<1>>;
using Words = in<std::uint32_t, nb::ndim<3>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("ising: ") + what);
}

static IsingModel model(const Row &h, std::int32_t n, const std::optional<Rows> &dense, const std::optional<Index> &first,
                        const std::optional<Index> &column, const std::optional<Row> &value) {
  const std::size_t pad = h.shape(0);
  expect(n >= 1 && std::size_t(n) <= pad && pad % ising_lanes == 0, "h is padded to a multiple of 16 spins");
  IsingModel m{n, std::int32_t(pad), h.data(), nullptr, nullptr, nullptr, nullptr};
  if (dense) {
    expect(dense->shape(0) == std::size_t(n) && dense->shape(1) == pad, "the couplings must be [n, n_pad]");
    m.dense = dense->data();
    return m;
  }
  expect(first && column && value, "couplings are given dense, or as first, column and value");
  expect(first->shape(0) == std::size_t(n) + 1 && column->shape(0) == value->shape(0), "sparse rows do not fit");
  m.first = first->data(), m.column = column->data(), m.value = value->data();
  expect(m.first[0] == 0 && std::size_t(m.first[n]) == column->shape(0), "rows must run from 0 to the number of couplings");
  for (std::int32_t i = 0; i < n; ++i) expect(m.first[i + 1] >= m.first[i], "rows must not decrease");
  for (std::size_t e = 0; e < column->shape(0); ++e)
    expect(m.column[e] >= 0 && m.column[e] < n, "a column is out of range");
  return m;
}

static nb::tuple do_anneal(const Row &h, std::int32_t n, const Rows &spins, const Rows &temperature, const Words &state,
                           bool descend, const std::optional<Rows> &dense, const std::optional<Index> &first,
                           const std::optional<Index> &column, const std::optional<Row> &value) {
  const IsingModel m = model(h, n, dense, first, column, value);
  const std::size_t reads = spins.shape(0), pad = std::size_t(m.n_pad), rows = temperature.shape(0);
  expect(spins.shape(1) == pad, "spins must be [n_reads, n_pad]");
  expect(rows == 1 || rows == reads, "temperatures must be [1 or n_reads, n_sweeps]");
  expect(state.shape(0) == reads && state.shape(1) == 4 && state.shape(2) == ising_lanes, "state must be [n_reads, 4, 16]");
  std::unique_ptr<float[]> spin(new float[reads * pad]), field(new float[reads * pad]);
  std::unique_ptr<std::int64_t[]> flips(new std::int64_t[reads]);
  std::copy_n(spins.data(), reads * pad, spin.get());
  {
    nb::gil_scoped_release unlocked;
    table().anneal({m, std::int64_t(reads), std::int32_t(temperature.shape(1)), temperature.data(), rows == reads && rows > 1,
                    descend, state.data()},
                   {spin.get(), field.get(), flips.get()});
  }
  return nb::make_tuple(make_array<float>(spin.release(), {reads, pad}), make_array<float>(field.release(), {reads, pad}),
                        make_array<std::int64_t>(flips.release(), {reads}));
}

static nb::tuple do_tabu(const Row &h, std::int32_t n, const Rows &spins, const Index &tenure,
                         const std::optional<Rows> &dense, const std::optional<Index> &first,
                         const std::optional<Index> &column, const std::optional<Row> &value) {
  const IsingModel m = model(h, n, dense, first, column, value);
  const std::size_t reads = spins.shape(0), pad = std::size_t(m.n_pad);
  expect(spins.shape(1) == pad, "spins must be [n_reads, n_pad]");
  expect(tenure.shape(0) < (1u << 23), "at most 2^23 steps");  // steps are kept in single precision
  std::unique_ptr<float[]> spin(new float[reads * pad]), work(new float[5 * pad]);
  std::unique_ptr<std::int64_t[]> step(new std::int64_t[reads]);
  std::copy_n(spins.data(), reads * pad, spin.get());
  {
    nb::gil_scoped_release unlocked;
    table().tabu({m, std::int64_t(reads), std::int32_t(tenure.shape(0)), tenure.data()}, {spin.get(), work.get(), step.get()});
  }
  return nb::make_tuple(make_array<float>(spin.release(), {reads, pad}), make_array<std::int64_t>(step.release(), {reads}));
}

static nb::tuple do_enumerate(const in<double, nb::ndim<1>> &h, const in<double, nb::ndim<2>> &j, double tolerance) {
  const std::size_t n = h.shape(0);
  expect(n >= 1 && n <= 62 && j.shape(0) == n && j.shape(1) == n, "1 to 62 spins, J [n, n]");
  EnumerateOutput found;
  {
    nb::gil_scoped_release unlocked;
    table().enumerate_states(std::int32_t(n), h.data(), j.data(), tolerance, &found);
  }
  return nb::make_tuple(found.energy, found.state, found.second);
}

void bind_ising(nb::module_ &m) {
  m.def("anneal", &do_anneal, "h"_a, "n"_a, "spins"_a, "temperature"_a, "state"_a, "descend"_a, "dense"_a.none() = nb::none(),
        "first"_a.none() = nb::none(), "column"_a.none() = nb::none(), "value"_a.none() = nb::none(),
        "(spins, fields, flips) after sequential Metropolis sweeps at these temperatures.");
  m.def("tabu", &do_tabu, "h"_a, "n"_a, "spins"_a, "tenure"_a, "dense"_a.none() = nb::none(), "first"_a.none() = nb::none(),
        "column"_a.none() = nb::none(), "value"_a.none() = nb::none(), "(best spins, step at which they were met).");
  m.def("enumerate_states", &do_enumerate, "h"_a, "j"_a, "tolerance"_a,
        "(least energy, its state as bits, number of states within the tolerance of it).");
}

}  // namespace silla
