#include <nanobind/stl/optional.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bind.h"
#include "dispatch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace silla {

template <typename T>
using Vector = in<T, nb::ndim<1>>;
template <typename T>
using Matrix = in<T, nb::ndim<2>>;
using Xyz = in<double, nb::shape<-1, 3>>;

static void expect(bool fits, const char *what) {
  if (!fits) throw std::invalid_argument(std::string("coupling: ") + what);
}

static void expect_ids(const Vector<std::int32_t> &ids, std::int64_t n, const char *what) {
  for (std::size_t i = 0; i < ids.shape(0); ++i) expect(ids.data()[i] >= 0 && ids.data()[i] < n, what);
}

void bind_coupling(nb::module_ &m) {
  m.attr("n_environments") = int(n_environments);
  m.def(
      "coupling",
      [](const Xyz &user_xyz, const Vector<bool> &user_indoor, const Vector<double> &user_d2d_in,
         const Vector<double> &user_loss, const Xyz &site_xyz, const Vector<std::int32_t> &site_env,
         const Vector<std::int32_t> &cell_site, const Vector<double> &cell_azimuth, const Vector<double> &cell_downtilt,
         const Vector<std::int32_t> &cell_pattern, const in<float, nb::ndim<3>> &patterns, const Matrix<float> &los_uniform,
         const Matrix<float> &shadow_normal, double frequency_ghz, bool tr38900, double street_width,
         double building_height, double clutter_density, double clutter_size, double clutter_height,
         double vegetation_density,
         const std::optional<Matrix<bool>> &los_given, const in<double, nb::shape<-1, 2>> &wrap, double gas_db_per_m,
         const std::optional<Vector<std::int32_t>> &cell_pattern_2) {
        const std::size_t users = user_xyz.shape(0), sites = site_xyz.shape(0), cells = cell_site.shape(0);
        expect(user_indoor.shape(0) == users && user_d2d_in.shape(0) == users && user_loss.shape(0) == users,
               "arrays over users differ in length");
        expect(site_env.shape(0) == sites, "site_env and site_xyz differ in length");
        expect(cell_azimuth.shape(0) == cells && cell_downtilt.shape(0) == cells && cell_pattern.shape(0) == cells &&
                   (!cell_pattern_2 || cell_pattern_2->shape(0) == cells),
               "arrays over cells differ in length");
        expect(patterns.shape(1) >= 2 && patterns.shape(2) >= 2, "patterns need two rows and two columns at least");
        const auto drawn = [&](const auto &a) { return a.shape(0) == users && a.shape(1) == sites; };
        expect(drawn(los_uniform) && drawn(shadow_normal) && (!los_given || drawn(*los_given)),
               "draws must be [n_users, n_sites]");
        expect(wrap.shape(0) >= 1, "wrap needs one displacement at least");
        expect_ids(site_env, n_environments, "an environment code is not known to the kernel");
        expect_ids(cell_site, std::int64_t(sites), "cell_site is out of range");
        expect_ids(cell_pattern, std::int64_t(patterns.shape(0)), "cell_pattern is out of range");
        if (cell_pattern_2) expect_ids(*cell_pattern_2, std::int64_t(patterns.shape(0)), "cell_pattern_2 is out of range");

        std::vector<std::int64_t> first(sites + 1, 0), by_site(cells);
        for (std::size_t c = 0; c < cells; ++c) ++first[std::size_t(cell_site.data()[c]) + 1];
        for (std::size_t s = 0; s < sites; ++s) first[s + 1] += first[s];
        std::vector<std::int64_t> next(first.begin(), first.end() - 1);
        for (std::size_t c = 0; c < cells; ++c) by_site[std::size_t(next[std::size_t(cell_site.data()[c])]++)] = std::int64_t(c);

        const auto n = [](std::size_t size) { return std::int64_t(size); };
        const CouplingInput input{n(users), n(sites), n(cells), n(patterns.shape(0)), n(patterns.shape(1)),
                                  n(patterns.shape(2)), n(wrap.shape(0)), user_xyz.data(), user_indoor.data(),
                                  user_d2d_in.data(), user_loss.data(), site_xyz.data(), site_env.data(), first.data(), by_site.data(),
                                  cell_azimuth.data(), cell_downtilt.data(), cell_pattern.data(),
                                  cell_pattern_2 ? cell_pattern_2->data() : nullptr, patterns.data(), los_uniform.data(),
                                  shadow_normal.data(), los_given ? los_given->data() : nullptr, wrap.data(),
                                  frequency_ghz, gas_db_per_m, tr38900, street_width, building_height,
                                  clutter_density, clutter_size, clutter_height, vegetation_density};
        std::unique_ptr<float[]> gain(new float[users * cells]);
        std::unique_ptr<float[]> gain_2(cell_pattern_2 ? new float[users * cells] : nullptr);
        std::unique_ptr<bool[]> los(new bool[users * sites]());
        {
          nb::gil_scoped_release unlocked;
          table().coupling(input, {gain.get(), gain_2.get(), los.get()});
        }
        const nb::object second =
            cell_pattern_2 ? nb::cast(make_array<float>(gain_2.release(), {users, cells})) : nb::object(nb::none());
        return nb::make_tuple(make_array<float>(gain.release(), {users, cells}),
                              make_array<bool>(los.release(), {users, sites}), second);
      },
      "user_xyz"_a, "user_indoor"_a, "user_d2d_in"_a, "user_loss"_a, "site_xyz"_a, "site_env"_a, "cell_site"_a,
      "cell_azimuth"_a, "cell_downtilt"_a, "cell_pattern"_a, "patterns"_a, "los_uniform"_a, "shadow_normal"_a,
      "frequency_ghz"_a, "tr38900"_a, "street_width"_a, "building_height"_a, "clutter_density"_a, "clutter_size"_a,
      "clutter_height"_a, "vegetation_density"_a, "los_given"_a.none(), "wrap"_a, "gas_db_per_m"_a, "cell_pattern_2"_a.none(),
      "(gain, los, gain_2 or None): linear gain [n_users, n_cells] and line of sight [n_users, n_sites].");
}

}  // namespace silla
