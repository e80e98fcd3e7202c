// Clicks of single-photon detectors, slot by slot, without visiting the slots in which nothing can happen.
#pragma once
#include <cstdint>

namespace silla {

constexpr int photon_classes = 8;     // 0..6 photons sent, 7 or more
constexpr int photon_detectors = 4;   // two for each of at most two stations
constexpr int photon_state = 16;      // int64 words that a run carries from call to call

// Setting s has the probability of an alias table; given it, outcome o holds where the 63-bit uniform is below
// threshold[s][o] and not below the one before; outcome n_outcomes is "nothing". Chances are counted in 2^-31, those of
// `threshold` in 2^-63 of q.
struct PhotonInput {
  std::uint64_t key;
  std::int64_t n_slots;
  double gap_scale;                     // 1 / log(1 - q), q the greatest chance of a click in a slot; 0 where q is 1
  std::int32_t n_settings, n_outcomes;  // at most 65535 and 15
  const std::uint32_t *keep;            // [n_settings]
  const std::uint16_t *other;           // [n_settings]
  const std::uint64_t *threshold;       // [n_settings, n_outcomes]
  const std::uint8_t *mask;             // [n_settings, n_outcomes + 1] which detectors fire
  const std::uint32_t *photons;         // [n_settings, n_outcomes + 1, photon_classes - 1] of the number sent, cumulative
  std::int32_t n_detectors;             // 2 or 4
  const std::int64_t *dead;             // [n_detectors] slots that a detector misses after a click
  bool together;                        // a click blinds every detector of its station
  const std::uint32_t *afterpulse;      // [n_detectors] chance that a click leaves a trap that outlasts the dead time
  const double *trap_slots;             // [n_detectors] mean life of a trap; 0 for none
  const std::uint32_t *survive;         // [n_detectors, 2] chance that a trap outlasts dead slots, and one more
  bool coincidences;                    // record only slots in which both stations have a click
  std::int64_t capacity;                // room for records; 0 for none and a run to the end
};

struct PhotonOutput {
  std::int64_t *state;    // [photon_state] in and out; see photons.cpp
  std::int64_t *counts;   // [n_settings, n_results, photon_classes], added to; n_results is 5 or 25
  std::int64_t *visited;  // [n_settings] slots whose setting was drawn, added to
  std::int64_t *slot;     // [capacity] and the three below
  std::uint16_t *setting;
  std::uint8_t *result;
  std::uint8_t *sent;     // class of the number of photons
};

// Number of records written. state[15] is 1 when all slots are done, 0 when the records are full.
using photon_clicks_fn = std::int64_t(const PhotonInput &, const PhotonOutput &);

// live[i] = whether click i finds its detector ready: no live click within the dead bins before it. Times rise; `blind` is
// the last blind bin, in and out.
using live_clicks_fn = void(const std::int64_t *time, std::int64_t n, std::int64_t dead, std::int64_t *blind, bool *live);

#define SILLA_DECLARE(isa)        \
  namespace isa {                 \
  photon_clicks_fn photon_clicks; \
  live_clicks_fn live_clicks;     \
  }
SILLA_DECLARE(baseline)
SILLA_DECLARE(avx2)
SILLA_DECLARE(avx512)
#undef SILLA_DECLARE

}  // namespace silla
