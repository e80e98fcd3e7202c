#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <new>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

using Words = in<std::uint64_t, nb::ndim<2>>;
using Orders = in<std::uint16_t, nb::ndim<2>>;
using Masks = in<std::uint16_t, nb::ndim<1>>;
using Bytes1 = in<std::uint8_t, nb::ndim<1>>;
using Nodes1 = in<std::uint32_t, nb::ndim<1>>;

// A checked plan with its own copies of the orders.
struct CascadeSetting {
  CascadePlan plan{};
  std::vector<std::uint16_t> order, place, mask;

  CascadeSetting(int length, const std::vector<int> &top, const Orders &orders, const Masks &masks) {
    const std::size_t n = orders.shape(1);
    int log_size = 0;
    while ((std::size_t(1) << log_size) < n) ++log_size;
    if (log_size < 6 || log_size > 16 || (std::size_t(1) << log_size) != n || orders.shape(0) != cascade_orders)
      throw std::invalid_argument("orders must be [2, n] with n a power of two, 64 to 65536");
    if (length < 1 || std::size_t(length) > n) throw std::invalid_argument("length must be 1 to n");
    if (top.size() < 1 + cascade_orders || top.size() > cascade_max_passes ||
        masks.shape(0) + 1 + cascade_orders != top.size())
      throw std::invalid_argument("there must be 3 to 32 passes and one mask for each behind the third");
    plan.log_size = log_size;
    plan.length = length;
    plan.n_passes = int(top.size());
    for (std::size_t p = 0; p < top.size(); ++p) {
      if (top[p] < 1 || top[p] > log_size - (p > 0) || (p > cascade_orders && top[p] != log_size - 1))
        throw std::invalid_argument("block levels must be 1 to log2(n) - 1, and the latter behind the third pass");
      plan.top[p] = top[p];
    }
    order.assign(orders.data(), orders.data() + orders.size());
    place.assign(order.size(), 0);
    std::vector<bool> seen(order.size());
    for (std::size_t o = 0; o < cascade_orders; ++o)
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t at = order[o * n + i];
        if (at >= n || seen[o * n + at]) throw std::invalid_argument("an order must hold every position once");
        seen[o * n + at] = true;
        place[o * n + at] = std::uint16_t(i);
      }
    mask.assign(masks.data(), masks.data() + masks.size());
    for (std::uint16_t m : mask)
      if (!(m & 1) || m >= n) throw std::invalid_argument("masks must be odd and below n");
    plan.order = order.data();
    plan.place = place.data();
    plan.mask = mask.data();
  }
};

class Cascade {
 public:
  Cascade(const Words &words, int length, const std::vector<int> &top, const Orders &orders, const Masks &masks, bool receiver)
      : setting_(length, top, orders, masks), table_(table()), n_frames_(int(words.shape(0))), receiver_(receiver) {
    if (n_frames_ < 1 || n_frames_ > 1024 || words.shape(1) != n_words())
      throw std::invalid_argument("words must be [1 to 1024 frames, n / 64]");
    handle_ = table_.cascade_new(setting_.plan, n_frames_, words.data(), receiver);
    if (!handle_) throw std::bad_alloc();
  }
  Cascade(const Cascade &) = delete;
  Cascade &operator=(const Cascade &) = delete;
  ~Cascade() { table_.cascade_free(handle_); }

  nb::ndarray<nb::numpy, std::uint8_t> answer(int open_pass, const Bytes1 &directions, const Nodes1 &nodes) {
    if (receiver_) throw std::invalid_argument("this end asks, the other answers");
    const CascadeRequest request{open_pass, std::int64_t(directions.shape(0)), std::int64_t(nodes.shape(0)),
                                 directions.data(), nodes.data()};
    const std::uint8_t *parities = nullptr;
    const std::int64_t n = table_.cascade_answer(handle_, request, &parities);
    if (n < 0) throw std::invalid_argument("the request does not fit the state of the reconciliation");
    return copy(parities, n);
  }

  auto next(const Bytes1 &parities) {
    if (!receiver_) throw std::invalid_argument("this end answers, the other asks");
    CascadeRequest r{};
    if (!table_.cascade_next(handle_, parities.data(), std::int64_t(parities.shape(0)), &r))
      throw std::invalid_argument("the parities are not as many as were asked for, or contradict one another");
    return std::make_tuple(r.open_pass, copy(r.directions, r.n_directions), copy(r.nodes, r.n_nodes));
  }

  nb::ndarray<nb::numpy, std::uint64_t> words() const {
    const std::size_t n = n_words();
    std::uint64_t *result = new std::uint64_t[std::size_t(n_frames_) * n];
    const std::uint64_t *from = table_.cascade_words(handle_);
    for (std::size_t f = 0; f < std::size_t(n_frames_); ++f)
      for (std::size_t i = 0; i < n; ++i) result[f * n + i] = from[f * n * std::size_t(setting_.plan.n_passes) + i];
    return make_array<std::uint64_t>(result, {std::size_t(n_frames_), n});
  }

 private:
  template <typename T>
  static nb::ndarray<nb::numpy, T> copy(const T *from, std::int64_t n) {
    T *result = new T[std::size_t(n)];
    for (std::int64_t i = 0; i < n; ++i) result[i] = from[i];
    return make_array<T>(result, {std::size_t(n)});
  }
  std::size_t n_words() const { return std::size_t(1) << (setting_.plan.log_size - 6); }

  CascadeSetting setting_;
  const Table &table_;
  CascadeHandle handle_;
  int n_frames_;
  bool receiver_;
};

// Both ends in one place, frame after frame.
static std::tuple<nb::ndarray<nb::numpy, std::uint64_t>, std::int64_t, std::int64_t> run(
    const Words &sender, const Words &receiver, int length, const std::vector<int> &top, const Orders &orders,
    const Masks &masks) {
  const CascadeSetting setting(length, top, orders, masks);
  const std::size_t n = std::size_t(1) << (setting.plan.log_size - 6), frames = sender.shape(0);
  if (sender.shape(1) != n || receiver.shape(1) != n || receiver.shape(0) != frames)
    throw std::invalid_argument("both ends must have [n_frames, n / 64] words");
  std::uint64_t *result = new std::uint64_t[frames * n];
  std::int64_t told = 0, most = 0;
  {
    nb::gil_scoped_release unlocked;
    const Table &t = table();
    for (std::size_t f = 0; f < frames; ++f) {
      CascadeHandle a = t.cascade_new(setting.plan, 1, sender.data() + f * n, false);
      CascadeHandle b = t.cascade_new(setting.plan, 1, receiver.data() + f * n, true);
      CascadeRequest r{};
      const std::uint8_t *parities = nullptr;
      std::int64_t count = 0, rounds = 0;
      while (t.cascade_next(b, parities, count, &r) && (r.open_pass >= 0 || r.n_directions || r.n_nodes)) {
        count = t.cascade_answer(a, r, &parities);
        told += count;
        ++rounds;
      }
      most = rounds > most ? rounds : most;
      const std::uint64_t *words = t.cascade_words(b);
      for (std::size_t i = 0; i < n; ++i) result[f * n + i] = words[i];
      t.cascade_free(a);
      t.cascade_free(b);
    }
  }
  return {make_array<std::uint64_t>(result, {frames, n}), told, most};
}

void bind_cascade(nb::module_ &m) {
  nb::class_<Cascade>(m, "Cascade", "One end of Cascade over frames of packed bits.")
      .def(nb::init<const Words &, int, const std::vector<int> &, const Orders &, const Masks &, bool>(), "words"_a,
           "length"_a, "top"_a, "orders"_a, "masks"_a, "receiver"_a)
      .def("answer", &Cascade::answer, "open_pass"_a, "directions"_a, "nodes"_a, "Parities that the other end asked for.")
      .def("next", &Cascade::next, "parities"_a, "(open_pass, directions, nodes) to ask for next; all empty when done.")
      .def("words", &Cascade::words, "The frames as they are now.");
  m.def("cascade_run", &run, "sender"_a, "receiver"_a, "length"_a, "top"_a, "orders"_a, "masks"_a,
        "Both ends at once: (corrected frames, parities told, most rounds of a frame).");
}

}  // namespace silla
