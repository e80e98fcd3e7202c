// The two ends of Cascade. The receiver keeps for every node whether the sender's parity is known and whether it differs;
// parities of halves that follow from their sum are never asked for. Nothing here uses a standard-library template.
#include "cascade.h"

#include <stdlib.h>
#include <string.h>

namespace silla {
namespace SILLA_ISA {
namespace {

enum : std::uint8_t { odd = 1, known = 2, taken = 4 };

template <typename T>
struct List {
  T *data = nullptr;
  std::int64_t n = 0, room = 0;

  void push(T x) {
    if (n == room) {
      room = room ? 2 * room : 64;
      data = static_cast<T *>(realloc(data, std::size_t(room) * sizeof(T)));
      if (!data) abort();
    }
    data[n++] = x;
  }
  void release() { free(data); }
};

struct Search {
  std::uint32_t frame;
  std::uint8_t pass, level;
  std::uint32_t index;
};

struct Candidate {
  std::uint8_t pass;
  std::uint32_t index;
};

inline unsigned parity_of(std::uint64_t x) { return unsigned(__builtin_parityll(x)); }

// Every second bit, the lower of each pair, moved together.
inline std::uint64_t even_bits(std::uint64_t x) {
  x &= 0x5555555555555555u;
  x = (x | x >> 1) & 0x3333333333333333u;
  x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0fu;
  x = (x | x >> 4) & 0x00ff00ff00ff00ffu;
  x = (x | x >> 8) & 0x0000ffff0000ffffu;
  return (x | x >> 16) & 0x00000000ffffffffu;
}

struct CascadeEnd {
  CascadePlan plan;
  std::int32_t n_frames, open = 0;  // passes opened so far
  bool receiver;
  std::int64_t n_words;        // of a frame
  std::uint64_t *permuted;     // [n_frames][n_passes][n_words]
  std::uint8_t *state;         // receiver: [n_frames][n_passes][2 << log_size]
  List<Search> running, next_running;
  List<std::uint8_t> parities, directions;
  List<std::uint32_t> nodes;
  List<Candidate> *candidates;  // receiver: [n_frames][log_size + 1]
  bool waits_for_pass = false;
  std::int64_t flips = 0;  // altogether; more than there are bits come of parities that contradict one another

  bool broken() const { return flips > 2 * std::int64_t(n_frames) * size(); }

  std::uint64_t *words(std::int64_t frame, int pass) const {
    return permuted + (frame * plan.n_passes + pass) * n_words;
  }
  std::uint8_t *states(std::int64_t frame, int pass) const {
    return state + ((frame * plan.n_passes + pass) << (plan.log_size + 1));
  }
  std::uint32_t size() const { return std::uint32_t(1) << plan.log_size; }
  std::uint32_t blocks(int pass) const {
    const std::uint32_t block = std::uint32_t(1) << plan.top[pass];
    return pass == 0 ? (std::uint32_t(plan.length) + block - 1) / block : size() >> plan.top[pass];
  }
  // Parities to be told when a pass opens: after the first pass the last block follows from the sum of all.
  std::uint32_t told(int pass) const { return pass == 0 ? blocks(0) : blocks(pass) - 1; }

  unsigned parity(std::int64_t frame, int pass, int level, std::uint32_t index) const {
    const std::uint64_t *w = words(frame, pass);
    if (level < 6) {
      const std::uint32_t first = index << level;
      const std::uint64_t ones = (std::uint64_t(1) << (1u << level)) - 1;
      return parity_of(w[first >> 6] >> (first & 63) & ones);
    }
    const std::int64_t n = std::int64_t(1) << (level - 6);
    w += std::int64_t(index) * n;
    std::uint64_t sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum ^= w[i];
    return parity_of(sum);
  }

  // A mask is laid over places of pass 1 or 2 in turn: over positions it would be blind to errors that add up to nothing,
  // and such are four errors in two blocks of pass 0.
  static int base(int pass) { return 1 + pass % cascade_orders; }

  std::uint32_t place(int pass, std::uint32_t position) const {
    if (pass == 0) return position;
    if (pass <= cascade_orders) return plan.place[(std::size_t(pass - 1) << plan.log_size) + position];
    const std::uint32_t at = place(base(pass), position);
    return parity_of(at & plan.mask[pass - 1 - cascade_orders]) << (plan.log_size - 1) | at >> 1;
  }
  std::uint32_t position(int pass, std::uint32_t at) const {
    if (pass == 0) return at;
    if (pass <= cascade_orders) return plan.order[(std::size_t(pass - 1) << plan.log_size) + at];
    const std::uint32_t even = (at << 1) & (size() - 1);
    return position(base(pass), even | (parity_of(even & plan.mask[pass - 1 - cascade_orders]) ^ at >> (plan.log_size - 1)));
  }

  void permute(std::int64_t frame, int pass);
  void flip(std::int64_t frame, std::uint32_t position);
  void schedule(std::int64_t frame);
  bool begin(std::int64_t frame);  // false when it has to be called again
};

// Bits of a frame in the order of a pass.
void CascadeEnd::permute(std::int64_t frame, int pass) {
  const std::uint64_t *from = words(frame, pass <= cascade_orders ? 0 : base(pass));
  std::uint64_t *to = words(frame, pass);
  if (pass <= cascade_orders) {
    std::uint8_t bits[1 << 16];
    for (std::int64_t w = 0; w < n_words; ++w)
      for (int i = 0; i < 64; ++i) bits[64 * w + i] = std::uint8_t(from[w] >> i & 1);
    const std::uint16_t *order = plan.order + (std::size_t(pass - 1) << plan.log_size);
    for (std::int64_t w = 0; w < n_words; ++w, order += 64) {
      std::uint64_t x = 0;
      for (int i = 0; i < 64; ++i) x |= std::uint64_t(bits[order[i]]) << i;
      to[w] = x;
    }
    return;
  }
  // Of each pair of neighbours one lies on either side of the mask.
  const std::uint32_t mask = plan.mask[pass - 1 - cascade_orders];
  std::uint64_t swap = 0;  // pairs whose upper bit lies on side 0, within a word whose first bit lies there
  for (std::uint32_t i = 0; i < 64; i += 2) swap |= std::uint64_t(parity_of(i & mask)) << i;
  std::uint32_t *half = reinterpret_cast<std::uint32_t *>(to);
  for (std::int64_t w = 0; w < n_words; ++w) {
    const std::uint64_t s = parity_of(std::uint32_t(64 * w) & mask) ? ~swap & 0x5555555555555555u : swap;
    const std::uint64_t x = from[w], exchange = (x ^ x >> 1) & s;
    const std::uint64_t y = x ^ exchange ^ exchange << 1;
    half[w] = std::uint32_t(even_bits(y));
    half[n_words + w] = std::uint32_t(even_bits(y >> 1));
  }
}

// A wrong bit was found: put it right in every pass, and note the smallest known node that is odd by it.
void CascadeEnd::flip(std::int64_t frame, std::uint32_t at) {
  ++flips;
  for (int pass = 0; pass < open; ++pass) {
    const std::uint32_t leaf = place(pass, at);
    words(frame, pass)[leaf >> 6] ^= std::uint64_t(1) << (leaf & 63);
    std::uint8_t *s = states(frame, pass);
    bool first = true;
    for (int level = 0; level <= plan.top[pass]; ++level) {
      std::uint8_t &node = s[(size() >> level) + (leaf >> level)];
      node ^= odd;
      if (first && (node & known)) {
        first = false;
        if (node & odd) candidates[frame * (plan.log_size + 1) + level].push({std::uint8_t(pass), leaf >> level});
      }
    }
  }
}

// Begins searches in the smallest odd nodes, those of one pass side by side.
void CascadeEnd::schedule(std::int64_t frame) {
  while (!broken() && !begin(frame)) {}
}

bool CascadeEnd::begin(std::int64_t frame) {
  for (int level = 0; level <= plan.log_size; ++level) {
    List<Candidate> &list = candidates[frame * (plan.log_size + 1) + level];
    int pass = -1;
    std::int64_t kept = 0, n = list.n;
    for (std::int64_t i = 0; i < n; ++i) {
      const Candidate c = list.data[i];
      std::uint8_t *s = states(frame, c.pass) + (size() >> level) + c.index;
      if ((*s & (odd | known | taken)) != (odd | known)) continue;  // solved meanwhile, or listed twice
      if (level == 0) {
        list.n = 0;  // what comes behind is seen again: flip lists every odd node once more
        for (std::int64_t k = i + 1; k < n; ++k) list.data[list.n++] = list.data[k];
        flip(frame, position(c.pass, c.index));
        return false;
      }
      const std::uint8_t *child = states(frame, c.pass) + (size() >> (level - 1)) + 2 * c.index;
      if (*child & known) {
        candidates[frame * (plan.log_size + 1) + level - 1].push({c.pass, 2 * c.index + ((*child & odd) ? 0u : 1u)});
        for (std::int64_t k = i + 1; k < n; ++k) list.data[kept++] = list.data[k];
        list.n = kept;
        // searches of this level that were taken already stay; smaller nodes come first otherwise
        if (pass < 0) return false;
        break;
      }
      if (pass >= 0 && c.pass != pass) {
        list.data[kept++] = c;
        continue;
      }
      pass = c.pass;
      *s |= taken;
      next_running.push({std::uint32_t(frame), c.pass, std::uint8_t(level), c.index});
      nodes.push(std::uint32_t(frame) << 22 | std::uint32_t(c.pass) << 17 | ((size() >> level) + c.index));
    }
    list.n = kept;
    if (pass >= 0) return true;
  }
  return true;
}

}  // namespace

CascadeHandle cascade_new(const CascadePlan &plan, std::int32_t n_frames, const std::uint64_t *words, bool receiver) {
  CascadeEnd *end = new CascadeEnd();
  end->plan = plan;
  end->n_frames = n_frames;
  end->receiver = receiver;
  end->n_words = std::int64_t(1) << (plan.log_size - 6);
  const std::size_t n = std::size_t(n_frames) * std::size_t(plan.n_passes);
  end->permuted = static_cast<std::uint64_t *>(malloc(n * std::size_t(end->n_words) * 8));
  end->state = receiver ? static_cast<std::uint8_t *>(calloc(n, std::size_t(2) << plan.log_size)) : nullptr;
  end->candidates = receiver ? static_cast<List<Candidate> *>(
                                   calloc(std::size_t(n_frames) * std::size_t(plan.log_size + 1), sizeof(List<Candidate>)))
                             : nullptr;
  if (!end->permuted || (receiver && (!end->state || !end->candidates))) {
    cascade_free(end);
    return nullptr;
  }
  for (std::int64_t f = 0; f < n_frames; ++f)
    memcpy(end->words(f, 0), words + f * end->n_words, std::size_t(end->n_words) * 8);
  return end;
}

void cascade_free(CascadeHandle handle) {
  CascadeEnd *end = static_cast<CascadeEnd *>(handle);
  free(end->permuted);
  free(end->state);
  if (end->candidates)
    for (std::int64_t i = 0; i < std::int64_t(end->n_frames) * (end->plan.log_size + 1); ++i) end->candidates[i].release();
  free(end->candidates);
  end->running.release();
  end->next_running.release();
  end->parities.release();
  end->directions.release();
  end->nodes.release();
  delete end;
}

const std::uint64_t *cascade_words(CascadeHandle handle) { return static_cast<CascadeEnd *>(handle)->permuted; }

std::int64_t cascade_answer(CascadeHandle handle, const CascadeRequest &request, const std::uint8_t **parities) {
  CascadeEnd &e = *static_cast<CascadeEnd *>(handle);
  e.parities.n = 0;
  if (request.open_pass >= 0) {
    const int pass = request.open_pass;
    if (pass != e.open || pass >= e.plan.n_passes || request.n_directions || request.n_nodes) return -1;
    e.open = pass + 1;
    e.running.n = 0;
    const std::uint32_t told = e.told(pass);
    for (std::int64_t f = 0; f < e.n_frames; ++f) {
      if (pass > 0) e.permute(f, pass);
      for (std::uint32_t b = 0; b < told; ++b)
        e.parities.push(std::uint8_t(e.parity(f, pass, e.plan.top[pass], b)));
    }
    *parities = e.parities.data;
    return e.parities.n;
  }
  // Running searches that go on move into one half.
  e.next_running.n = 0;
  std::int64_t used = 0;
  for (std::int64_t i = 0; i < e.running.n; ++i) {
    Search s = e.running.data[i];
    if (s.level < 2) continue;
    if (used == request.n_directions) return -1;
    s.index = 2 * s.index + (request.directions[used++] & 1);
    --s.level;
    e.next_running.push(s);
  }
  if (used != request.n_directions) return -1;
  for (std::int64_t i = 0; i < request.n_nodes; ++i) {
    const std::uint32_t code = request.nodes[i], frame = code >> 22, pass = code >> 17 & 31, node = code & 0x1ffff;
    if (frame >= std::uint32_t(e.n_frames) || int(pass) >= e.open || node < 1 || node >= e.size()) return -1;
    const int level = e.plan.log_size - (31 - __builtin_clz(node));
    if (level > e.plan.top[pass]) return -1;
    e.next_running.push({frame, std::uint8_t(pass), std::uint8_t(level), node - (e.size() >> level)});
  }
  const List<Search> old = e.running;
  e.running = e.next_running;
  e.next_running = old;
  for (std::int64_t i = 0; i < e.running.n; ++i) {
    const Search &s = e.running.data[i];
    e.parities.push(std::uint8_t(e.parity(s.frame, s.pass, s.level - 1, 2 * s.index)));
  }
  *parities = e.parities.data;
  return e.parities.n;
}

bool cascade_next(CascadeHandle handle, const std::uint8_t *parities, std::int64_t n, CascadeRequest *request) {
  CascadeEnd &e = *static_cast<CascadeEnd *>(handle);
  e.directions.n = e.nodes.n = 0;
  e.next_running.n = 0;
  if (e.waits_for_pass) {
    const int pass = e.open - 1;
    const std::uint32_t told = e.told(pass), blocks = e.blocks(pass);
    if (n != std::int64_t(told) * e.n_frames) return false;
    e.waits_for_pass = false;
    for (std::int64_t f = 0; f < e.n_frames; ++f) {
      if (pass > 0) e.permute(f, pass);
      std::uint8_t *s = e.states(f, pass) + (e.size() >> e.plan.top[pass]);
      // All passes see the same frame, and the first one is without odd blocks by now.
      unsigned sum = 0;
      for (std::uint32_t b = 0; b < blocks; ++b) {
        unsigned differs = sum;
        if (b < told) {
          differs = (parities[std::int64_t(told) * f + b] & 1u) ^ e.parity(f, pass, e.plan.top[pass], b);
          sum ^= differs;
        } else if (pass == 0) {
          differs = 0;
        }
        s[b] = std::uint8_t(known | (differs ? odd : 0));
        if (differs) e.candidates[f * (e.plan.log_size + 1) + e.plan.top[pass]].push({std::uint8_t(pass), b});
      }
      e.schedule(f);
    }
  } else {
    if (n != e.running.n) return false;
    // Searches of a frame stand together and end together.
    for (std::int64_t i = 0; i < e.running.n;) {
      const std::int64_t frame = e.running.data[i].frame;
      std::int64_t last = i;
      bool over = false;
      for (; last < e.running.n && e.running.data[last].frame == frame; ++last) {
        Search &s = e.running.data[last];
        const std::uint32_t left = 2 * s.index;
        std::uint8_t *child = e.states(frame, s.pass) + (e.size() >> (s.level - 1)) + left;
        const unsigned differs = (parities[last] & 1u) ^ e.parity(frame, s.pass, s.level - 1, left);
        child[0] = std::uint8_t(known | (differs ? odd : 0));
        child[1] = std::uint8_t(known | (differs ? 0 : odd));
        e.states(frame, s.pass)[(e.size() >> s.level) + s.index] &= std::uint8_t(~taken);
        if (s.level >= 2) e.directions.push(std::uint8_t(differs ? 0 : 1));
        s.index = left + (differs ? 0 : 1);
        over = --s.level == 0;
        if (!over) e.next_running.push(s);
      }
      if (over) {
        for (std::int64_t k = i; k < last; ++k)
          e.flip(frame, e.position(e.running.data[k].pass, e.running.data[k].index));
      }
      i = last;
    }
    // New searches stand behind those that go on; a frame has either.
    for (std::int64_t i = 0; i < e.running.n; ++i) {
      const std::uint32_t frame = e.running.data[i].frame;
      if (e.running.data[i].level == 0 && (i == 0 || e.running.data[i - 1].frame != frame)) e.schedule(frame);
    }
  }
  if (e.broken()) return false;
  const List<Search> old = e.running;
  e.running = e.next_running;
  e.next_running = old;
  const bool idle = e.running.n == 0;
  *request = {-1, e.directions.n, e.nodes.n, e.directions.data, e.nodes.data};
  if (idle && e.open < e.plan.n_passes) {
    request->open_pass = e.open++;
    e.waits_for_pass = true;
  }
  return true;
}

}  // namespace SILLA_ISA
}  // namespace silla
