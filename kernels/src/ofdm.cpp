// Stockham's transform in radix 4 (Cooley & Tukey's sums in an order that needs no bit reversal), real and imaginary parts
// apart, in buffers that stay in the first-level cache. The passes of stride 1 and 4 run over places within the sequence
// instead of sequences, and interleave what they give.
#include "ofdm.h"

#include <cstring>
#include <vector>

namespace silla {
namespace SILLA_ISA {
namespace {

#include "lanes.h"

using V = Vec<float>;
using I = Lanes<float>::I;
constexpr int W = Lanes<float>::width;

struct Split {
  float *re, *im;
};
struct Complex {
  V re, im;
};

// Four buffers whose places lie in different sets of the cache: a distance of 4096 bytes makes loads wait for stores.
class Room {
 public:
  explicit Room(std::int64_t n) : step_(n + 80), all_(std::size_t(4 * step_ + 16)) {
    first_ = all_.data() + (16 - reinterpret_cast<std::uintptr_t>(all_.data()) / sizeof(float) % 16) % 16;
  }
  Split part(int i) { return {first_ + i * step_, first_ + (i + 1) * step_}; }

 private:
  std::int64_t step_;
  std::vector<float> all_;
  float *first_;
};

inline Complex times(Complex x, Complex w) { return {x.re * w.re - x.im * w.im, x.re * w.im + x.im * w.re}; }

// Outputs of the butterflies on W neighbours at four places `quarter` apart, w their three twiddles.
inline void butterflies(const float *re, const float *im, std::int64_t quarter, const Complex (&w)[3], Complex (&y)[4]) {
  const Complex a{load(re), load(im)}, b{load(re + quarter), load(im + quarter)};
  const Complex c{load(re + 2 * quarter), load(im + 2 * quarter)}, d{load(re + 3 * quarter), load(im + 3 * quarter)};
  const Complex sum{a.re + c.re, a.im + c.im}, difference{a.re - c.re, a.im - c.im};
  const Complex cross{b.re + d.re, b.im + d.im}, turn{d.im - b.im, b.re - d.re};  // j (b - d)
  y[0] = {sum.re + cross.re, sum.im + cross.im};
  y[1] = times({difference.re - turn.re, difference.im - turn.im}, w[0]);
  y[2] = times({sum.re - cross.re, sum.im - cross.im}, w[1]);
  y[3] = times({difference.re + turn.re, difference.im + turn.im}, w[2]);
}

// Blocks of G lanes of a and b in turn: the lower halves, or the upper ones.
template <int G>
inline V zipped(V a, V b, bool upper) {
  I index;
  for (int l = 0; l < W; ++l) index[l] = (l / (2 * G)) * G + l % G + (l / G % 2 ? W : 0) + (upper ? W / 2 : 0);
  return __builtin_shuffle(a, b, index);
}

// Blocks of G lanes of four vectors in turn, written to 4 W floats.
template <int G>
inline void interleaved(V a, V b, V c, V d, float *to) {
  if constexpr (G >= W) {
    store(to, a), store(to + W, b), store(to + 2 * W, c), store(to + 3 * W, d);
  } else {
    const V ac = zipped<G>(a, c, false), bd = zipped<G>(b, d, false), ac2 = zipped<G>(a, c, true), bd2 = zipped<G>(b, d, true);
    store(to, zipped<G>(ac, bd, false));
    store(to + W, zipped<G>(ac, bd, true));
    store(to + 2 * W, zipped<G>(ac2, bd2, false));
    store(to + 3 * W, zipped<G>(ac2, bd2, true));
  }
}

// A pass at stride G = 1 or 4: neighbours differ in place within the sequence.
template <int G>
void narrow_pass(std::int64_t quarter, const float *w, Split x, Split y) {
  I each;
  for (int l = 0; l < W; ++l) each[l] = l / G;
  for (std::int64_t r = 0; r < quarter * G; r += W) {
    Complex own[3], out[4];
    for (int k = 0; k < 3; ++k) {
      const float *part = w + 2 * k * quarter + r / G;
      if constexpr (G == 1) {
        own[k] = {load(part), load(part + quarter)};
      } else {
        V re{}, im{};
        __builtin_memcpy(&re, part, sizeof(float) * (W / G));
        __builtin_memcpy(&im, part + quarter, sizeof(float) * (W / G));
        own[k] = {__builtin_shuffle(re, each), __builtin_shuffle(im, each)};
      }
    }
    butterflies(x.re + r, x.im + r, quarter * G, own, out);
    interleaved<G>(out[0].re, out[1].re, out[2].re, out[3].re, y.re + 4 * r);
    interleaved<G>(out[0].im, out[1].im, out[2].im, out[3].im, y.im + 4 * r);
  }
}

// A pass at a stride s of at least 16: neighbours are those of as many sequences.
void wide_pass(std::int64_t quarter, std::int64_t s, const float *w, Split x, Split y) {
  for (std::int64_t p = 0; p < quarter; ++p) {
    Complex own[3], out[4];
    for (int k = 0; k < 3; ++k) own[k] = {all(w[2 * k * quarter + p]), all(w[(2 * k + 1) * quarter + p])};
    for (std::int64_t q = 0; q < s; q += W) {
      butterflies(x.re + p * s + q, x.im + p * s + q, quarter * s, own, out);
      for (int j = 0; j < 4; ++j) {
        store(y.re + (4 * p + j) * s + q, out[j].re);
        store(y.im + (4 * p + j) * s + q, out[j].im);
      }
    }
  }
}

// The forward transform of x, in x or y: which of them.
Split transform(std::int64_t n, const float *w, Split x, Split y) {
  std::int64_t m = n, s = 1;
  for (; m >= 4; m /= 4, s *= 4) {
    if (s == 1)
      narrow_pass<1>(m / 4, w, x, y);
    else if (s == 4)
      narrow_pass<4>(m / 4, w, x, y);
    else
      wide_pass(m / 4, s, w, x, y);
    w += 6 * (m / 4);
    const Split t = x;
    x = y;
    y = t;
  }
  if (m == 2) {
    for (std::int64_t q = 0; q < s; ++q) {
      y.re[q] = x.re[q] + x.re[q + s];
      y.im[q] = x.im[q] + x.im[q + s];
      y.re[q + s] = x.re[q] - x.re[q + s];
      y.im[q + s] = x.im[q] - x.im[q + s];
    }
    return y;
  }
  return x;
}

void part(const float *x, std::int64_t n, float *re, float *im) {
  for (std::int64_t i = 0; i < n; ++i) {
    re[i] = x[2 * i];
    im[i] = x[2 * i + 1];
  }
}

void join(const float *re, const float *im, std::int64_t n, float scale, float *x) {
  for (std::int64_t i = 0; i < n; ++i) {
    x[2 * i] = scale * re[i];
    x[2 * i + 1] = scale * im[i];
  }
}

}  // namespace

void to_samples(const Symbols &s, const float *x, float *out) {
  const std::int64_t n = s.n_fft, k = s.n_subcarriers, half = k / 2;
  Room room(n);
  const Split a = room.part(0), b = room.part(2);
  for (std::int64_t row = 0; row < s.rows; ++row, x += 2 * k, out += 2 * n) {
    // the inverse is the forward transform with real and imaginary parts exchanged
    part(x + 2 * half, k - half, a.im, a.re);
    std::memset(a.re + k - half, 0, sizeof(float) * (n - k));
    std::memset(a.im + k - half, 0, sizeof(float) * (n - k));
    part(x, half, a.im + n - half, a.re + n - half);
    const Split y = transform(n, s.twiddles, a, b);
    join(y.im, y.re, n, s.scale, out);
  }
}

void to_subcarriers(const Symbols &s, const float *x, float *out) {
  const std::int64_t n = s.n_fft, k = s.n_subcarriers, half = k / 2;
  Room room(n);
  const Split a = room.part(0), b = room.part(2);
  for (std::int64_t row = 0; row < s.rows; ++row, x += 2 * n, out += 2 * k) {
    part(x, n, a.re, a.im);
    const Split y = transform(n, s.twiddles, a, b);
    join(y.re + n - half, y.im + n - half, half, s.scale, out);
    join(y.re, y.im, k - half, s.scale, out + 2 * half);
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
