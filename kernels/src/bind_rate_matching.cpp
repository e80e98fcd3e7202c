#include <memory>
#include <stdexcept>
#include <string>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Runs = in<std::int64_t, nb::shape<-1, 2>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("rate matching: ") + what);
}

static RateMatch matching(std::size_t n, std::size_t n_code, std::int64_t e, std::int32_t bits_per_symbol, const Runs &runs) {
  expect(e >= 1 && bits_per_symbol >= 1 && e % bits_per_symbol == 0, "e must be a whole number of symbols");
  std::int64_t turn = 0;
  for (std::size_t r = 0; r < runs.shape(0); ++r) {
    const std::int64_t first = runs.data()[2 * r], length = runs.data()[2 * r + 1];
    expect(first >= 0 && length >= 1 && length <= std::int64_t(n_code) - first, "a run leaves the code word");
    turn += length;
  }
  expect(turn > 0, "one run at least");
  return {std::int64_t(n), std::int64_t(n_code), e, bits_per_symbol, std::int64_t(runs.shape(0)), runs.data()};
}

static auto match(const in<std::uint8_t, nb::ndim<2>> &word, const Runs &runs, std::int64_t e, std::int32_t bits_per_symbol) {
  const RateMatch m = matching(word.shape(0), word.shape(1), e, bits_per_symbol, runs);
  std::unique_ptr<std::uint8_t[]> sent(new std::uint8_t[word.shape(0) * std::size_t(e)]);
  std::unique_ptr<std::uint8_t[]> line(new std::uint8_t[std::size_t(e)]);
  {
    nb::gil_scoped_release unlocked;
    table().rate_match(m, word.data(), line.get(), sent.get());
  }
  return make_array<std::uint8_t>(sent.release(), {word.shape(0), std::size_t(e)});
}

static void combine(const nb::ndarray<const std::int8_t, nb::numpy, nb::ndim<3>, nb::device::cpu> &llr, const Runs &runs,
                    std::int32_t bits_per_symbol, const in<std::int64_t, nb::ndim<1>> &number,
                    const out<std::int8_t, nb::ndim<3>> &total) {
  const std::size_t n = llr.shape(0), n_numbers = llr.shape(1), e = llr.shape(2);
  expect(e == 1 || llr.stride(2) == 1, "the LLRs of a code block must lie side by side");
  expect(total.shape(0) == n && number.shape(0) == n_numbers, "total must be [n, C, n_code], number [n_blocks]");
  for (std::size_t i = 0; i < n_numbers; ++i)
    expect(number.data()[i] >= 0 && std::size_t(number.data()[i]) < total.shape(1), "number must name code blocks");
  const RateMatch m = matching(n, total.shape(2), std::int64_t(e), bits_per_symbol, runs);
  std::unique_ptr<std::int8_t[]> line(new std::int8_t[e]);
  {
    nb::gil_scoped_release unlocked;
    table().rate_combine({m, std::int64_t(n_numbers), std::int64_t(total.shape(1)), number.data(), llr.stride(0), llr.stride(1)},
                         llr.data(), line.get(), total.data());
  }
}

static auto crc(const in<std::uint8_t, nb::ndim<2>> &bits, std::int64_t length, const in<std::uint32_t, nb::shape<8, 256>> &tables) {
  expect(length >= 0 && std::size_t(length) <= bits.shape(1), "length is 0 .. the bits of a row");
  std::unique_ptr<std::uint32_t[]> remainder(new std::uint32_t[bits.shape(0)]);
  {
    nb::gil_scoped_release unlocked;
    table().crc_remainder(std::int64_t(bits.shape(0)), std::int64_t(bits.shape(1)), length, bits.data(), tables.data(),
                          remainder.get());
  }
  return make_array<std::uint32_t>(remainder.release(), {bits.shape(0)});
}

void bind_rate_matching(nb::module_ &m) {
  m.def("rate_match", &match, "word"_a, "runs"_a, "e"_a, "bits_per_symbol"_a,
        "The e bits sent of each code word [n, n_code], interleaved; runs: (first place, length) of a turn.");
  m.def("rate_combine", &combine, "llr"_a.noconvert(), "runs"_a, "bits_per_symbol"_a, "number"_a, "total"_a.noconvert(),
        "Adds LLRs [n, n_blocks, e] to the blocks `number` of total [n, C, n_code] in place, within +-127.");
  m.def("crc_remainder", &crc, "bits"_a, "length"_a, "table"_a,
        "Reversed remainder (first bit lowest) of the first `length` bits, 0 or 1, of each row.");
}

}  // namespace silla
