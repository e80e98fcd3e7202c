// What the receivers' bindings share: the sizes of a slot, checked.
#pragma once
#include <stdexcept>

#include "bind.h"
#include "equalise.h"

namespace silla {

using received_array = in<float, nanobind::ndim<4>>;  // [batch][rx][symbol][2 sc]
using channel_array = in<float, nanobind::ndim<5>>;   // [batch][rx][layer][symbol or 1][2 sc]
using noise_array = in<float, nanobind::ndim<3>>;     // [batch or 1][symbol or 1][sc or 1]

// Throws std::invalid_argument when the arrays do not fit one another.
inline Grid grid_of(const received_array &y, const channel_array &h, const noise_array &noise) {
  const auto size = [](std::size_t n) { return std::int64_t(n); };
  const Grid grid{size(y.shape(0)),     size(y.shape(1)), size(h.shape(2)),     size(y.shape(2)),
                  size(y.shape(3)) / 2, size(h.shape(3)), size(noise.shape(0)), size(noise.shape(1)),
                  size(noise.shape(2))};
  const auto either = [](std::int64_t n, std::int64_t whole) { return n == 1 || n == whole; };
  if (h.shape(0) != y.shape(0) || h.shape(1) != y.shape(1) || h.shape(4) != y.shape(3) || y.shape(3) % 2 ||
      !either(grid.h_symbols, grid.n_symbols) || !either(grid.noise_batch, grid.n_batch) ||
      !either(grid.noise_symbols, grid.n_symbols) || !either(grid.noise_subcarriers, grid.n_subcarriers))
    throw std::invalid_argument("the channel or the noise does not fit what was received");
  return grid;
}

// (symbols [batch][layer][symbol][2 sc], variance [batch][layer][symbol][sc]) that detect(symbols, variance) has filled;
// std::invalid_argument with `refused` when it returns false.
template <typename Detect>
nanobind::tuple detected(const Grid &g, const char *refused, Detect detect) {
  const std::size_t batch(g.n_batch), layers(g.n_layers), times(g.n_symbols), f(g.n_subcarriers);
  const std::size_t elements = batch * layers * times * f;
  float *symbols = new float[2 * elements], *variance = new float[elements];
  auto first = make_array<float>(symbols, {batch, layers, times, 2 * f});
  auto second = make_array<float>(variance, {batch, layers, times, f});
  bool done;
  {
    nanobind::gil_scoped_release unlocked;
    done = detect(symbols, variance);
  }
  if (!done) throw std::invalid_argument(refused);
  return nanobind::make_tuple(first, second);
}

}  // namespace silla
