#include <new>
#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

void bind_syndrome(nb::module_ &m) {
  m.def(
      "syndrome_decode",
      [](const in<std::int16_t, nb::ndim<2>> &llr, const in<std::int32_t, nb::ndim<1>> &row_first,
         const in<std::int32_t, nb::ndim<1>> &col, const in<std::int32_t, nb::ndim<1>> &shift, std::int32_t z,
         const in<std::uint8_t, nb::ndim<2>> &syndrome, std::int32_t max_iterations,
         std::int32_t patience) {
        const std::int32_t n_rows = std::int32_t(row_first.shape(0)) - 1;
        if (z < syndrome_lanes || z % syndrome_lanes || n_rows < 1 || llr.shape(1) == 0 || llr.shape(1) % std::size_t(z) ||
            max_iterations < 1 || patience < 0)
          throw std::invalid_argument("llr must be [n_blocks, n_cols * z] with z a multiple of 64");
        const std::int32_t n_cols = std::int32_t(llr.shape(1) / std::size_t(z)), n_edges = row_first.data()[n_rows];
        if (row_first.data()[0] != 0 || n_edges < 1 || std::size_t(n_edges) != col.shape(0) || col.shape(0) != shift.shape(0) ||
            syndrome.shape(0) != llr.shape(0) || syndrome.shape(1) != std::size_t(n_rows) * std::size_t(z))
          throw std::invalid_argument("the arrays of the code do not fit one another or the syndrome");
        for (std::int32_t r = 0; r < n_rows; ++r) {
          const std::int32_t degree = row_first.data()[r + 1] - row_first.data()[r];
          if (degree < 1 || degree > 255) throw std::invalid_argument("a row must have 1 to 255 edges");
        }
        for (std::int32_t e = 0; e < n_edges; ++e)
          if (col.data()[e] < 0 || col.data()[e] >= n_cols || shift.data()[e] < 0 || shift.data()[e] >= z)
            throw std::invalid_argument("a column or a shift lies outside the code");
        const std::size_t n_blocks = llr.shape(0), n = llr.shape(1);
        std::uint8_t *bits = new std::uint8_t[n_blocks * n];
        std::int32_t *iterations = new std::int32_t[n_blocks];
        bool *satisfied = new bool[n_blocks];
        std::int16_t *beliefs = new std::int16_t[std::size_t(n_cols) * std::size_t(z + syndrome_lanes)];
        std::int8_t *messages = new std::int8_t[std::size_t(n_edges) * std::size_t(z)];
        {
          nb::gil_scoped_release unlocked;
          const LdpcGraph graph{n_rows, n_cols, z, row_first.data(), col.data(), shift.data()};
          table().syndrome_decode({graph, std::int64_t(n_blocks), llr.data(), syndrome.data(), max_iterations, patience}, beliefs,
                                  messages, {bits, iterations, satisfied});
        }
        delete[] beliefs;
        delete[] messages;
        return nb::make_tuple(make_array<std::uint8_t>(bits, {n_blocks, n}), make_array<std::int32_t>(iterations, {n_blocks}),
                              make_array<bool>(satisfied, {n_blocks}));
      },
      "llr"_a, "row_first"_a, "col"_a, "shift"_a, "z"_a, "syndrome"_a, "max_iterations"_a, "patience"_a,
      "Layered syndrome decoding by approximate min*: (bits, iterations, satisfied).");
  m.def(
      "syndrome_of",
      [](const in<std::uint8_t, nb::ndim<2>> &bits, const in<std::int32_t, nb::ndim<1>> &row_first,
         const in<std::int32_t, nb::ndim<1>> &col, const in<std::int32_t, nb::ndim<1>> &shift, std::int32_t z) {
        const std::int32_t n_rows = std::int32_t(row_first.shape(0)) - 1;
        if (z < 1 || n_rows < 1 || bits.shape(1) == 0 || bits.shape(1) % std::size_t(z))
          throw std::invalid_argument("bits must be [n_blocks, n_cols * z]");
        const std::int32_t n_cols = std::int32_t(bits.shape(1) / std::size_t(z)), n_edges = row_first.data()[n_rows];
        if (row_first.data()[0] != 0 || std::size_t(n_edges) != col.shape(0) || col.shape(0) != shift.shape(0))
          throw std::invalid_argument("the arrays of the code do not fit one another");
        for (std::int32_t r = 0; r < n_rows; ++r)
          if (row_first.data()[r] > row_first.data()[r + 1]) throw std::invalid_argument("row_first must not fall");
        for (std::int32_t e = 0; e < n_edges; ++e)
          if (col.data()[e] < 0 || col.data()[e] >= n_cols || shift.data()[e] < 0 || shift.data()[e] >= z)
            throw std::invalid_argument("a column or a shift lies outside the code");
        const std::size_t n_blocks = bits.shape(0), n = std::size_t(n_rows) * std::size_t(z);
        std::uint8_t *syndrome = new std::uint8_t[n_blocks * n], *doubled = new std::uint8_t[2 * bits.shape(1)];
        {
          nb::gil_scoped_release unlocked;
          table().syndrome_of({n_rows, n_cols, z, row_first.data(), col.data(), shift.data()}, std::int64_t(n_blocks),
                              bits.data(), doubled, syndrome);
        }
        delete[] doubled;
        return make_array<std::uint8_t>(syndrome, {n_blocks, n});
      },
      "bits"_a, "row_first"_a, "col"_a, "shift"_a, "z"_a, "The syndrome of bits, uint8 [n_blocks, n_rows * z].");
}

}  // namespace silla
