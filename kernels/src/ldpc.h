// Quasi-cyclic LDPC codes: encoding, and layered min-sum decoding in 8-bit integers.
//
// A code is a table of circulants: row r of the base matrix holds the edges row_first[r] .. row_first[r + 1], and edge e
// joins check (r, i) to the variable (col[e], (i + shift[e]) mod z).
#pragma once
#include <cstdint>

namespace silla {

constexpr int ldpc_max_vector = 64;  // bytes; every buffer leaves room for one vector of this size

struct LdpcGraph {
  std::int32_t n_rows, n_cols, z;
  const std::int32_t *row_first;  // [n_rows + 1]
  const std::int32_t *col;        // [n_edges], no column twice in a row
  const std::int32_t *shift;      // [n_edges], 0 .. z - 1
};

struct LdpcDecodeInput {
  LdpcGraph graph;
  const std::int32_t *order;     // [n_rows] the rows in the order in which they are worked on
  std::int64_t n_blocks;
  std::int32_t n_out;            // columns whose decisions are wanted, the first ones
  const std::int8_t *llr;        // [n_blocks, n_cols * z], positive for a zero bit
  const std::uint8_t *syndrome;  // [n_blocks, n_rows * z], or null for all zero
  std::int32_t max_iterations;
  std::int32_t sixteenths, offset, limit;  // a message is max((min(magnitude, limit) * sixteenths + 8 >> 4) - offset, 0)
  bool early_stop;
  std::int32_t n_crc;              // the first n_crc bits end with their CRC, which may stop a block too; 0 for none
  const std::uint32_t *crc_table;  // [8][256]: reversed remainder of a byte that 0 .. 7 bytes follow; null for none
};

struct LdpcDecodeOutput {
  std::uint8_t *bits;         // [n_blocks, n_out * z]
  std::int32_t *iterations;   // [n_blocks]
  bool *satisfied;            // [n_blocks] all checks hold
};

// Room for one decoding, allocated by the caller; sizes from ldpc_sizes().
struct LdpcWorkspace {
  std::int8_t *llr, *message;  // [n_cols * 2 * stride], [n_edges * n_vec * width]
  std::uint32_t *at, *to;      // [2][n_edges * n_vec], [2][n_edges] where each edge is read and written in llr
  std::int32_t *last, *turns;  // [n_cols] shift of the last row that writes a column; how often an iteration moves it
  std::int32_t *now;           // [2 * n_cols] for building the tables
  std::int32_t *shift;         // [n_edges] of blocks side by side
  std::uint32_t *end;          // [2][n_edges] where an edge's column ends between iterations, for the checks
  std::int32_t *before;        // [n_edges] and how far before that the edge's check 0 reads
  std::uint8_t *syndrome;      // [n_rows * z * together], where there is one
};

struct LdpcSizes {
  std::int64_t stride, n_vec, width;
  std::int32_t together;  // blocks that are decoded side by side
};

struct LdpcEncodeInput {
  LdpcGraph graph;  // the first four rows with the double diagonal of TS 38.212, one parity column per further row
  std::int64_t n_blocks;
  std::int32_t n_info;         // columns of information
  bool packed;                 // rows of info and code hold eight bits a byte, the first the highest; z a multiple of 8
  const std::uint8_t *info;    // [n_blocks, n_info * z] of 0 and 1
  std::uint8_t *work;          // [(n_info + 8) * (2 z + 128)]
  std::uint8_t *code;          // [n_blocks, n_cols * z]
};

using ldpc_sizes_fn = LdpcSizes(std::int32_t z, std::int64_t n_blocks);
using ldpc_decode_fn = void(const LdpcDecodeInput &, const LdpcWorkspace &, const LdpcDecodeOutput &);
using ldpc_encode_fn = void(const LdpcEncodeInput &);

#define SILLA_LDPC ldpc_sizes_fn ldpc_sizes; ldpc_decode_fn ldpc_decode; ldpc_encode_fn ldpc_encode;
namespace baseline { SILLA_LDPC }
namespace avx2 { SILLA_LDPC }
namespace avx512 { SILLA_LDPC }
#undef SILLA_LDPC

}  // namespace silla
