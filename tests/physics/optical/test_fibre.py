"""Fibre loss and Raman noise. Oracles: closed forms, quadrature, published cross-sections, detailed balance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from silla.base.errors import ArgumentError, DomainError
from silla.base.units import BOLTZMANN_J_PER_K, PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S
from silla.physics.optical.fibre import attenuation_at, group_delay_s, link_loss_db, nepers_per_m, transmittance
from silla.physics.optical.raman import noise_photons_per_s, noise_power_w, raman_cross_section


def test_loss_adds_up_and_transmittance_undoes_it():
    loss = link_loss_db([0.0, 10e3, 100e3], 0.2, connectors=2, connector_db=0.5, splices=20, splice_db=0.02)
    np.testing.assert_allclose(loss, np.array([0.0, 2.0, 20.0]) + 1.4)
    np.testing.assert_allclose(transmittance(loss[1]), np.exp(-nepers_per_m(0.2) * 10e3) * 10**-0.14)
    assert group_delay_s(1e3) == pytest.approx(4.897e-6, rel=1e-3)


def test_attenuation_curve_has_its_least_value_near_1550_nm():
    wavelength = np.linspace(1260e-9, 1625e-9, 200)
    curve = attenuation_at(wavelength, 0.2)
    assert abs(wavelength[np.argmin(curve)] - 1550e-9) < 3e-9 and curve.min() == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: link_loss_db(-1.0, 0.2),
        lambda: link_loss_db(1e3, 0.0002),
        lambda: link_loss_db(np.nan, 0.2),
        lambda: link_loss_db(1e3, 0.2, connectors=-1),
        lambda: transmittance(201.0),
        lambda: attenuation_at(800e-9),
        lambda: raman_cross_section(1565e-9, 1265e-9),
        lambda: noise_power_w(30.0, 1e-3, 1e-9, 1e3, classical_alpha_per_m=4e-5, quantum_alpha_per_m=4e-5),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DomainError):
        call()


def test_unknown_direction_is_refused():
    with pytest.raises(ArgumentError, match="counter"):
        noise_power_w(1e-3, 1e-3, 1e-9, 1e3, classical_alpha_per_m=4e-5, quantum_alpha_per_m=4e-5, direction="sideways")


def test_anchor_zero_dbm_over_25_km():
    alpha = nepers_per_m(0.2)
    found = noise_photons_per_s(
        1e-3,
        1551e-9,
        1550e-9,
        0.6e-9,
        25e3,
        cross_section=3e-9 * 1e6,  # 3e-9 per (km nm)
        classical_alpha_per_m=alpha,
        quantum_alpha_per_m=alpha,
    )
    assert found == pytest.approx(1.1e8, rel=0.02)


@settings(max_examples=100, deadline=None)
@given(st.floats(1, 200e3), st.floats(0.14, 0.5), st.floats(0.14, 0.5), st.sampled_from(["co", "counter"]))
def test_noise_is_the_integral_over_the_fibre(length, db_c, db_q, direction):
    a_c, a_q = nepers_per_m(db_c), nepers_per_m(db_q)

    def scattered(z):
        """Made at z metres from the sender, seen at the receiver's end."""
        classical = np.exp(-a_c * z) if direction == "co" else np.exp(-a_c * (length - z))
        return 1e-3 * 2e-3 * 1e-10 * classical * np.exp(-a_q * (length - z))

    found = noise_power_w(
        1e-3, 2e-3, 1e-10, length, classical_alpha_per_m=a_c, quantum_alpha_per_m=a_q, direction=direction
    )
    assert found == pytest.approx(quad(scattered, 0, length, epsabs=0, limit=200)[0], rel=1e-7)


def test_equal_attenuation_is_the_limit_of_unequal():
    alpha = 4.6e-5
    equal = noise_power_w(1e-3, 3e-3, 1e-9, 50e3, classical_alpha_per_m=alpha, quantum_alpha_per_m=alpha)
    near = noise_power_w(1e-3, 3e-3, 1e-9, 50e3, classical_alpha_per_m=alpha, quantum_alpha_per_m=alpha * (1 + 1e-9))
    assert equal == pytest.approx(1e-3 * 3e-3 * 1e-9 * 50e3 * np.exp(-alpha * 50e3), rel=1e-12)
    assert near == pytest.approx(equal, rel=1e-8)


ERAERDS_FIG_3 = {  # quantum wavelength in nm -> 1e-9 per (km nm), 1550 nm pump, read off
    1510: 2.2,
    1520: 2.6,
    1530: 3.3,
    1538: 4.0,
    1562: 5.1,
    1570: 4.8,
    1580: 4.1,
    1590: 3.7,
}


def test_cross_section_has_the_measured_shape():
    """Eraerds et al., New J. Phys. 12, 063027 (2010), Fig. 3; one factor (the scale) is taken from its two peaks."""
    nm = np.array(list(ERAERDS_FIG_3))
    per_km_nm = raman_cross_section(1550e-9, nm * 1e-9) * 1e-6
    np.testing.assert_allclose(per_km_nm * 1e9, np.array(list(ERAERDS_FIG_3.values())), rtol=0.2)


def test_stokes_and_anti_stokes_obey_detailed_balance():
    """Photons scattered per pump photon and mode, n + 1 down and n up over the same pair of frequencies: the Boltzmann
    factor between them."""
    for shift in (1e12, 5e12, 13e12, 30e12):
        f_low, f_high = 200e12 - shift / 2, 200e12 + shift / 2
        low, high = SPEED_OF_LIGHT_M_PER_S / f_low, SPEED_OF_LIGHT_M_PER_S / f_high

        def per_mode(pump, quantum):
            hertz = SPEED_OF_LIGHT_M_PER_S / quantum**2  # of one metre of bandwidth
            return raman_cross_section(pump, quantum) / hertz * quantum / pump

        boltzmann = np.exp(-PLANCK_J_S * shift / (BOLTZMANN_J_PER_K * 293.0))
        assert per_mode(low, high) / per_mode(high, low) == pytest.approx(boltzmann, rel=1e-9)


def test_o_band_sees_a_thousandth_of_the_c_band_noise():
    c_band = raman_cross_section(1550e-9, 1535e-9)
    o_band = raman_cross_section(1550e-9, 1310e-9)
    assert 1e-4 < o_band / c_band < 2e-3
    assert np.all(np.diff(raman_cross_section(1550e-9, 1538e-9, temperature_k=np.array([260.0, 293.0, 330.0]))) > 0)
