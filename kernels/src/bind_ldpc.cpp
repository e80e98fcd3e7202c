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

using Edges = in<std::int32_t, nb::ndim<1>>;
using Blocks = in<std::uint8_t, nb::ndim<2>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("ldpc: ") + what);
}

static LdpcGraph graph(const Edges &row_first, const Edges &col, const Edges &shift, std::int32_t n_cols, std::int32_t z) {
  const std::int32_t n_edges = std::int32_t(col.shape(0));
  expect(z >= 1 && n_cols >= 1, "z and n_cols must be positive");
  expect(row_first.shape(0) >= 2 && shift.shape(0) == col.shape(0), "one column and one shift per edge, one row at least");
  const std::int32_t n_rows = std::int32_t(row_first.shape(0)) - 1, *first = row_first.data();
  expect(first[0] == 0 && first[n_rows] == n_edges, "row_first must run from 0 to the number of edges");
  for (std::int32_t r = 0; r < n_rows; ++r)
    expect(first[r + 1] > first[r] && first[r + 1] - first[r] <= 256, "a row has 1 to 256 edges");
  for (std::int32_t r = 0; r < n_rows; ++r)
    for (std::int32_t e = first[r]; e < first[r + 1]; ++e) {
      expect(col.data()[e] >= 0 && col.data()[e] < n_cols, "a column is out of range");
      expect(shift.data()[e] >= 0 && shift.data()[e] < z, "a shift is out of range");
      expect(e == first[r] || col.data()[e] > col.data()[e - 1], "the columns of a row must increase");
    }
  return {n_rows, n_cols, z, first, col.data(), shift.data()};
}

static std::int8_t *aligned(std::int8_t *p) {
  return p + (ldpc_max_vector - reinterpret_cast<std::uintptr_t>(p) % ldpc_max_vector) % ldpc_max_vector;
}

static nb::tuple decode(const in<std::int8_t, nb::ndim<2>> &llr, const Edges &row_first, const Edges &col,
                        const Edges &shift, const Edges &order, std::int32_t z, std::int32_t n_out, std::int32_t max_iterations,
                        std::int32_t sixteenths, std::int32_t offset, std::int32_t limit, bool early_stop,
                        const std::optional<Blocks> &syndrome, std::int32_t n_crc,
                        const std::optional<in<std::uint32_t, nb::shape<8, 256>>> &crc_table) {
  expect(z >= 1 && llr.shape(1) % std::size_t(z) == 0, "llr must be [n_blocks, n_cols * z]");
  const std::int32_t n_cols = std::int32_t(llr.shape(1) / std::size_t(z));
  const LdpcGraph g = graph(row_first, col, shift, n_cols, z);
  expect(order.shape(0) == std::size_t(g.n_rows), "order must be [n_rows]");
  for (std::int32_t r = 0; r < g.n_rows; ++r)
    expect(order.data()[r] >= 0 && order.data()[r] < g.n_rows, "order must name rows");
  const std::size_t n = llr.shape(0), checks = std::size_t(g.n_rows) * std::size_t(z);
  expect(n_out >= 0 && n_out <= n_cols, "n_out must be 0 .. n_cols");
  expect(max_iterations >= 1, "one iteration at least");
  expect(sixteenths >= 1 && sixteenths <= 16 && offset >= 0 && offset <= 127 && limit >= 1 && limit <= 127,
         "sixteenths 1..16, offset 0..127, limit 1..127");
  expect(!syndrome || (syndrome->shape(0) == n && syndrome->shape(1) == checks), "syndrome must be [n_blocks, n_rows * z]");
  const LdpcSizes s = table().ldpc_sizes(z, std::int64_t(n));
  expect(n_crc >= 0 && std::size_t(n_crc) <= llr.shape(1) && (n_crc == 0 || crc_table),
         "n_crc is 0 .. n_cols * z, with a table");
  const std::size_t n_edges = col.shape(0), vectors = n_edges * std::size_t(s.n_vec), columns = std::size_t(n_cols);
  expect(2 * columns * std::size_t(s.stride) < (std::size_t(1) << 32), "the code is too large: 2 n_cols z below 2^32");
  std::unique_ptr<std::int8_t[]> beliefs(new std::int8_t[2 * columns * std::size_t(s.stride) + 2 * ldpc_max_vector]());
  std::unique_ptr<std::int8_t[]> messages(new std::int8_t[vectors * std::size_t(s.width) + ldpc_max_vector]);
  std::unique_ptr<std::uint32_t[]> at(new std::uint32_t[2 * vectors + 4 * n_edges]);
  std::unique_ptr<std::int32_t[]> places(new std::int32_t[4 * columns + 2 * n_edges]);
  std::unique_ptr<std::uint8_t[]> signs(new std::uint8_t[syndrome && s.together > 1 ? checks * std::size_t(s.together) : 1]);
  std::unique_ptr<std::uint8_t[]> bits(new std::uint8_t[n * std::size_t(n_out) * std::size_t(z)]);
  std::unique_ptr<std::int32_t[]> iterations(new std::int32_t[n]);
  std::unique_ptr<bool[]> satisfied(new bool[n]);
  {
    nb::gil_scoped_release unlocked;
    table().ldpc_decode({g, order.data(), std::int64_t(n), n_out, llr.data(), syndrome ? syndrome->data() : nullptr, max_iterations,
                         sixteenths, offset, limit, early_stop, n_crc, crc_table ? crc_table->data() : nullptr},
                        {aligned(beliefs.get()), aligned(messages.get()), at.get(), at.get() + 2 * vectors,
                         places.get(), places.get() + columns, places.get() + 2 * columns, places.get() + 4 * columns,
                         at.get() + 2 * vectors + 2 * n_edges, places.get() + 4 * columns + n_edges, signs.get()},
                        {bits.get(), iterations.get(), satisfied.get()});
  }
  return nb::make_tuple(make_array<std::uint8_t>(bits.release(), {n, std::size_t(n_out) * std::size_t(z)}),
                        make_array<std::int32_t>(iterations.release(), {n}),
                        make_array<bool>(satisfied.release(), {n}));
}

static auto encode(const Blocks &info, const Edges &row_first, const Edges &col, const Edges &shift, std::int32_t z,
                   std::int32_t n_cols, bool packed) {
  const LdpcGraph g = graph(row_first, col, shift, n_cols, z);
  const std::int32_t n_info = n_cols - g.n_rows;
  expect(g.n_rows >= 4 && n_info >= 1, "four rows and one column of information at least");
  expect(!packed || z % 8 == 0, "packed rows need z to be a multiple of 8");
  const std::size_t unit = packed ? 8 : 1;
  expect(info.shape(1) == std::size_t(n_info) * std::size_t(z) / unit, "info must be [n_blocks, n_info * z]");
  const std::size_t n = info.shape(0), length = std::size_t(n_cols) * std::size_t(z) / unit;
  std::unique_ptr<std::uint8_t[]> work(new std::uint8_t[std::size_t(n_info + 8) * std::size_t(2 * z + 2 * ldpc_max_vector)]());
  std::unique_ptr<std::uint8_t[]> code(new std::uint8_t[n * length]);
  {
    nb::gil_scoped_release unlocked;
    table().ldpc_encode({g, std::int64_t(n), n_info, packed, info.data(), work.get(), code.get()});
  }
  return make_array<std::uint8_t>(code.release(), {n, length});
}

void bind_ldpc(nb::module_ &m) {
  m.def("ldpc_decode", &decode, "llr"_a, "row_first"_a, "col"_a, "shift"_a, "order"_a, "z"_a, "n_out"_a, "max_iterations"_a,
        "sixteenths"_a, "offset"_a, "limit"_a, "early_stop"_a, "syndrome"_a.none() = nb::none(), "n_crc"_a = 0,
        "crc_table"_a.none() = nb::none(),
        "(bits [n_blocks, n_out * z], iterations, satisfied) of layered min-sum decoding.");
  m.def("ldpc_encode", &encode, "info"_a, "row_first"_a, "col"_a, "shift"_a, "z"_a, "n_cols"_a, "packed"_a = false,
        "Code words [n_blocks, n_cols * z], the information first.");
}

}  // namespace silla
