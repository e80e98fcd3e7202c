#include <memory>
#include <stdexcept>
#include <string>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Channels = in<double, nb::ndim<3>>;
using Received = in<double, nb::ndim<2>>;
using Levels = in<float, nb::ndim<1>>;

static TreeInput tree(const Channels &h, const Received &y, const Levels &level, std::int32_t k) {
  const auto expect = [](bool fits, const char *what) {
    if (!fits) throw std::invalid_argument(std::string("tree search: ") + what);
  };
  expect(h.shape(2) >= 1 && h.shape(1) >= h.shape(2), "h must be [n_problems, m, n] with m >= n >= 1");
  expect(y.shape(0) == h.shape(0) && y.shape(1) == h.shape(1), "y must be [n_problems, m]");
  expect(level.shape(0) >= 2 && level.shape(0) <= 64, "2 to 64 levels");
  expect(k >= 1 && k <= 1 << 20, "1 to 2^20 paths");
  return {std::int64_t(h.shape(0)), std::int32_t(h.shape(1)), std::int32_t(h.shape(2)), h.data(), y.data(),
          std::int32_t(level.shape(0)), level.data(), k};
}

void bind_tree(nb::module_ &m) {
  m.def(
      "k_best",
      [](const Channels &h, const Received &y, const Levels &level, std::int32_t k) {
        const TreeInput given = tree(h, y, level, k);
        const std::size_t b = h.shape(0), n = h.shape(2), paths = std::size_t(k);
        std::unique_ptr<std::int8_t[]> index(new std::int8_t[b * paths * n]);
        std::unique_ptr<float[]> metric(new float[b * paths]);
        {
          nb::gil_scoped_release unlocked;
          table().k_best(given, {index.get(), metric.get()});
        }
        return nb::make_tuple(make_array<std::int8_t>(index.release(), {b, paths, n}),
                              make_array<float>(metric.release(), {b, paths}));
      },
      "h"_a, "y"_a, "level"_a, "k"_a, "(level index [n_problems, k, n], |y - H x|^2 [n_problems, k]), best first.");
  m.def(
      "sphere",
      [](const Channels &h, const Received &y, const Levels &level, std::int64_t max_nodes) {
        const TreeInput given = tree(h, y, level, 1);
        const std::size_t b = h.shape(0), n = h.shape(2);
        std::unique_ptr<std::int8_t[]> index(new std::int8_t[b * n]);
        std::unique_ptr<double[]> metric(new double[b]);
        std::unique_ptr<std::int64_t[]> nodes(new std::int64_t[b]);
        std::unique_ptr<bool[]> proven(new bool[b]);
        {
          nb::gil_scoped_release unlocked;
          table().sphere(given, max_nodes, {index.get(), metric.get(), nodes.get(), proven.get()});
        }
        return nb::make_tuple(make_array<std::int8_t>(index.release(), {b, n}), make_array<double>(metric.release(), {b}),
                              make_array<std::int64_t>(nodes.release(), {b}), make_array<bool>(proven.release(), {b}));
      },
      "h"_a, "y"_a, "level"_a, "max_nodes"_a, "(level index [n_problems, n], metric, nodes visited, proven) of the nearest.");
}

}  // namespace silla
