#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;

NB_MODULE(_core, m) {
  m.def("isa", [] { return std::string(silla::table().isa); }, "The instruction set in use.");
  m.def("supported", &silla::supported, "Instruction sets that were compiled and that this processor has, best first.");
  m.def("set_isa", &silla::set_isa, nb::arg("isa"), "Use another of the supported instruction sets.");
  silla::bind_obstruction(m);
  silla::bind_coupling(m);
  silla::bind_received(m);
  silla::bind_ep(m);
  silla::bind_equalise(m);
  silla::bind_front_end(m);
  silla::bind_qam_search(m);
  silla::bind_ofdm(m);
  silla::bind_propagate(m);
  silla::bind_cascade(m);
  silla::bind_gf2(m);
  silla::bind_syndrome(m);
  silla::bind_ldpc(m);
  silla::bind_rate_matching(m);
  silla::bind_photons(m);
  silla::bind_qam(m);
  silla::bind_ising(m);
  silla::bind_tree(m);
  silla::bind_qaoa(m);
}
