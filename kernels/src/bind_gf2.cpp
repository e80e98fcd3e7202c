#include <new>
#include <stdexcept>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Packed = in<std::uint8_t, nb::ndim<1>>;
using Field = in<std::uint64_t, nb::shape<2>>;

void bind_gf2(nb::module_ &m) {
  m.def(
      "toeplitz",
      [](const Packed &bits, std::int64_t n, const Packed &diagonals, std::int64_t n_out) {
        if (n < 1 || n_out < 1 || n > (std::int64_t(1) << 34) || n_out > (std::int64_t(1) << 34) ||
            std::int64_t(bits.shape(0)) != (n + 7) / 8 || std::int64_t(diagonals.shape(0)) != (n + n_out + 6) / 8)
          throw std::invalid_argument("bits and diagonals do not hold n and n + n_out - 1 packed bits");
        if (n % 8 && bits.data()[n / 8] >> (n % 8)) throw std::invalid_argument("bits behind the end must be zero");
        const ToeplitzPlan plan = table().toeplitz_plan(n, n_out);
        if (plan.columns < 1) throw std::invalid_argument("too many bits for one transform");
        const std::size_t n_bytes = std::size_t((n_out + 7) / 8);
        std::uint8_t *result = new std::uint8_t[n_bytes]();
        std::uint64_t *workspace = new (std::nothrow) std::uint64_t[std::size_t(plan.workspace_words)];
        if (!workspace) {
          delete[] result;
          throw std::bad_alloc();
        }
        {
          nb::gil_scoped_release unlocked;
          table().toeplitz({n, n_out, bits.data(), diagonals.data(), result}, plan, workspace);
        }
        delete[] workspace;
        return make_array<std::uint8_t>(result, {n_bytes});
      },
      "bits"_a, "n"_a, "diagonals"_a, "n_out"_a, "Toeplitz hash of n packed bits (first bit lowest), packed.");
  m.def(
      "polynomial_hash",
      [](const Packed &data, const Field &key) {
        if (data.shape(0) % 16) throw std::invalid_argument("data must be whole blocks of 16 bytes");
        std::uint64_t *result = new std::uint64_t[2];
        {
          nb::gil_scoped_release unlocked;
          table().polynomial_hash(data.data(), std::int64_t(data.shape(0) / 16), key.data(), result);
        }
        return make_array<std::uint64_t>(result, {2});
      },
      "data"_a, "key"_a, "Sum of data[i] key^(n - i) in GF(2^128).");
  m.def(
      "gf128_multiply",
      [](const Field &a, const Field &b) {
        std::uint64_t *result = new std::uint64_t[2];
        table().gf128_multiply(a.data(), b.data(), result);
        return make_array<std::uint64_t>(result, {2});
      },
      "a"_a, "b"_a, "Product in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1.");
}

}  // namespace silla
