// Each row is read once, in strides of a fixed number of lanes whose order of summation does not depend on the instruction
// set: all of them give the same sums up to the fusing of multiply and add.
#include "received.h"

namespace silla {
namespace SILLA_ISA {
namespace {

constexpr int lanes = 16;

// The first cell with that product; blocks without one are passed over whole.
std::int64_t first_equal(const float *gain, std::int64_t n_cells, const double *weight, double product) {
  std::int64_t c = 0;
  for (; c + lanes <= n_cells; c += lanes) {
    int found = 0;
#pragma GCC unroll 1
    for (int l = 0; l < lanes; ++l) found |= double(gain[c + l]) * weight[c + l] == product;
    if (found) break;
  }
  for (; c < n_cells; ++c)
    if (double(gain[c]) * weight[c] == product) return c;
  return 0;
}

}  // namespace

void strongest(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight, std::int64_t *index) {
  const std::int64_t whole = n_cells - n_cells % lanes;
  for (std::int64_t u = 0; u < n_users; ++u, gain += n_cells) {
    double top[lanes] = {};
    for (std::int64_t c = 0; c < whole; c += lanes)
#pragma GCC unroll 1  // unrolled whole, it is no longer taken for a vector loop
      for (int l = 0; l < lanes; ++l) {
        const double received = double(gain[c + l]) * weight[c + l];
        top[l] = received > top[l] ? received : top[l];
      }
    for (std::int64_t c = whole; c < n_cells; ++c) {
      const double received = double(gain[c]) * weight[c];
      if (received > top[0]) top[0] = received;
    }
    for (int l = 1; l < lanes; ++l) top[0] = top[l] > top[0] ? top[l] : top[0];
    index[u] = first_equal(gain, n_cells, weight, top[0]);
  }
}

void weigh_cells(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight, double *sum) {
  for (std::int64_t u = 0; u < n_users; ++u, gain += n_cells) {
    double part[lanes] = {};
    std::int64_t c = 0;
    for (; c + lanes <= n_cells; c += lanes)
      for (int l = 0; l < lanes; ++l) part[l] += double(gain[c + l]) * weight[c + l];
    for (int l = 0; c + l < n_cells; ++l) part[l] += double(gain[c + l]) * weight[c + l];
    for (int half = lanes / 2; half > 0; half /= 2)
      for (int l = 0; l < half; ++l) part[l] += part[l + half];
    sum[u] = part[0];
  }
}

void weigh_users(const float *gain, std::int64_t n_users, std::int64_t n_cells, const double *weight, double *sum) {
  for (std::int64_t c = 0; c < n_cells; ++c) sum[c] = 0.0;
  for (std::int64_t u = 0; u < n_users; ++u, gain += n_cells) {
    const double w = weight[u];
    if (w == 0.0) continue;  // most users are idle on most carriers
    for (std::int64_t c = 0; c < n_cells; ++c) sum[c] += w * double(gain[c]);
  }
}

}  // namespace SILLA_ISA
}  // namespace silla
