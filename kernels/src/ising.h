// Ising models E(s) = sum_i h_i s_i + sum_{i<j} J_ij s_i s_j in single precision: annealing, tabu search, enumeration.
//
// Arrays are padded to n_pad, a multiple of 16: padding spins are +1 and their h is so negative that they never flip.
#pragma once
#include <cstdint>

namespace silla {

constexpr int ising_lanes = 16;  // spins judged at once, and lanes of the random generator

struct IsingModel {
  std::int32_t n, n_pad;
  const float *h;              // [n_pad]
  const float *dense;          // [n, n_pad] symmetric without diagonal, or null
  const std::int32_t *first;   // [n + 1] of the sparse rows, or null
  const std::int32_t *column;  // [nnz]
  const float *value;          // [nnz]
};

struct AnnealInput {
  IsingModel model;
  std::int64_t n_reads;
  std::int32_t n_sweeps;
  const float *temperature;      // [n_rows, n_sweeps]
  bool per_read;                 // n_rows is n_reads, otherwise 1
  bool descend;                  // sweeps at zero temperature at the end, until no spin flips
  const std::uint32_t *state;    // [n_reads, 4, 16] of xoshiro128+
};

struct AnnealOutput {
  float *spin, *field;   // [n_reads, n_pad] in: states; out: states and h + J s
  std::int64_t *flips;   // [n_reads]
};

struct TabuInput {
  IsingModel model;
  std::int64_t n_reads;
  std::int32_t n_steps;
  const std::int32_t *tenure;  // [n_steps] steps for which the spin flipped then stays
};

struct TabuOutput {
  float *spin;    // [n_reads, n_pad] in: states; out: the best met
  float *work;    // [5, n_pad]
  std::int64_t *best_step;  // [n_reads]
};

struct EnumerateOutput {
  double energy;         // the least
  std::uint64_t state;   // bit i set: spin i is +1; the first met of equals
  std::uint64_t second;  // states whose energy is within `tolerance` of the least as it was met
};

using anneal_fn = void(const AnnealInput &, const AnnealOutput &);
using tabu_fn = void(const TabuInput &, const TabuOutput &);
// n <= 62 spins, h [n] and J [n, n] in double precision
using enumerate_fn = void(std::int32_t n, const double *h, const double *j, double tolerance, EnumerateOutput *out);

#define SILLA_ISING anneal_fn anneal; tabu_fn tabu; enumerate_fn enumerate_states;
namespace baseline { SILLA_ISING }
namespace avx2 { SILLA_ISING }
namespace avx512 { SILLA_ISING }
#undef SILLA_ISING

}  // namespace silla
