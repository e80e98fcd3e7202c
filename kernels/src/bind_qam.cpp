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

using Bits = in<std::uint8_t, nb::ndim<1>>;
using Reals = in<float, nb::ndim<1>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("qam: ") + what);
}

static void check_bits(std::int32_t bits) { expect(bits >= 2 && bits <= 12 && bits % 2 == 0, "bits must be even, 2 .. 12"); }

static auto map(const Bits &data, std::int32_t bits, const Reals &level, const std::optional<Bits> &flip) {
  check_bits(bits);
  expect(data.shape(0) % std::size_t(bits) == 0, "data must be a whole number of symbols");
  expect(level.shape(0) == std::size_t(1) << (bits / 2), "level must be [2^(bits/2)]");
  expect(!flip || flip->shape(0) == data.shape(0), "flip must be as long as data");
  const std::size_t n = data.shape(0) / std::size_t(bits);
  std::unique_ptr<float[]> symbol(new float[2 * n]);
  {
    nb::gil_scoped_release unlocked;
    table().qam_map({std::int64_t(n), bits, data.data(), flip ? flip->data() : nullptr, level.data(), symbol.get()});
  }
  return make_array<float>(symbol.release(), {n, std::size_t(2)});
}

static QamDemap demap(const in<float, nb::ndim<2>> &symbol, const Reals &noise, std::int32_t bits, float unit, float scale,
                      const std::optional<Bits> &flip) {
  check_bits(bits);
  const std::size_t n = symbol.shape(0);
  expect(symbol.shape(1) == 2, "symbol must be [n, 2]");
  expect(noise.shape(0) == n || noise.shape(0) == 1, "noise must be [n] or [1]");
  expect(!flip || flip->shape(0) == n * std::size_t(bits), "flip must be [n * bits]");
  return {std::int64_t(n), bits, symbol.data(), noise.data(), noise.shape(0) == 1 ? 0 : 1,
          flip ? flip->data() : nullptr, unit, scale};
}

static auto demap_float(const in<float, nb::ndim<2>> &symbol, const Reals &noise, std::int32_t bits, float unit,
                        const std::optional<Bits> &flip) {
  const QamDemap q = demap(symbol, noise, bits, unit, 1.0f, flip);
  const std::size_t n = symbol.shape(0) * std::size_t(bits);
  std::unique_ptr<float[]> llr(new float[n]);
  {
    nb::gil_scoped_release unlocked;
    table().qam_demap_float(q, llr.get());
  }
  return make_array<float>(llr.release(), {n});
}

static auto demap_int8(const in<float, nb::ndim<2>> &symbol, const Reals &noise, std::int32_t bits, float unit, float scale,
                       const std::optional<Bits> &flip) {
  const QamDemap q = demap(symbol, noise, bits, unit, scale, flip);
  const std::size_t n = symbol.shape(0) * std::size_t(bits);
  std::unique_ptr<std::int8_t[]> llr(new std::int8_t[n]);
  {
    nb::gil_scoped_release unlocked;
    table().qam_demap_int8(q, llr.get());
  }
  return make_array<std::int8_t>(llr.release(), {n});
}

void bind_qam(nb::module_ &m) {
  m.def("qam_map", &map, "data"_a, "bits"_a, "level"_a, "flip"_a.none() = nb::none(),
        "Symbols [n, 2] of the bits, added modulo 2 to flip.");
  m.def("qam_demap_float", &demap_float, "symbol"_a, "noise"_a, "bits"_a, "unit"_a, "flip"_a.none() = nb::none(),
        "Max-log LLRs [n * bits] of symbols [n, 2].");
  m.def("qam_demap_int8", &demap_int8, "symbol"_a, "noise"_a, "bits"_a, "unit"_a, "scale"_a,
        "flip"_a.none() = nb::none(), "The same times scale, rounded and kept within +-127.");
}

}  // namespace silla
