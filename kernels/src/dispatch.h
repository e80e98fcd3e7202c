// Which instruction set the kernels use. A kernel is declared once here per set, and reached through table().
#pragma once
#include <string>
#include <vector>

#include "cascade.h"
#include "coupling.h"
#include "ep.h"
#include "equalise.h"
#include "front_end.h"
#include "ising.h"
#include "gf2.h"
#include "ldpc.h"
#include "obstruction.h"
#include "ofdm.h"
#include "photons.h"
#include "propagate.h"
#include "qam.h"
#include "qam_search.h"
#include "qaoa.h"
#include "rate_matching.h"
#include "received.h"
#include "syndrome.h"
#include "tree.h"

namespace silla {

struct Table {
  const char *isa;
  los_fn *los;
  coupling_fn *coupling;
  strongest_fn *strongest;
  weigh_cells_fn *weigh_cells;
  weigh_users_fn *weigh_users;
  lmmse_detect_fn *lmmse_detect;
  ep_detect_fn *ep_detect;
  front_end_fn *front_end;
  qam_search_fn *qam_search;
  propagate_fn *propagate;
  to_samples_fn *to_samples;
  to_subcarriers_fn *to_subcarriers;
  ldpc_sizes_fn *ldpc_sizes;
  ldpc_decode_fn *ldpc_decode;
  ldpc_encode_fn *ldpc_encode;
  rate_match_fn *rate_match;
  rate_combine_fn *rate_combine;
  crc_remainder_fn *crc_remainder;
  photon_clicks_fn *photon_clicks;
  live_clicks_fn *live_clicks;
  qam_map_fn *qam_map;
  qam_demap_float_fn *qam_demap_float;
  qam_demap_int8_fn *qam_demap_int8;
  anneal_fn *anneal;
  tabu_fn *tabu;
  enumerate_fn *enumerate_states;
  k_best_fn *k_best;
  sphere_fn *sphere;
  qaoa_run_fn *qaoa_run;
  ising_diagonal_fn *ising_diagonal;
  polynomial_diagonal_fn *polynomial_diagonal;
  pair_rotations_fn *pair_rotations;
  cascade_new_fn *cascade_new;
  cascade_free_fn *cascade_free;
  cascade_answer_fn *cascade_answer;
  cascade_next_fn *cascade_next;
  cascade_words_fn *cascade_words;
  toeplitz_plan_fn *toeplitz_plan;
  toeplitz_fn *toeplitz;
  polynomial_hash_fn *polynomial_hash;
  gf128_multiply_fn *gf128_multiply;
  syndrome_decode_fn *syndrome_decode;
  syndrome_of_fn *syndrome_of;
};

const Table &table();                 // the kernels in use
std::vector<std::string> supported();  // sets that were compiled and that this processor has, best first
void set_isa(const std::string &isa);  // throws std::invalid_argument for a set that is not supported

}  // namespace silla
