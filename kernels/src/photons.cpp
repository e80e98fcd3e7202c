// Skip sampling: with q the greatest chance of a click over all settings, slots in which the 64-bit uniform of the slot is
// below q are a geometric distance apart; only there is a setting drawn (from its prior, which that uniform knows nothing
// of), and the uniform, stretched to [0, q), then picks the outcome or rejects it. The law is that of drawing every slot.
//
// Everything about event k comes from the counters (k, stream 0) and (k, stream 1), everything about the traps of a
// detector from (number of the click, stream 2 and above): results do not depend on how a run is cut into calls.
//
// Traps: a click leaves one with the chance `afterpulse`; each empties in a slot with the chance r = 1 - exp(-1 / life), and
// fires the detector unless it is blind. They have no memory, so their number is the whole state: the first of m empties
// after a gap that is geometric with 1 - (1 - r)^m, and those left are thinned over the dead time that follows.
#include "photons.h"

#include <limits>

#include "philox.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int block = 64;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
enum { at_event, at_slot, at_click, at_blind, at_traps = at_blind + 4, at_release = at_traps + 4, at_done = 15 };

struct Machine {
  const PhotonInput &in;
  const PhotonOutput &out;
  std::int64_t *state, *blind, *traps, *release;
  std::int64_t n_records = 0, first_release = never;
  std::int32_t n_results;
  bool sticky = false;  // any detector has afterpulses

  Machine(const PhotonInput &i, const PhotonOutput &o)
      : in(i), out(o), state(o.state), blind(o.state + at_blind), traps(o.state + at_traps), release(o.state + at_release) {
    n_results = in.n_detectors == 4 ? 25 : 5;
    for (int j = 0; j < in.n_detectors; ++j) sticky |= in.afterpulse[j] != 0;
    find_release();
  }

  void find_release() {
    first_release = never;
    for (int j = 0; j < in.n_detectors; ++j)
      if (traps[j] > 0 && release[j] < first_release) first_release = release[j];
  }

  std::int32_t setting_of(std::uint32_t word) const {
    const std::uint64_t p = std::uint64_t(word) * std::uint64_t(in.n_settings);
    const std::uint32_t i = std::uint32_t(p >> 32);
    return (std::uint32_t(p) >> 1) < in.keep[i] ? std::int32_t(i) : std::int32_t(in.other[i]);
  }

  std::uint32_t emptied(std::int64_t slot) const {  // detectors whose first trap empties in this slot
    std::uint32_t which = 0;
    for (int j = 0; j < in.n_detectors; ++j) which |= std::uint32_t(traps[j] > 0 && release[j] == slot) << j;
    return which;
  }

  // After a click (`fired`) or an emptied trap (`gone`) of a detector.
  void refill(int j, std::int64_t slot, bool fired, bool gone) {
    std::uint32_t w[4][1];
    const std::uint64_t click = std::uint64_t(state[at_click]);
    std::int64_t left = traps[j] - (gone ? 1 : 0);
    if (fired) {
      std::int64_t stay = 0;
      for (std::int64_t t = 0; t < left; ++t) {
        philox_run<1>(in.key, click, std::uint32_t(16 + 256 * j + t % 256), w);
        stay += (w[0][0] >> 1) < in.survive[2 * j + (gone ? 1 : 0)];
      }
      left = stay;
    }
    philox_run<1>(in.key, click, std::uint32_t(4 + j), w);
    if (fired) left += (w[2][0] >> 1) < in.afterpulse[j];
    traps[j] = left;
    const std::int64_t from = fired ? slot + in.dead[j] : slot;
    release[j] = left > 0 ? from + (gone && !fired ? 0 : 1) + gap_of(w[0][0], w[1][0], -in.trap_slots[j] / double(left)) : never;
  }

  bool fire(std::int64_t slot, std::int32_t s, std::int32_t o, std::uint32_t coins, std::uint32_t number,
            std::uint32_t avalanche, std::uint32_t gone) {
    std::uint32_t live = 0;
    for (int j = 0; j < in.n_detectors; ++j) live |= std::uint32_t(slot > blind[j]) << j;
    const std::uint32_t fired = avalanche & live;
    for (int j = 0; j < in.n_detectors; ++j)
      if (in.together ? (fired >> (j & 2)) & 3u : (fired >> j) & 1u) blind[j] = slot + in.dead[j];
    if (sticky && (fired | gone)) {
      for (int j = 0; j < in.n_detectors; ++j)
        if (((fired | gone) >> j) & 1u) refill(j, slot, (fired >> j) & 1u, (gone >> j) & 1u);
      ++state[at_click];
      find_release();
    }
    if (!fired) return false;
    const std::uint32_t a = fired & 3u, b = (fired >> 2) & 3u;
    std::uint32_t result = a == 3u ? 3u + (coins & 1u) : a;
    result += 5u * (b == 3u ? 3u + ((coins >> 1) & 1u) : b);
    const std::uint32_t *limit = in.photons + (std::int64_t(s) * (in.n_outcomes + 1) + o) * (photon_classes - 1);
    int n = 0;
    while (n < photon_classes - 1 && (number >> 1) >= limit[n]) ++n;
    ++out.counts[(std::int64_t(s) * n_results + result) * photon_classes + n];
    if (in.capacity && (!in.coincidences || (a && b))) {
      out.slot[n_records] = slot;
      out.setting[n_records] = std::uint16_t(s);
      out.result[n_records] = std::uint8_t(result);
      out.sent[n_records] = std::uint8_t(n);
      ++n_records;
    }
    return true;
  }

  bool full() const { return in.capacity && n_records >= in.capacity; }

  // Traps that empty before `slot`; false when the records are full.
  bool release_before(std::int64_t slot) {
    while (first_release < slot) {
      if (full()) return false;
      std::uint32_t w[4][1];
      philox_run<1>(in.key, std::uint64_t(state[at_click]), 2, w);
      const std::int32_t s = setting_of(w[0][0]);
      const std::uint32_t gone = emptied(first_release);
      if (fire(first_release, s, in.n_outcomes, w[1][0], w[2][0], gone, gone)) ++out.visited[s];
    }
    return true;
  }

  bool event(std::int64_t slot, std::uint64_t uniform, std::uint32_t word, std::uint32_t coins, std::uint32_t number) {
    if (first_release < slot && !release_before(slot)) return false;
    if (full()) return false;
    const std::int32_t s = setting_of(word);
    ++out.visited[s];
    const std::uint64_t *limit = in.threshold + std::int64_t(s) * in.n_outcomes;
    std::int32_t o = 0;
    while (o < in.n_outcomes && uniform >= limit[o]) ++o;
    const std::uint32_t gone = first_release == slot ? emptied(slot) : 0u;
    const std::uint32_t avalanche = in.mask[std::int64_t(s) * (in.n_outcomes + 1) + o] | gone;
    if (avalanche) fire(slot, s, o, coins, number, avalanche, gone);
    return true;
  }

  bool run() {
    std::uint32_t a[4][block], b[4][block];
    std::int64_t gap[block];
    std::int64_t event_number = state[at_event], last = state[at_slot];
    for (;;) {
      philox_run<block>(in.key, std::uint64_t(event_number), 0, a);
      philox_run<block>(in.key, std::uint64_t(event_number), 1, b);
      for (int i = 0; i < block; ++i) gap[i] = gap_of(a[0][i], a[1][i], in.gap_scale);
      for (int i = 0; i < block; ++i) {
        const std::int64_t slot = last + 1 + gap[i];
        if (slot >= in.n_slots) {
          state[at_event] = event_number + i, state[at_slot] = last;
          return release_before(in.n_slots);
        }
        if (!event(slot, ((std::uint64_t(a[2][i]) << 32) | a[3][i]) >> 1, b[0][i], b[1][i], b[2][i])) {
          state[at_event] = event_number + i, state[at_slot] = last;
          return false;
        }
        last = slot;
      }
      event_number += block;
    }
  }
};

}  // namespace

std::int64_t photon_clicks(const PhotonInput &in, const PhotonOutput &out) {
  Machine machine(in, out);
  out.state[at_done] = machine.run() ? 1 : 0;
  return machine.n_records;
}

void live_clicks(const std::int64_t *time, std::int64_t n, std::int64_t dead, std::int64_t *blind, bool *live) {
  std::int64_t last = *blind;
  for (std::int64_t i = 0; i < n; ++i) {
    live[i] = time[i] > last;
    last = live[i] ? time[i] + dead : last;
  }
  *blind = last;
}

}  // namespace SILLA_ISA
}  // namespace silla
