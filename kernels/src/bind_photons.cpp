#include <stdexcept>
#include <string>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("photon_clicks: ") + what);
}

// The arrays of results are the caller's and are added to, so that a run of many calls allocates nothing.
static std::int64_t clicks(std::uint64_t key, std::int64_t n_slots, double gap_scale, const in<std::uint32_t, nb::ndim<1>> &keep,
                           const in<std::uint16_t, nb::ndim<1>> &other, const in<std::uint64_t, nb::ndim<2>> &threshold,
                           const in<std::uint8_t, nb::ndim<2>> &mask, const in<std::uint32_t, nb::ndim<3>> &photons,
                           const in<std::int64_t, nb::ndim<1>> &dead, bool together,
                           const in<std::uint32_t, nb::ndim<1>> &afterpulse, const in<double, nb::ndim<1>> &trap_slots,
                           const in<std::uint32_t, nb::ndim<2>> &survive, bool coincidences,
                           const out<std::int64_t, nb::ndim<1>> &state, const out<std::int64_t, nb::ndim<3>> &counts,
                           const out<std::int64_t, nb::ndim<1>> &visited, const out<std::int64_t, nb::ndim<1>> &slot,
                           const out<std::uint16_t, nb::ndim<1>> &setting, const out<std::uint8_t, nb::ndim<1>> &result,
                           const out<std::uint8_t, nb::ndim<1>> &sent) {
  const std::size_t settings = keep.shape(0), outcomes = threshold.shape(1), detectors = dead.shape(0);
  expect(n_slots >= 0 && n_slots <= (std::int64_t(1) << 49), "n_slots must be 0 .. 2^49");
  expect(gap_scale <= 0.0, "gap_scale must not be positive");
  expect(settings >= 1 && settings < 65536 && outcomes >= 1 && outcomes <= 15, "1 to 65535 settings, 1 to 15 outcomes");
  expect(detectors == 2 || detectors == 4, "2 or 4 detectors");
  expect(other.shape(0) == settings && threshold.shape(0) == settings && mask.shape(0) == settings &&
             photons.shape(0) == settings && visited.shape(0) == settings,
         "one row for each setting");
  expect(mask.shape(1) == outcomes + 1 && photons.shape(1) == outcomes + 1 && photons.shape(2) == photon_classes - 1,
         "one column more than outcomes, seven limits of the number of photons");
  expect(afterpulse.shape(0) == detectors && trap_slots.shape(0) == detectors && survive.shape(0) == detectors &&
             survive.shape(1) == 2,
         "one entry for each detector");
  expect(state.shape(0) == photon_state, "state holds 16 words");
  expect(counts.shape(0) == settings && counts.shape(1) == (detectors == 4 ? 25u : 5u) && counts.shape(2) == photon_classes,
         "counts must be [n_settings, 5 or 25, 8]");
  expect(setting.shape(0) == slot.shape(0) && result.shape(0) == slot.shape(0) && sent.shape(0) == slot.shape(0),
         "records of one length");
  for (std::size_t s = 0; s < settings; ++s) expect(other.data()[s] < settings, "an alias is out of range");
  for (std::size_t i = 0; i < settings * (outcomes + 1); ++i)
    expect(mask.data()[i] < (1u << detectors), "a mask names a detector that is not there");
  for (std::size_t j = 0; j < detectors; ++j) {
    expect(dead.data()[j] >= 0 && dead.data()[j] <= (std::int64_t(1) << 53), "dead slots must be 0 .. 2^53");
    expect(trap_slots.data()[j] >= 0.0, "the life of a trap must not be negative");
    expect(state.data()[7 + j] >= 0, "a detector cannot have fewer than no traps");
  }
  nb::gil_scoped_release unlocked;
  return table().photon_clicks(
      {key, n_slots, gap_scale, std::int32_t(settings), std::int32_t(outcomes), keep.data(), other.data(), threshold.data(),
       mask.data(), photons.data(), std::int32_t(detectors), dead.data(), together, afterpulse.data(), trap_slots.data(),
       survive.data(), coincidences, std::int64_t(slot.shape(0))},
      {state.data(), counts.data(), visited.data(), slot.data(), setting.data(), result.data(), sent.data()});
}

static nb::tuple live(const in<std::int64_t, nb::ndim<1>> &time, std::int64_t dead, std::int64_t blind) {
  if (dead < 0 || dead > (std::int64_t(1) << 53)) throw std::invalid_argument("live_clicks: dead bins must be 0 .. 2^53");
  const std::size_t n = time.shape(0);
  bool *found = new bool[n];
  {
    nb::gil_scoped_release unlocked;
    table().live_clicks(time.data(), std::int64_t(n), dead, &blind, found);
  }
  return nb::make_tuple(make_array<bool>(found, {n}), blind);
}

void bind_photons(nb::module_ &m) {
  m.def("live_clicks", &live, "time"_a, "dead"_a, "blind"_a, "(bool [n] whether each click is live, last blind bin).");
  m.def("photon_clicks", &clicks, "key"_a, "n_slots"_a, "gap_scale"_a, "keep"_a, "other"_a, "threshold"_a, "mask"_a,
        "photons"_a, "dead"_a, "together"_a, "afterpulse"_a, "trap_slots"_a, "survive"_a, "coincidences"_a,
        "state"_a.noconvert(), "counts"_a.noconvert(), "visited"_a.noconvert(), "slot"_a.noconvert(),
        "setting"_a.noconvert(), "result"_a.noconvert(), "sent"_a.noconvert(),
        "Number of records written; state, counts, visited and the records are changed in place.");
}

}  // namespace silla
