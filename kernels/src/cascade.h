// Cascade: interactive reconciliation by parities, several frames side by side, both ends as state machines.
//
// A frame has 2^log_size bits. Pass 0 takes them in order, passes 1 and 2 in a random order, and every later pass in two
// halves, by the parity of place & mask with the places of pass 1 or 2 in turn. In each pass the places form a binary tree;
// a node is a pair of level (its size is 2^level) and index, numbered (2^log_size >> level) + index.
#pragma once
#include <cstdint>

namespace silla {

constexpr int cascade_max_passes = 32;
constexpr int cascade_orders = 2;

struct CascadePlan {
  std::int32_t log_size;   // 6 .. 16
  std::int32_t length;     // bits that are not padding, the first ones
  std::int32_t n_passes;
  std::int32_t top[cascade_max_passes];  // level of the blocks of each pass
  const std::uint16_t *order;            // [2, 2^log_size] place -> position, kept by the caller
  const std::uint16_t *place;            // [2, 2^log_size] position -> place
  const std::uint16_t *mask;             // [n_passes - 3], odd
};

// What the receiver asks: the parities of the blocks of a pass (or -1), which half each running search goes on in (for
// searches that are not over with it), and the nodes in which new searches begin: frame << 22 | pass << 17 | node.
struct CascadeRequest {
  std::int32_t open_pass;
  std::int64_t n_directions, n_nodes;
  const std::uint8_t *directions;
  const std::uint32_t *nodes;
};

// One end's frames and running searches; what is behind it belongs to an instruction set.
using CascadeHandle = void *;

using cascade_new_fn = CascadeHandle(const CascadePlan &, std::int32_t n_frames, const std::uint64_t *words, bool receiver);
using cascade_free_fn = void(CascadeHandle);
// The sender: parities asked for, into an array kept until the next call; negative for a request that makes no sense.
using cascade_answer_fn = std::int64_t(CascadeHandle, const CascadeRequest &, const std::uint8_t **parities);
// The receiver: false when the parities are not as many as were asked for, or contradict one another without end. An empty request means that all is done.
using cascade_next_fn = bool(CascadeHandle, const std::uint8_t *parities, std::int64_t n, CascadeRequest *);
using cascade_words_fn = const std::uint64_t *(CascadeHandle);

#define SILLA_CASCADE \
  cascade_new_fn cascade_new; cascade_free_fn cascade_free; cascade_answer_fn cascade_answer; \
  cascade_next_fn cascade_next; cascade_words_fn cascade_words;
namespace baseline { SILLA_CASCADE }
namespace avx2 { SILLA_CASCADE }
namespace avx512 { SILLA_CASCADE }
#undef SILLA_CASCADE

}  // namespace silla
