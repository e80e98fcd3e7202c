// Polynomials over GF(2): Toeplitz hashing by an additive Fourier transform over GF(2^128), and polynomial hashing.
//
// A field element is two words, low first, of the polynomial basis modulo x^128 + x^7 + x^2 + x + 1.
#pragma once
#include <cstdint>

namespace silla {

struct ToeplitzInput {
  std::int64_t n, n_out;         // bits of the input and of the hash
  const std::uint8_t *bits;      // packed, first bit lowest, (n + 7) / 8 bytes
  const std::uint8_t *diagonals; // packed, n + n_out - 1 bits
  std::uint8_t *out;             // packed, (n_out + 7) / 8 bytes, zero at the start
};

// How the matrix is cut, and the room needed for it.
struct ToeplitzPlan {
  std::int32_t log_size;             // of the transform
  std::int64_t columns, rows;        // pieces of the input and of the hash
  std::int64_t column_bits, row_bits;
  std::int64_t workspace_words;
};

using toeplitz_plan_fn = ToeplitzPlan(std::int64_t n, std::int64_t n_out);
using toeplitz_fn = void(const ToeplitzInput &, const ToeplitzPlan &, std::uint64_t *workspace);
// out = sum over i of block[i] key^(n_blocks - i), blocks of 16 bytes, low byte first.
using polynomial_hash_fn = void(const std::uint8_t *data, std::int64_t n_blocks, const std::uint64_t *key, std::uint64_t *out);
using gf128_multiply_fn = void(const std::uint64_t *a, const std::uint64_t *b, std::uint64_t *out);

#define SILLA_GF2 \
  toeplitz_plan_fn toeplitz_plan; toeplitz_fn toeplitz; polynomial_hash_fn polynomial_hash; gf128_multiply_fn gf128_multiply;
namespace baseline { SILLA_GF2 }
namespace avx2 { SILLA_GF2 }
namespace avx512 { SILLA_GF2 }
#undef SILLA_GF2

}  // namespace silla
