// Exact state vectors of QAOA: phases exp(-i gamma C) and rotations exp(-i phi X), energies and adjoint gradients.
//
// A state has 2^n amplitudes in two planes, real and imaginary; bit q of an index is qubit q. With `mirror` the state is one
// half of a state of n + 1 qubits that is symmetric under the flip of all of them: the last qubit is 0 in the half kept, and
// its rotation pairs an index with its complement.
#pragma once
#include <cstdint>

namespace silla {

struct QaoaTask {
  bool wide;                  // double, otherwise float: planes, and the cost unless it is counted
  std::int32_t n, depth;      // qubits of the state, layers
  bool mirror, uniform;       // uniform: start from the uniform superposition, otherwise from what the planes hold
  void *re, *im;              // [2^n] each, the state: given, and returned if `keep`
  void *back_re, *back_im;    // [2^n] each, used as work space, or null: no gradient
  const void *cost;           // [2^n] float or double, or uint16 counts if `counted`: cost = base + step * count
  bool counted, keep;         // keep: the final state is wanted
  double base, step;
  const double *gamma;        // [depth]
  const double *phi;          // [depth, n + mirror]
  const double *field;        // [depth, n] or null: exp(-i sum field_q s_q) goes with the phase of its layer, s = +1 for bit 0
  std::int32_t low_bits, high_bits;  // qubits of a contiguous block, and of a gathered one at most; 0: chosen here
};

struct QaoaResult {
  double energy, norm;  // sum of cost |amplitude|^2, sum of |amplitude|^2
  double *d_gamma;      // [depth] derivatives of the energy, or null
  double *d_phi;        // [depth, n + mirror]
  double *d_field;      // [depth, n] or null
};

using qaoa_run_fn = void(const QaoaTask &task, QaoaResult &result);

// cost[z] = sum_q h_q s_q + sum_{i<j} J_ij s_i s_j, J [n, n] of which the upper triangle is read; kind 0 float, 1 double,
// 2 counts round((cost - base) / step). extremes: least and greatest value, and the first index of each.
struct QaoaDiagonal {
  std::int32_t n, kind;
  double base, step;
  void *cost;
  double extreme[2];
  std::int64_t at[2];
};
using ising_diagonal_fn = void(const double *h, const double *J, QaoaDiagonal &diagonal);
// cost[z] = sum_k coefficient_k prod_{q in mask_k} s_q
using polynomial_diagonal_fn = void(const std::uint64_t *mask, const double *coefficient, std::int64_t n_terms,
                                    QaoaDiagonal &diagonal);

// Rotations exp(-i phi_k (X_a X_b + Y_a Y_b) / 2) one after the other; with `back` the inverses in reverse order on both states,
// and d_phi[k] = 2 Im <back| (XX + YY) / 2 |state> before each.
struct PairTask {
  bool wide;
  std::int32_t n;
  void *re, *im, *back_re, *back_im;
  std::int64_t n_pairs;
  const std::int32_t *a, *b;
  const double *phi;
  double *d_phi;
};
using pair_rotations_fn = void(const PairTask &task);

#define SILLA_DECLARE(isa)                     \
  namespace isa {                              \
  qaoa_run_fn qaoa_run;                        \
  ising_diagonal_fn ising_diagonal;            \
  polynomial_diagonal_fn polynomial_diagonal;  \
  pair_rotations_fn pair_rotations;            \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
