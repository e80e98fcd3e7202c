// Stretches of the circular buffer are copied or added whole; the interleaver is a transposition beside them.
#include "rate_matching.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace silla {
namespace SILLA_ISA {
namespace {

#include "bytes.h"
#include "crc_register.h"

// [Q, n] to [n, Q] and back; Q known to the compiler makes vector code of the usual orders.
template <int Q, typename T>
void spread(const T *__restrict from, std::int64_t n, int order, T *__restrict to) {
  const int q = Q ? Q : order;
  for (std::int64_t j = 0; j < n; ++j)
    for (int i = 0; i < q; ++i) to[j * q + i] = from[i * n + j];
}

template <int Q, typename T>
void collect(const T *__restrict from, std::int64_t n, int order, T *__restrict to) {
  const int q = Q ? Q : order;
  for (int i = 0; i < q; ++i) {
    T *__restrict row = to + i * n;
    for (std::int64_t j = 0; j < n; ++j) row[j] = from[j * q + i];
  }
}

#define SILLA_ORDERS(call) \
  switch (order) { \
    case 2: call<2>(from, n, order, to); break; \
    case 4: call<4>(from, n, order, to); break; \
    case 6: call<6>(from, n, order, to); break; \
    case 8: call<8>(from, n, order, to); break; \
    case 10: call<10>(from, n, order, to); break; \
    case 12: call<12>(from, n, order, to); break; \
    default: call<0>(from, n, order, to); \
  }

template <typename T>
void interleave(const T *from, std::int64_t n, int order, T *to) {
  SILLA_ORDERS(spread)
}

template <typename T>
void deinterleave(const T *from, std::int64_t n, int order, T *to) {
  SILLA_ORDERS(collect)
}

void add(const std::int8_t *__restrict from, std::int64_t n, std::int8_t *__restrict to) {
  for (std::int64_t i = 0; i < n; ++i) {
    const short sum = short(to[i] + from[i]), low = sum > 127 ? short(127) : sum;
    to[i] = std::int8_t(low < -127 ? short(-127) : low);
  }
}

// Calls use(place, first, length) for the stretches of e bits, in the order in which they are sent.
template <typename Use>
void walk(const RateMatch &m, Use use) {
  for (std::int64_t done = 0; done < m.e;)
    for (std::int64_t r = 0; r < m.n_runs && done < m.e; ++r) {
      const std::int64_t left = m.e - done, length = m.run[2 * r + 1] < left ? m.run[2 * r + 1] : left;
      use(m.run[2 * r], done, length);
      done += length;
    }
}

}  // namespace

void rate_match(const RateMatch &m, const std::uint8_t *word, std::uint8_t *line, std::uint8_t *sent) {
  const bool plain = m.bits_per_symbol == 1;
  for (std::int64_t b = 0; b < m.n; ++b, word += m.n_code, sent += m.e) {
    std::uint8_t *to = plain ? sent : line;
    walk(m, [&](std::int64_t place, std::int64_t first, std::int64_t length) {
      __builtin_memcpy(to + first, word + place, std::size_t(length));
    });
    if (!plain) interleave(line, m.e / m.bits_per_symbol, m.bits_per_symbol, sent);
  }
}

void rate_combine(const RateCombine &c, const std::int8_t *llr, std::int8_t *line, std::int8_t *total) {
  const RateMatch &m = c.match;
  for (std::int64_t b = 0; b < m.n; ++b)
    for (std::int64_t i = 0; i < c.n_numbers; ++i) {
      const std::int8_t *from = llr + b * c.step_block + i * c.step;
      std::int8_t *to = total + (b * c.n_total + c.number[i]) * m.n_code;
      if (m.bits_per_symbol > 1) {
        deinterleave(from, m.e / m.bits_per_symbol, m.bits_per_symbol, line);
        from = line;
      }
      walk(m, [&](std::int64_t place, std::int64_t first, std::int64_t length) { add(from + first, length, to + place); });
    }
}

void crc_remainder(std::int64_t n, std::int64_t step, std::int64_t length, const std::uint8_t *bits,
                   const std::uint32_t *table, std::uint32_t *remainder) {
  for (std::int64_t b = 0; b < n; ++b, bits += step) {
    Crc crc{table};
    std::int64_t i = 0;
    for (; i + 64 <= length; i += 64) {
      std::uint64_t x = 0;
      for (int k = 0; k < 64; k += Bytes::width) x |= lanes_with_bit(Bytes::load(bits + i + k), 0) << k;
      crc.word(x);
    }
    for (; i < length; ++i) crc.bit(bits[i] & 1);
    remainder[b] = crc.r;
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
