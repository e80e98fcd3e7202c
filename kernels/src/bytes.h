// Vectors of 8-bit integers for one instruction set; include inside the set's own namespace.
struct Bytes {
#if defined(__AVX512BW__)
  static constexpr int width = 64;
  __m512i v;
  static Bytes load(const void *p) { return {_mm512_loadu_si512(p)}; }
  static Bytes all(int x) { return {_mm512_set1_epi8(char(x))}; }
  void store(void *p) const { _mm512_storeu_si512(p, v); }
  friend Bytes operator^(Bytes a, Bytes b) { return {_mm512_xor_si512(a.v, b.v)}; }
  friend Bytes operator&(Bytes a, Bytes b) { return {_mm512_and_si512(a.v, b.v)}; }
  friend Bytes operator|(Bytes a, Bytes b) { return {_mm512_or_si512(a.v, b.v)}; }
  friend Bytes add_sat(Bytes a, Bytes b) { return {_mm512_adds_epi8(a.v, b.v)}; }
  friend Bytes sub_sat(Bytes a, Bytes b) { return {_mm512_subs_epi8(a.v, b.v)}; }
  friend Bytes sub_sat_u(Bytes a, Bytes b) { return {_mm512_subs_epu8(a.v, b.v)}; }
  friend Bytes add_sat_u(Bytes a, Bytes b) { return {_mm512_adds_epu8(a.v, b.v)}; }
  friend Bytes average_u(Bytes a, Bytes b) { return {_mm512_avg_epu8(a.v, b.v)}; }  // halves are rounded up
  friend Bytes abs_u(Bytes a) { return {_mm512_abs_epi8(a.v)}; }
  friend Bytes min_u(Bytes a, Bytes b) { return {_mm512_min_epu8(a.v, b.v)}; }
  friend Bytes max_u(Bytes a, Bytes b) { return {_mm512_max_epu8(a.v, b.v)}; }
  friend Bytes if_equal(Bytes a, Bytes b, Bytes yes, Bytes no) {
    return {_mm512_mask_blend_epi8(_mm512_cmpeq_epi8_mask(a.v, b.v), no.v, yes.v)};
  }
  friend Bytes negate_if(Bytes sign, Bytes a) {
    return {_mm512_mask_sub_epi8(a.v, _mm512_movepi8_mask(sign.v), _mm512_setzero_si512(), a.v)};
  }
  friend Bytes first(int n, Bytes yes, Bytes no) {  // n < width
    return {_mm512_mask_blend_epi8((__mmask64(1) << n) - 1, no.v, yes.v)};
  }
  friend std::uint64_t signs(Bytes a) { return _mm512_movepi8_mask(a.v); }
  friend Bytes reversed_eights(Bytes a) {  // lanes 7 .. 0, 15 .. 8, ..
    return {_mm512_shuffle_epi8(a.v, _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607))};
  }
  friend Bytes with_bit(Bytes a, std::uint64_t lanes, int bit) {  // adds 1 << bit in these lanes
    return {_mm512_mask_add_epi8(a.v, lanes, a.v, _mm512_set1_epi8(char(1 << bit)))};
  }
  friend std::uint64_t lanes_with_bit(Bytes a, int bit) {
    return _mm512_test_epi8_mask(a.v, _mm512_set1_epi8(char(1 << bit)));
  }
  friend Bytes scaled(Bytes a, int sixteenths) {  // a * sixteenths / 16 rounded, a below 128
    const __m512i k = _mm512_set1_epi16(short(sixteenths)), low = _mm512_set1_epi16(255);
    const __m512i half = _mm512_set1_epi16(8);
    const __m512i even = _mm512_srli_epi16(_mm512_add_epi16(_mm512_mullo_epi16(_mm512_and_si512(a.v, low), k), half), 4);
    const __m512i odd = _mm512_srli_epi16(_mm512_add_epi16(_mm512_mullo_epi16(_mm512_srli_epi16(a.v, 8), k), half), 4);
    return {_mm512_or_si512(even, _mm512_slli_epi16(odd, 8))};
  }
#elif defined(__AVX2__)
  static constexpr int width = 32;
  __m256i v;
  static Bytes load(const void *p) { return {_mm256_loadu_si256(static_cast<const __m256i *>(p))}; }
  static Bytes all(int x) { return {_mm256_set1_epi8(char(x))}; }
  void store(void *p) const { _mm256_storeu_si256(static_cast<__m256i *>(p), v); }
  friend Bytes operator^(Bytes a, Bytes b) { return {_mm256_xor_si256(a.v, b.v)}; }
  friend Bytes operator&(Bytes a, Bytes b) { return {_mm256_and_si256(a.v, b.v)}; }
  friend Bytes operator|(Bytes a, Bytes b) { return {_mm256_or_si256(a.v, b.v)}; }
  friend Bytes add_sat(Bytes a, Bytes b) { return {_mm256_adds_epi8(a.v, b.v)}; }
  friend Bytes sub_sat(Bytes a, Bytes b) { return {_mm256_subs_epi8(a.v, b.v)}; }
  friend Bytes sub_sat_u(Bytes a, Bytes b) { return {_mm256_subs_epu8(a.v, b.v)}; }
  friend Bytes add_sat_u(Bytes a, Bytes b) { return {_mm256_adds_epu8(a.v, b.v)}; }
  friend Bytes average_u(Bytes a, Bytes b) { return {_mm256_avg_epu8(a.v, b.v)}; }
  friend Bytes abs_u(Bytes a) { return {_mm256_abs_epi8(a.v)}; }
  friend Bytes min_u(Bytes a, Bytes b) { return {_mm256_min_epu8(a.v, b.v)}; }
  friend Bytes max_u(Bytes a, Bytes b) { return {_mm256_max_epu8(a.v, b.v)}; }
  friend Bytes if_equal(Bytes a, Bytes b, Bytes yes, Bytes no) {
    return {_mm256_blendv_epi8(no.v, yes.v, _mm256_cmpeq_epi8(a.v, b.v))};
  }
  friend Bytes negate_if(Bytes sign, Bytes a) {  // psignb answers 0 for a zero sign, so that bit 0 is set
    return {_mm256_sign_epi8(a.v, _mm256_or_si256(sign.v, _mm256_set1_epi8(1)))};
  }
  friend Bytes first(int n, Bytes yes, Bytes no) {
    alignas(32) static const std::int8_t mask[64] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                                     -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    return {_mm256_blendv_epi8(no.v, yes.v, load(mask + 32 - n).v)};
  }
  friend std::uint64_t signs(Bytes a) { return std::uint32_t(_mm256_movemask_epi8(a.v)); }
  friend Bytes reversed_eights(Bytes a) {
    const __m128i order = _mm_set_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
    return {_mm256_shuffle_epi8(a.v, _mm256_broadcastsi128_si256(order))};
  }
  friend Bytes with_bit(Bytes a, std::uint64_t lanes, int bit) {
    const __m256i pick = _mm256_set1_epi64x(std::int64_t(0x8040201008040201u));
    const __m256i byte = _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
    const __m256i x = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(int(lanes)), byte), pick);
    return {_mm256_or_si256(a.v, _mm256_and_si256(_mm256_cmpeq_epi8(x, pick), _mm256_set1_epi8(char(1 << bit))))};
  }
  friend std::uint64_t lanes_with_bit(Bytes a, int bit) {
    return std::uint32_t(_mm256_movemask_epi8(_mm256_sll_epi16(a.v, _mm_cvtsi32_si128(7 - bit))));
  }
  friend Bytes scaled(Bytes a, int sixteenths) {
    const __m256i k = _mm256_set1_epi16(short(sixteenths)), low = _mm256_set1_epi16(255);
    const __m256i half = _mm256_set1_epi16(8);
    const __m256i even = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(_mm256_and_si256(a.v, low), k), half), 4);
    const __m256i odd = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(_mm256_srli_epi16(a.v, 8), k), half), 4);
    return {_mm256_or_si256(even, _mm256_slli_epi16(odd, 8))};
  }
#else  // the compiler's own vectors of 16: SSE2, NEON
  static constexpr int width = 16;
  typedef std::int8_t Signed __attribute__((vector_size(16)));
  typedef std::uint8_t Unsigned __attribute__((vector_size(16)));
  typedef std::uint16_t Wide __attribute__((vector_size(16)));
  Unsigned v;
  static Bytes pick(Unsigned mask, Unsigned yes, Unsigned no) { return {(mask & yes) | (~mask & no)}; }
  static Unsigned negative(Unsigned x) { return Unsigned(Signed(x) < 0); }
  static Bytes load(const void *p) { Bytes r; __builtin_memcpy(&r.v, p, 16); return r; }
  static Bytes all(int x) { return {Unsigned{} + std::uint8_t(x)}; }
  void store(void *p) const { __builtin_memcpy(p, &v, 16); }
  friend Bytes operator^(Bytes a, Bytes b) { return {a.v ^ b.v}; }
  friend Bytes operator&(Bytes a, Bytes b) { return {a.v & b.v}; }
  friend Bytes operator|(Bytes a, Bytes b) { return {a.v | b.v}; }
  friend Bytes add_sat(Bytes a, Bytes b) {  // too large a sum has another sign than both parts
    const Unsigned s = a.v + b.v;
    return pick(negative(~(a.v ^ b.v) & (a.v ^ s)), negative(a.v) ^ std::uint8_t(127), s);
  }
  friend Bytes sub_sat(Bytes a, Bytes b) {
    const Unsigned s = a.v - b.v;
    return pick(negative((a.v ^ b.v) & (a.v ^ s)), negative(a.v) ^ std::uint8_t(127), s);
  }
  friend Bytes sub_sat_u(Bytes a, Bytes b) { return {(a.v - b.v) & Unsigned(a.v > b.v)}; }
  friend Bytes add_sat_u(Bytes a, Bytes b) { const Unsigned s = a.v + b.v; return {s | Unsigned(s < a.v)}; }
  friend Bytes average_u(Bytes a, Bytes b) { return {(a.v | b.v) - ((a.v ^ b.v) >> 1)}; }
  friend Bytes abs_u(Bytes a) { const Unsigned m = negative(a.v); return {(a.v ^ m) - m}; }
  friend Bytes min_u(Bytes a, Bytes b) { return pick(Unsigned(a.v < b.v), a.v, b.v); }
  friend Bytes max_u(Bytes a, Bytes b) { return pick(Unsigned(a.v > b.v), a.v, b.v); }
  friend Bytes if_equal(Bytes a, Bytes b, Bytes yes, Bytes no) { return pick(Unsigned(a.v == b.v), yes.v, no.v); }
  friend Bytes negate_if(Bytes sign, Bytes a) { const Unsigned m = negative(sign.v); return {(a.v ^ m) - m}; }
  friend Bytes first(int n, Bytes yes, Bytes no) {
    const Unsigned lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return pick(Unsigned(lane < (Unsigned{} + std::uint8_t(n))), yes.v, no.v);
  }
  friend std::uint64_t signs(Bytes a) {
#if defined(__SSE2__)
    typedef char Chars __attribute__((vector_size(16)));
    return std::uint32_t(__builtin_ia32_pmovmskb128(Chars(a.v)));
#else
    std::uint64_t r = 0;
    for (int i = 0; i < 16; ++i) r |= std::uint64_t(a.v[i] >> 7) << i;
    return r;
#endif
  }
  friend Bytes reversed_eights(Bytes a) {
    std::uint64_t x[2];
    a.store(x);
    x[0] = __builtin_bswap64(x[0]);
    x[1] = __builtin_bswap64(x[1]);
    return load(x);
  }
  friend Bytes with_bit(Bytes a, std::uint64_t lanes, int bit) {
    const Unsigned pick = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const std::uint64_t repeat = 0x0101010101010101, x[2] = {(lanes & 255) * repeat, (lanes >> 8) * repeat};
    return {a.v | (Unsigned((load(x).v & pick) != 0) & std::uint8_t(1 << bit))};
  }
  friend std::uint64_t lanes_with_bit(Bytes a, int bit) { return signs(Bytes{a.v << (7 - bit)}); }
  friend Bytes scaled(Bytes a, int sixteenths) {
    const std::uint16_t k = std::uint16_t(sixteenths);
    const Wide wide = Wide(a.v), even = ((wide & 255) * k + 8) >> 4, odd = ((wide >> 8) * k + 8) >> 4;
    return {Unsigned(even | odd << 8)};
  }
#endif
};
