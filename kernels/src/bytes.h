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
  friend Bytes scaled(Bytes a, int sixteenths) {
    const __m256i k = _mm256_set1_epi16(short(sixteenths)), low = _mm256_set1_epi16(255);
    const __m256i half = _mm256_set1_epi16(8);
    const __m256i even = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(_mm256_and_si256(a.v, low), k), half), 4);
    const __m256i odd = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(_mm256_srli_epi16(a.v, 8), k), half), 4);
    return {_mm256_or_si256(even, _mm256_slli_epi16(odd, 8))};
  }
#else  // plain loops of 16, which the compiler turns into SSE2 or NEON
  static constexpr int width = 16;
  std::uint8_t v[16];
#define SILLA_EACH(expression) \
  Bytes r;                     \
  for (int i = 0; i < 16; ++i) r.v[i] = std::uint8_t(expression); \
  return r
  static Bytes load(const void *p) { Bytes r; __builtin_memcpy(r.v, p, 16); return r; }
  static Bytes all(int x) { SILLA_EACH(x); }
  void store(void *p) const { __builtin_memcpy(p, v, 16); }
  static int clip(int x) { return x > 127 ? 127 : x < -128 ? -128 : x; }
  friend Bytes operator^(Bytes a, Bytes b) { SILLA_EACH(a.v[i] ^ b.v[i]); }
  friend Bytes operator&(Bytes a, Bytes b) { SILLA_EACH(a.v[i] & b.v[i]); }
  friend Bytes operator|(Bytes a, Bytes b) { SILLA_EACH(a.v[i] | b.v[i]); }
  friend Bytes add_sat(Bytes a, Bytes b) { SILLA_EACH(clip(std::int8_t(a.v[i]) + std::int8_t(b.v[i]))); }
  friend Bytes sub_sat(Bytes a, Bytes b) { SILLA_EACH(clip(std::int8_t(a.v[i]) - std::int8_t(b.v[i]))); }
  friend Bytes sub_sat_u(Bytes a, Bytes b) { SILLA_EACH(a.v[i] > b.v[i] ? a.v[i] - b.v[i] : 0); }
  friend Bytes abs_u(Bytes a) { SILLA_EACH(std::int8_t(a.v[i]) < 0 ? -std::int8_t(a.v[i]) : a.v[i]); }
  friend Bytes min_u(Bytes a, Bytes b) { SILLA_EACH(a.v[i] < b.v[i] ? a.v[i] : b.v[i]); }
  friend Bytes max_u(Bytes a, Bytes b) { SILLA_EACH(a.v[i] > b.v[i] ? a.v[i] : b.v[i]); }
  friend Bytes if_equal(Bytes a, Bytes b, Bytes yes, Bytes no) { SILLA_EACH(a.v[i] == b.v[i] ? yes.v[i] : no.v[i]); }
  friend Bytes negate_if(Bytes sign, Bytes a) { SILLA_EACH(sign.v[i] & 128 ? -a.v[i] : a.v[i]); }
  friend Bytes first(int n, Bytes yes, Bytes no) { SILLA_EACH(i < n ? yes.v[i] : no.v[i]); }
  friend std::uint64_t signs(Bytes a) {
    std::uint64_t r = 0;
    for (int i = 0; i < 16; ++i) r |= std::uint64_t(a.v[i] >> 7) << i;
    return r;
  }
  friend Bytes scaled(Bytes a, int sixteenths) { SILLA_EACH((a.v[i] * sixteenths + 8) >> 4); }
#undef SILLA_EACH
#endif
};
