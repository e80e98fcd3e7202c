// The register of a CRC, reversed so that the bit that comes first is the lowest; include inside a set's namespace.
struct Crc {
  const std::uint32_t *table;  // [8][256]: reversed remainder of a byte that 0 .. 7 bytes follow
  std::uint32_t r = 0;

  void word(std::uint64_t x) {
    x ^= r;
    r = 0;
    for (int k = 0; k < 8; ++k) r ^= table[(7 - k) * 256 + int(x >> 8 * k & 255)];
  }
  void bit(int x) { r = (r >> 1) ^ ((r ^ std::uint32_t(x)) & 1 ? table[128] : 0); }  // of a bit that no bit follows
};
