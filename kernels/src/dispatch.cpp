#include "dispatch.h"

#include <stdexcept>

namespace silla {
namespace {

#define SILLA_TABLE(isa) \
  {#isa, \
   isa::los, \
   isa::coupling, isa::strongest, \
   isa::weigh_cells, isa::weigh_users, \
   isa::lmmse_detect, isa::ep_detect, isa::front_end, isa::qam_search, isa::propagate, isa::to_samples, isa::to_subcarriers, \
   isa::ldpc_sizes, isa::ldpc_decode, isa::ldpc_encode, \
   isa::rate_match, isa::rate_combine, isa::crc_remainder, \
   isa::photon_clicks, isa::live_clicks, \
   isa::qam_map, isa::qam_demap_float, isa::qam_demap_int8, \
   isa::anneal, isa::tabu, isa::enumerate_states, \
   isa::k_best, isa::sphere, \
   isa::qaoa_run, isa::ising_diagonal, isa::polynomial_diagonal, isa::pair_rotations, \
   isa::cascade_new, isa::cascade_free, isa::cascade_answer, isa::cascade_next, isa::cascade_words, \
   isa::toeplitz_plan, isa::toeplitz, isa::polynomial_hash, isa::gf128_multiply, \
   isa::syndrome_decode, isa::syndrome_of}

bool has(const std::string &isa) {
#if defined(__x86_64__)
  if (isa == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == "avx512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
  return isa == "baseline";  // on aarch64 this is NEON, which every such processor has
}

// Best first.
const Table compiled[] = {
#ifdef SILLA_HAS_AVX512
    SILLA_TABLE(avx512),
#endif
#ifdef SILLA_HAS_AVX2
    SILLA_TABLE(avx2),
#endif
    SILLA_TABLE(baseline)};

const Table *best() {
  for (const Table &t : compiled)
    if (has(t.isa)) return &t;
  return &compiled[0];
}

const Table *&current() {
  static const Table *t = best();
  return t;
}

}  // namespace

const Table &table() { return *current(); }

std::vector<std::string> supported() {
  std::vector<std::string> names;
  for (const Table &t : compiled)
    if (has(t.isa)) names.emplace_back(t.isa);
  return names;
}

void set_isa(const std::string &isa) {
  for (const Table &t : compiled)
    if (isa == t.isa && has(isa)) {
      current() = &t;
      return;
    }
  std::string message = "instruction set '" + isa + "' is not available here; there are:";
  for (const std::string &name : supported()) message += " " + name;
  throw std::invalid_argument(message);
}

}  // namespace silla
