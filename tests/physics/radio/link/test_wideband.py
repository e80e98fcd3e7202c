"""The wideband link. Oracles: closed forms of each impairment, a linear convolution of the whole slot, plain AWGN."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.radio.link import wideband_chain as chain
from silla.physics.radio.link.impairments.converters import quantiser_sqnr_db
from silla.physics.radio.link.impairments.power_amplifier import amplifier, bussgang, drive_for_backoff
from silla.physics.radio.link.los_mimo import SubarrayPair, optimal_spacing_m, spherical_channel
from silla.physics.radio.link.wideband import WidebandLink, channel, ideal_hardware, layout

F, DISTANCE = 142e9, 50.0
D = optimal_spacing_m(F, DISTANCE, 2)
PANELS = SubarrayPair(2, 2, (D, D), DISTANCE, 2)


def small(**changes) -> WidebandLink:
    """One carrier of 240 subcarriers, eight layers, ideal hardware."""
    base = WidebandLink((F,), 10, 240, 512, 8, "qam16", Fraction(1, 2), PANELS, ideal_hardware(), tracked=4)
    return replace(base, **changes)


def measured(link: WidebandLink, snr_db: float, n_slots: int = 2, seed: int = 1) -> chain.SlotCounts:
    return chain.simulate_slots(link, snr_db, n_slots, stream(seed, "wideband"))


def test_ideal_link_has_the_snr_of_maximum_ratio_on_every_layer():
    # orthogonal columns of energy 4: 10 lg 4 above the SNR of a port; estimates and tracking cost a little
    found = measured(small(), 20.0)
    expected = 20.0 + 10 * np.log10(4)
    assert np.all(found.layer_snr_db < expected + 0.1)
    assert np.all(found.layer_snr_db > expected - 1.2)
    assert found.bit_errors == 0 and found.blocks == 4


@pytest.mark.parametrize("layers", [1, 3, 8])
def test_channel_estimator_is_the_wiener_filter_of_a_rectangular_delay_profile(layers):
    """Against the filter written out: correlation sinc(2 T f), solved at the pilots."""
    link = small(layers=layers)
    found = chain._estimator(link)
    span, k, freedom = 2.0 * link.delay_span_s + 0.01 / (layers * link.scs_hz), np.arange(240), 0.0
    for layer, at in enumerate(layout(link).pilots):
        own = np.sinc(2 * span * link.scs_hz * (at[:, None] - at)) + np.eye(len(at)) / 10**2.5 / layers
        filter_ = np.linalg.solve(own, np.sinc(2 * span * link.scs_hz * (at[:, None] - k)))
        assert np.allclose(found.gather[layer] @ found.spread, filter_, atol=2e-6)
        freedom += np.trace(filter_[:, at])
    assert found.freedom == pytest.approx(freedom, rel=1e-6)


@pytest.mark.parametrize("n_symbols", [3, 7, 14])
def test_fewer_symbols_are_a_shorter_slot(n_symbols):
    link = small(n_symbols=n_symbols)
    found = measured(link, 20.0)
    assert found.bit_errors == 0 and found.symbols == 2 * (n_symbols - 1) * len(layout(link).data)
    assert link.slot_s == pytest.approx(1e-3 / 2**10 * n_symbols / 14)


def test_counts_add_and_repeat():
    link = small()
    one, again = measured(link, -1.0, 1), measured(link, -1.0, 1)
    assert one.bit_errors == again.bit_errors > 0
    both = one + again
    assert (both.slots, both.bits, both.code_blocks) == (2, 2 * one.bits, 2 * one.code_blocks)
    assert one.bits == link.bits_per_slot


def test_errors_fall_with_snr_and_none_decode_below_shannon():
    link = small(modulation="qam64", rate=Fraction(3, 4))
    bad = measured(link, link.shannon_snr_db - 10 * np.log10(4) - 1.0)
    good = measured(link, link.shannon_snr_db - 10 * np.log10(4) + 4.0)
    assert bad.bler == 1.0 and good.bler == 0.0


def floor_db(hardware_changes: dict, **changes) -> float:
    link = small(hardware=replace(ideal_hardware(), **hardware_changes), **changes)
    return float(measured(link, 60.0, 3).layer_snr_db.mean())


def test_floor_of_phase_noise_is_the_integral():
    link = small(hardware=replace(ideal_hardware(), oscillator="r1-163984-b"))
    assert floor_db({"oscillator": "r1-163984-b"}) == pytest.approx(link.phase_noise_limit_db(), abs=1.0)


def test_following_the_phase_within_a_symbol_is_worth_what_the_integral_says():
    coarse, fine = (floor_db({"oscillator": "tr38803-45ghz"}, tracked=u) for u in (0, 8))
    limits = [small(hardware=replace(ideal_hardware(), oscillator="tr38803-45ghz"), tracked=u).phase_noise_limit_db()
              for u in (0, 8)]  # fmt: skip
    assert fine - coarse == pytest.approx(limits[1] - limits[0], abs=2.0)
    assert fine - coarse > 5.0


def test_floor_of_the_amplifier_is_bussgang_less_what_leaves_the_carrier():
    model = amplifier("r4-163314")
    drive = drive_for_backoff(model, 8.0)
    linear, _, distortion = bussgang(drive, model)
    ratio = 10 * np.log10(abs(linear) ** 2 * drive / distortion)
    found = floor_db({"amplifier": "r4-163314", "backoff_db": 8.0})
    assert ratio - 0.3 < found < ratio + 2.0  # a part of the distortion falls beside the carrier


@pytest.mark.parametrize("bits", [6, 8])
def test_floor_of_transmit_converters(bits):
    # the noise spreads over n_fft bins, of which the carrier takes 240
    expected = quantiser_sqnr_db(bits) + 10 * np.log10(512 / 240)
    assert expected - 1.6 < floor_db({"dac_bits": bits}) < expected + 0.2


def test_floor_of_receive_converters():
    # a port hears the four layers of its polarisation, and four ports are combined for each layer
    expected = quantiser_sqnr_db(7) + 10 * np.log10(512 / 240)
    assert expected - 2.6 < floor_db({"adc_bits": 7}) < expected + 0.2


def test_images_and_their_compensation():
    assert floor_db({"tx_image_db": 30.0}) == pytest.approx(30.0, abs=1.0)
    raw = floor_db({"rx_image_db": 30.0, "iq_compensation": False})
    clean = floor_db({"rx_image_db": 30.0, "iq_compensation": True})
    assert raw == pytest.approx(30.0, abs=1.5) and clean > raw + 4.0


def test_symbols_without_prefixes_are_the_linear_convolution():
    """The whole slot with its prefixes through the delays by one long transform, oscillators drifting on."""
    link = small(hardware=replace(ideal_hardware(), oscillator="tr38803-70ghz"))
    rng = stream(3, "linear")
    sent = chain.transmit(link, rng)
    step, size, prefix = link.n_fft + link.prefix_samples, link.n_fft, link.prefix_samples
    from silla.physics.radio.link.impairments import phase_noise as pn

    phases = pn.phase_noise_samples(14 * step, link.sample_rate_hz, F, "tr38803-70ghz", rng=rng, shape=(2,))
    whole = np.concatenate([sent.samples[..., -prefix:], sent.samples], axis=-1).reshape(1, 8, -1)
    n = whole.shape[-1]
    x = np.fft.fft(whole * np.exp(1j * phases[0]), 2 * n)
    f = np.fft.fftfreq(2 * n, 1 / link.sample_rate_hz)
    keep = np.abs(f) <= link.occupied_hz / 2 + link.scs_hz
    h = np.where(keep[:, None, None], spherical_channel(link.panels, F + f), 0)
    y = np.fft.ifft(np.einsum("frl,clf->crf", h, x))[..., :n]
    linear = (y * np.exp(1j * phases[1])).reshape(1, 8, 14, step)[..., prefix:]

    turns = [np.exp(1j * p).reshape(1, 14, step)[..., prefix:].astype(np.complex64) for p in phases]
    original = chain._oscillations
    chain._oscillations = lambda *_: (turns[0], turns[1])  # the same oscillators
    try:
        circular = chain.propagate(link, sent.samples, 150.0, rng)
    finally:
        chain._oscillations = original
    a, b = (np.fft.fft(z)[..., layout(link).bins] for z in (linear, circular))
    difference = np.mean(np.abs(a - b) ** 2) / np.mean(np.abs(a) ** 2)
    assert 10 * np.log10(difference) < -30.0
    assert size == circular.shape[-1]


def test_channel_holds_geometry_squint_and_air():
    air = (tuple(np.linspace(0.0, 3.0, 240).tolist()),)
    link = small(hardware=replace(ideal_hardware(), squint=True), elements=64, steering_deg=40.0, air_db=air)
    h = channel(link)
    plain = channel(small())
    ratio = np.abs(h / plain)
    from silla.physics.radio.link.impairments.beam_squint import squint_gain

    f = F + (np.arange(240) - 120) * link.scs_hz
    expected = squint_gain(f, F, 64, 40.0) ** 2 * 10 ** (-np.linspace(0, 3, 240) / 20)
    assert np.allclose(ratio[0, 0, 0, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("layers", [1, 2, 3, 5, 7])
def test_any_number_of_layers(layers):
    found = measured(small(layers=layers), 20.0, 1)
    assert found.bit_errors == 0 and len(found.layer_snr_db) == layers
    assert found.blocks == (1 if layers <= 4 else 2)


@pytest.mark.parametrize("modulation", ["qpsk", "qam256", "qam1024"])
@pytest.mark.parametrize("waveform", ["ofdm", "dft-s-ofdm"])
def test_modulations_and_waveforms(modulation, waveform):
    link = small(modulation=modulation, waveform=waveform, rate=Fraction(2, 3))
    assert measured(link, link.shannon_snr_db + 4.0, 1).bit_errors == 0


def test_transform_precoding_lowers_the_peaks():
    power = {}
    for waveform in ("ofdm", "dft-s-ofdm"):
        x = chain.transmit(small(waveform=waveform, modulation="qpsk", layers=1), stream(5, "peak")).samples
        data = np.abs(np.delete(x, 2, axis=2)) ** 2
        power[waveform] = np.quantile(data, 0.999) / data.mean()
    assert power["dft-s-ofdm"] < 0.85 * power["ofdm"]


def test_doppler_within_the_numerology_is_followed():
    link = small(speed_m_s=300.0)
    assert link.doppler_hz == pytest.approx(F * 300 / 299_792_458)
    assert measured(link, 20.0, 1).bit_errors == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"panels": SubarrayPair(1, 2, (D, D), DISTANCE, 2)}, "layers on 4 antenna ports"),
        ({"layers": 9}, "1 to 8"),
        ({"modulation": "qam512"}, "known"),
        ({"waveform": "fbmc"}, "known"),
        ({"rate": Fraction(99, 100)}, "948/1024"),
        ({"mu": 14}, "0 to 13"),
        ({"n_symbols": 2}, "3 to 14"),
        ({"n_subcarriers": 250}, "multiples of 12"),
        ({"n_fft": 200}, "must hold"),
        ({"carriers_hz": (F, F + 1e9)}, "overlap"),
        ({"speed_m_s": 3e6}, "Doppler"),
        ({"mu": 3, "hardware": replace(ideal_hardware(), oscillator="tr38803-70ghz"), "modulation": "qam4096",
          "rate": Fraction(9, 10)}, "phase noise"),
        ({"panels": SubarrayPair(2, 2, (6.0, 6.0), 10.0, 2)}, "delays"),
        ({"air_db": ((0.0,),)}, "air_db"),
    ],
)  # fmt: skip
def test_refuses(changes, words):
    with pytest.raises((ArgumentError, DomainError), match=words):
        small(**changes)


def test_refuses_an_snr_that_is_no_number():
    with pytest.raises(ArgumentError, match="SNR"):
        measured(small(), float("nan"))
    with pytest.raises(ArgumentError, match="slots"):
        measured(small(), 10.0, 0)
