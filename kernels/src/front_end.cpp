// Blocks of samples are split into their axes and stay in the first-level cache through all stages.
#include "front_end.h"

#include <cmath>

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int block = 256;

void rotate(float *re, float *im, const float *turn, int m) {
  for (int i = 0; i < m; ++i) {
    const float c = turn[2 * i], s = turn[2 * i + 1], r = re[i];
    re[i] = r * c - im[i] * s;
    im[i] = r * s + im[i] * c;
  }
}

void quantise(float *v, float step, float inverse, float half, int m) {
  for (int i = 0; i < m; ++i) {
    float k = std::floor(v[i] * inverse);
    k = k < -half ? -half : k;
    k = k > half - 1.0f ? half - 1.0f : k;
    v[i] = (k + 0.5f) * step;
  }
}

void amplify(float *re, float *im, const FrontEnd &f, int m) {
  std::int32_t place[block];
  const float top = float(f.size);
  for (int i = 0; i < m; ++i) {
    const float power = (re[i] * re[i] + im[i] * im[i]) * f.scale;
    place[i] = std::int32_t(power < top ? power : top);
  }
  for (int i = 0; i < m; ++i) {
    const float c = f.gain[2 * place[i]], s = f.gain[2 * place[i] + 1], r = re[i];
    re[i] = r * c - im[i] * s;
    im[i] = r * s + im[i] * c;
  }
}

}  // namespace

void front_end(const FrontEnd &f, float *out, double *moments) {
  float re[block], im[block];
  for (std::int64_t g = 0; g < f.n_groups; ++g)
    for (std::int64_t p = 0; p < f.n_ports; ++p) {
      const std::int64_t stream = g * f.n_ports + p;
      const float *x = f.x + 2 * stream * f.n;
      float *y = out + 2 * stream * f.n;
      const float step = f.step ? f.step[stream] : 1.0f, inverse = 1.0f / step;
      const float *mix = f.mix ? f.mix + 4 * stream : nullptr;
      double power = 0, square_re = 0, square_im = 0;
      for (std::int64_t at = 0; at < f.n; at += block) {
        const int m = int(f.n - at < block ? f.n - at : block);
        for (int i = 0; i < m; ++i) {
          re[i] = x[2 * (at + i)];
          im[i] = x[2 * (at + i) + 1];
        }
        if (f.turn_in) rotate(re, im, f.turn_in + 2 * (g * f.n + at), m);
        if (f.step) {
          quantise(re, step, inverse, f.half, m);
          quantise(im, step, inverse, f.half, m);
        }
        if (mix)
          for (int i = 0; i < m; ++i) {
            const float r = re[i];
            re[i] = mix[0] * r + mix[1] * im[i];
            im[i] = mix[2] * r + mix[3] * im[i];
          }
        if (f.gain) amplify(re, im, f, m);
        if (f.turn_out) rotate(re, im, f.turn_out + 2 * (g * f.n + at), m);
        float part_r = 0, part_i = 0, part_x = 0;
        float lane_r[16] = {}, lane_i[16] = {}, lane_x[16] = {};
        int i = 0;
        for (; i + 16 <= m; i += 16)
          for (int k = 0; k < 16; ++k) {
            lane_r[k] += re[i + k] * re[i + k];
            lane_i[k] += im[i + k] * im[i + k];
            lane_x[k] += re[i + k] * im[i + k];
          }
        for (int k = 0; k < 16; ++k) part_r += lane_r[k], part_i += lane_i[k], part_x += lane_x[k];
        for (; i < m; ++i) part_r += re[i] * re[i], part_i += im[i] * im[i], part_x += re[i] * im[i];
        power += double(part_r) + double(part_i);
        square_re += double(part_r) - double(part_i);
        square_im += 2.0 * double(part_x);
        for (int j = 0; j < m; ++j) {
          y[2 * (at + j)] = re[j];
          y[2 * (at + j) + 1] = im[j];
        }
      }
      moments[3 * stream] = power;
      moments[3 * stream + 1] = square_re;
      moments[3 * stream + 2] = square_im;
    }
}

}  // namespace SILLA_ISA
}  // namespace silla
