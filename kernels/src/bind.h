// What the bindings share: array types, and one bind function per kernel.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace silla {

template <typename T, typename... Shape>
using in = nanobind::ndarray<const T, nanobind::numpy, nanobind::c_contig, nanobind::device::cpu, Shape...>;
template <typename T, typename... Shape>
using out = nanobind::ndarray<T, nanobind::numpy, nanobind::c_contig, nanobind::device::cpu, Shape...>;

// A new array owned by Python.
template <typename T>
nanobind::ndarray<nanobind::numpy, T> make_array(T *data, std::initializer_list<std::size_t> shape) {
  nanobind::capsule owner(data, [](void *p) noexcept { delete[] static_cast<T *>(p); });
  return nanobind::ndarray<nanobind::numpy, T>(data, shape, owner);
}

void bind_obstruction(nanobind::module_ &m);
void bind_coupling(nanobind::module_ &m);
void bind_cascade(nanobind::module_ &m);
void bind_gf2(nanobind::module_ &m);
void bind_received(nanobind::module_ &m);
void bind_ep(nanobind::module_ &m);
void bind_equalise(nanobind::module_ &m);
void bind_front_end(nanobind::module_ &m);
void bind_qam_search(nanobind::module_ &m);
void bind_ofdm(nanobind::module_ &m);
void bind_propagate(nanobind::module_ &m);
void bind_rate_matching(nanobind::module_ &m);
void bind_ldpc(nanobind::module_ &m);
void bind_photons(nanobind::module_ &m);
void bind_qam(nanobind::module_ &m);
void bind_ising(nanobind::module_ &m);
void bind_syndrome(nanobind::module_ &m);
void bind_tree(nanobind::module_ &m);
void bind_qaoa(nanobind::module_ &m);

}  // namespace silla
