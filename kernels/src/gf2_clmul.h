// Field elements in one 128-bit register, multiplied by PCLMULQDQ. Included inside a namespace, once per set of flags.

struct Element {
  __m128i v;
};

inline Element operator^(Element a, Element b) { return {_mm_xor_si128(a.v, b.v)}; }
inline Element load(const std::uint64_t *p) { return {_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))}; }
inline void store(std::uint64_t *p, Element a) { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), a.v); }

// low + high x^64 for a `high` of 128 bits, whose upper word returns as x^7 + x^2 + x + 1.
inline __m128i folded(__m128i low, __m128i high) {
  const __m128i r = _mm_set_epi64x(0, 0x87);
  return _mm_xor_si128(_mm_xor_si128(low, _mm_slli_si128(high, 8)), _mm_clmulepi64_si128(high, r, 0x01));
}

// A factor c with c x^64, so that a product needs one fold only.
struct Constant {
  __m128i c, shifted;
};

inline Constant constant(const std::uint64_t *p) {
  const __m128i c = load(p).v;
  return {c, folded(_mm_setzero_si128(), c)};
}

inline Element times(Element a, Constant c) {
  const __m128i low = _mm_xor_si128(_mm_clmulepi64_si128(a.v, c.c, 0x00), _mm_clmulepi64_si128(a.v, c.shifted, 0x01));
  const __m128i high = _mm_xor_si128(_mm_clmulepi64_si128(a.v, c.c, 0x10), _mm_clmulepi64_si128(a.v, c.shifted, 0x11));
  return {folded(low, high)};
}

inline Element multiply(Element a, Element b) {
  const __m128i low = _mm_clmulepi64_si128(a.v, b.v, 0x00), high = _mm_clmulepi64_si128(a.v, b.v, 0x11);
  const __m128i middle = _mm_xor_si128(_mm_clmulepi64_si128(a.v, b.v, 0x01), _mm_clmulepi64_si128(a.v, b.v, 0x10));
  return {folded(low, folded(middle, high))};
}
