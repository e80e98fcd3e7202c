"""Oracles: tables of ITU-R and closed forms (SOURCE.md)."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from silla.base import kernels
from silla.base.rng import stream
from silla.coding.transport_block import decode_transport_block, encode_transport_block
from silla.engine import tbps_system as ts
from silla.physics.radio.atmosphere import gas_attenuation_db_per_km, rain_attenuation_db_per_km, rain_coefficients
from silla.physics.radio.link import wideband_chain as chain
from silla.physics.radio.link.demapping import demap_int8
from silla.physics.radio.link.impairments.converters import quantise
from silla.physics.radio.link.impairments.front_end import front_end, mixing
from silla.physics.radio.link.impairments.iq_imbalance import imbalance
from silla.physics.radio.link.los_mimo import SubarrayPair, optimal_spacing_m, spherical_channel
from silla.physics.radio.link.mapping import map_symbols
from silla.physics.radio.link.ofdm import to_subcarriers
from silla.physics.radio.link.wideband import WidebandLink, channel, ideal_hardware, layout

C = 299_792_458.0
with (Path(__file__).parent / "reference.csv").open() as _file:
    ROWS = {(r["quantity"], float(r["frequency_ghz"])): float(r["value"]) for r in csv.DictReader(_file)}
needs_kernels = pytest.mark.skipif(not kernels.available(), reason="hundreds of code blocks need the kernels' speed")


def ideal(f: float = 142e9, distance: float = 50.0, **changes) -> WidebandLink:
    """One carrier of 240 subcarriers, eight layers, ideal hardware."""
    d = optimal_spacing_m(f, distance, 2)
    pair = SubarrayPair(2, 2, (d, d), distance, 2)
    base = WidebandLink((f,), 10, 240, 512, 8, "qam16", Fraction(1, 2), pair, ideal_hardware(), tracked=4)
    return replace(base, **changes)


@pytest.mark.parametrize("ghz", [140.0, 156.0, 300.0])
def test_gases(ghz):
    assert float(gas_attenuation_db_per_km(ghz)) == pytest.approx(ROWS["gas", ghz], rel=1e-5)


@pytest.mark.parametrize(("polarisation", "tilt"), [("h", 0.0), ("v", 90.0)])
@pytest.mark.parametrize("ghz", [120.0, 140.0, 150.0, 300.0])
def test_rain(ghz, polarisation, tilt):
    tabled = sorted(f for q, f in ROWS if q == f"rain_k_{polarisation}")
    log_f = np.log(tabled)
    k, alpha = (np.array([ROWS[f"rain_{q}_{polarisation}", f] for f in tabled]) for q in ("k", "alpha"))
    k, alpha = np.exp(np.interp(np.log(ghz), log_f, np.log(k))), np.interp(np.log(ghz), log_f, alpha)
    tolerance = 1e-3 if ghz in tabled else 5e-3  # between the rows the Recommendation's own curve bends
    assert [float(x) for x in rain_coefficients(ghz, 0.0, tilt)] == pytest.approx([k, alpha], rel=tolerance)
    found = float(rain_attenuation_db_per_km(ghz, 25.0, polarisation_tilt_deg=tilt))
    assert found == pytest.approx(k * 25.0**alpha, rel=2 * tolerance)


@pytest.mark.parametrize(("ghz", "distance"), [(140.0, 50.0), (140.0, 300.0), (300.0, 20.0), (300.0, 150.0)])
@pytest.mark.parametrize("rain", [0.0, 25.0])
def test_budget_by_hand(ghz, distance, rain):
    """A carrier too narrow for anything to change over it; 45 degrees of tilt, as for a circular polarisation."""
    s = replace(ts.system("dband"), first_hz=ghz * 1e9 - 4e9, n_carriers=1, n_subcarriers=48, mu=3)
    got = ts.budget(s, distance, rain)
    # 10 dBm - 9 dB of back-off and 64 amplifiers; 5 dBi and 64 elements at each end; noise figure 10 dB, kT = -173.975
    transmitted = 10.0 - 9.0 + 10 * np.log10(64)
    gain = 5.0 + 10 * np.log10(64)
    free = 20 * np.log10(4 * np.pi * distance * ghz * 1e9 / C)
    k, alpha = (float(x) for x in rain_coefficients(ghz, 0.0, 45.0))
    air = (ROWS["gas", ghz] + (k * rain**alpha if rain else 0.0)) * distance / 1e3
    noise = -173.975 + 10 * np.log10(48 * 120e3) + 10.0
    assert got["loss_db"] == pytest.approx(free + air, abs=0.005)
    assert got["snr_db"] == pytest.approx(transmitted + 2 * gain - free - air - noise, abs=0.01)


def psd_70ghz(f: float, carrier: float) -> float:
    """TR 38.803 clause 6.1.11, 70 GHz, written out; two-sided density of one oscillator at the carrier."""
    zeros = (1 + (f / 3e3) ** 2.37) * (1 + (f / 396e3) ** 2.7) * (1 + (f / 754e6) ** 2.53)
    poles = (1 + f**3.3) * (1 + (f / 1.55e6) ** 3.3) * (1 + f / 30e6)
    return 10**3.949 * zeros / poles * (carrier / 70e9) ** 2


@pytest.mark.parametrize(("carrier", "mu"), [(140e9, 10), (140e9, 12), (300e9, 12)])
def test_error_vector_of_phase_noise(carrier, mu):
    """The formula is of small phases: at 300 GHz and a lower numerology they are not."""
    alone = SubarrayPair(1, 1, (0.0, 0.0), 50.0, 1)
    hardware = replace(ideal_hardware(), oscillator="tr38803-70ghz")
    link = ideal(carrier, mu=mu, layers=1, modulation="qpsk", rate=Fraction(1, 5), panels=alone, hardware=hardware)
    width, scs = link.occupied_hz, link.scs_hz

    def density(log_f: float) -> float:
        f = np.exp(log_f)
        heard = max(1.0 - f / width, 0.0)
        return psd_70ghz(f, carrier) * (1.0 - np.sinc(f / scs) ** 2) * heard * f

    points = np.log(np.geomspace(1e4, min(width, link.sample_rate_hz / 2), 40))
    one = sum(integrate.quad(density, a, b)[0] for a, b in itertools.pairwise(points))
    expected = -10 * np.log10(2 * 2 * one)  # two sidebands, two ends
    error = power = 0.0
    rng = stream(1, "validation", "phase noise")
    for _ in range(200):
        sent = chain.transmit(link, rng).samples
        x, y = (to_subcarriers(z, 240)[0, 0] for z in (sent, chain.propagate(link, sent, 90.0, rng)))
        common = (x.conj() * y).sum(axis=-1, keepdims=True) / (np.abs(x) ** 2).sum(axis=-1, keepdims=True)
        error += (np.abs(y - common * x) ** 2).sum()
        power += (np.abs(x) ** 2).sum()
    measured = -10 * np.log10(error / power)
    assert measured == pytest.approx(expected, abs=0.4), (measured, expected)  # a few symbols drift far: 3 % of spread


@pytest.mark.parametrize("bits", [6, 7, 8, 10])
def test_quantised_sine(bits):
    """A complex tone at full scale of both axes, its frequency no simple fraction of the clock's."""
    x = np.exp(2j * np.pi * np.sqrt(0.05) * np.arange(200_000)) * (1 - 2.0**-bits)
    y = quantise(x, bits, 1.0, step=2.0 / 2**bits)
    found = 10 * np.log10(np.mean(np.abs(x) ** 2) / np.mean(np.abs(y - x) ** 2))
    assert found == pytest.approx(6.0206 * bits + 1.76, abs=0.1)


@pytest.mark.parametrize(("gain_db", "phase_deg"), [(0.5, 2.0), (0.0, 5.0), (1.0, 0.0), (0.1, 0.3)])
def test_image_of_a_tone(gain_db, phase_deg):
    g, phi, n, at = 10 ** (gain_db / 20), np.radians(phase_deg), 4096, 300
    x = np.exp(2j * np.pi * at / n * np.arange(n))[None, None]
    lines = np.abs(np.fft.fft(front_end(x, mix=mixing(*imbalance(gain_db, phase_deg))).samples[0, 0])) ** 2
    expected = (1 + 2 * g * np.cos(phi) + g * g) / (1 - 2 * g * np.cos(phi) + g * g)
    assert 10 * np.log10(lines[at] / lines[-at]) == pytest.approx(10 * np.log10(expected), abs=0.05)


@pytest.mark.parametrize(("steering", "elements"), [(15.0, 8), (40.0, 16), (-60.0, 32)])
def test_squint_is_the_sum_of_the_elements(steering, elements):
    link = ideal(elements=elements, steering_deg=steering, hardware=replace(ideal_hardware(), squint=True))
    found = np.abs(channel(link) / channel(ideal()))[0, 0, 0, 0]
    f0 = link.carriers_hz[0]
    f = f0 + (np.arange(240) - 120) * link.scs_hz
    place = np.arange(elements) * 0.5 * C / f0 * np.sin(np.radians(steering))  # path of an element at half a wavelength
    array = np.abs(np.exp(2j * np.pi * (f - f0)[:, None] / C * place).sum(axis=1)) / elements
    assert found == pytest.approx(array**2, abs=1e-5)  # both ends


@needs_kernels
def test_blocks_lost_over_noise_alone():
    """64QAM at rate 5/6: SINR at which a tenth of the code blocks is lost, after the chain and over plain noise."""
    link = ideal(modulation="qam64", rate=Fraction(5, 6), n_subcarriers=480, n_fft=1024)
    a, g = link.transport_block_bits(4), len(layout(link).data) * 13 * 4 * 6

    def plain(sinr_db: float) -> float:
        rng = stream(4, "validation", "plain")
        bits = rng.integers(0, 2, (24, a), dtype=np.uint8)
        x = map_symbols(encode_transport_block(bits, g, 6, 5 / 6, n_layers=4), "qam64")
        n0 = 10 ** (-sinr_db / 10)
        noise = np.sqrt(n0 / 2) * (rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape))
        found = decode_transport_block(demap_int8(x + noise, n0, "qam64"), a, 6, 5 / 6, n_layers=4)
        return float(1 - found.block_ok.mean())

    def simulated(snr_db: float) -> tuple[float, float]:
        counts = chain.simulate_slots(link, snr_db, 12, stream(4, "validation", "chain"))
        return float(-10 * np.log10(counts.error_power.mean() / counts.symbols)), counts.code_bler

    over_noise = crossing([(s, plain(s)) for s in np.arange(17.0, 18.2, 0.1)])
    after_chain = crossing([simulated(s) for s in np.arange(11.3, 12.7, 0.1)])
    assert after_chain == pytest.approx(over_noise, abs=0.1)


def crossing(points: list[tuple[float, float]], level: float = 0.1) -> float:
    """Where lg of the error rate crosses a level."""
    for (a, p), (b, q) in itertools.pairwise(points):
        if p >= level > q:
            return a + (b - a) * np.log(p / level) / np.log(p / max(q, 1e-4))
    raise AssertionError(f"{points} do not cross {level}")


@pytest.mark.parametrize(("ghz", "distance"), [(140.0, 50.0), (300.0, 20.0)])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_best_spacing_makes_equal_singular_values(ghz, distance, n):
    """All singular values are sqrt(n): spacing sqrt(lambda R / n) (Bohagen et al. 2007, equation 11)."""
    spacing = np.sqrt(C / (ghz * 1e9) * distance / n)
    assert optimal_spacing_m(ghz * 1e9, distance, n) == pytest.approx(spacing, rel=1e-12)
    pair = SubarrayPair(1, n, (0.0, spacing), distance, 1)
    values = np.linalg.svd(spherical_channel(pair, ghz * 1e9), compute_uv=False)
    assert values == pytest.approx(np.full(n, np.sqrt(n)), rel=1e-3)


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0, 1.3, np.sqrt(2.0)])
def test_singular_values_of_two_by_two_at_any_spacing(share):
    """Off the diagonal of the Gram matrix stands 2 cos(pi d^2 / (lambda R)) (Sarris & Nix 2007)."""
    wave, distance = C / 142e9, 50.0
    spacing = share * np.sqrt(wave * distance / 2)
    pair = SubarrayPair(1, 2, (0.0, spacing), distance, 1)
    values = np.linalg.svd(spherical_channel(pair, 142e9), compute_uv=False) ** 2
    cross = 2 * abs(np.cos(np.pi * spacing**2 / (wave * distance)))
    assert values == pytest.approx([2 + cross, 2 - cross], abs=2e-3)
