"""Decoys and attacks on direct messages. Oracles: closed forms, diagonalised states, pulses drawn one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding.encoding import encode
from silla.coding.min_sum import decode, quantise
from silla.physics.quantum import dl04, hd_qsdc
from silla.physics.quantum.direct_decoys import (
    Station,
    encoder_leak,
    honest_check,
    leak_from_counts,
    pulse_leak,
    symbol_leak,
)
from silla.physics.quantum.messages.code import gap, message_code
from silla.physics.quantum.messages.passing import expected_checks
from silla.physics.quantum.messages.plan import clicks_per_bit, make_plan
from silla.physics.quantum.messages.send import send_message
from silla.physics.quantum.messages.settings import with_best_pulses
from silla.physics.quantum.photons.attacks import Blinding, InterceptResend, PhotonNumberSplitting, TrojanHorse
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.direct_attacks import splitting, told_bit
from silla.physics.quantum.photons.receiver import PhotonDetector
from silla.physics.quantum.photons.time_bins import TimeBinLink, receive

DECOYS = {"mean_photons": 0.2, "decoys": (0.07, 0.0), "decoy_shares": (0.25, 0.06)}
QUBITS = Dl04Link(0.3, PhotonDetector(0.8, 1e-7), misalignment=0.002, check_share=0.2, **DECOYS)
BINS = TimeBinLink(0.3, 0.8, 8, 0.002, 1e-8, check_share=0.2, check_efficiency=0.4, **DECOYS)
BOTH = pytest.mark.parametrize("link", [QUBITS, BINS], ids=["dl04", "hd"])


@pytest.mark.parametrize("line", [1.0, 0.3, 0.01])
@pytest.mark.parametrize("error", [0.0, 0.01])
def test_a_weak_enough_decoy_knows_the_single_photons(line, error):
    at = Station(0.3, 1e-9, 1.0)
    found = pulse_leak(honest_check(line, at, error), at, mu=0.1, nu=1e-3)
    single = 0.1 * np.exp(-0.1) * line
    arrived = -np.expm1(-0.1 * line * 0.3) / 0.3
    assert found.single == pytest.approx(single, rel=2e-3) and found.arrived == pytest.approx(arrived, rel=1e-6)
    assert found.leak == pytest.approx(single * symbol_leak(error, 1.0) + arrived - single, rel=0.02)


def test_bounds_with_fewer_decoys_allow_more():
    for rate, arguments in ((dl04.secrecy_capacity, (0.4,)), (hd_qsdc.secrecy_capacity, (8, 0.4))):
        common = {"misalignment": 0.005, "y0": 1e-8, "receiver_efficiency": 0.8, "mean_photons": 0.05}
        leaks = [
            float(rate(*arguments, decoys=kind, **common).eve_bit)
            for kind in ("infinite", "vacuum+weak", "one-decoy", "none")
        ]
        assert leaks == sorted(leaks) and leaks[0] < 0.9 * leaks[-1]


@pytest.mark.parametrize(("bits", "qubit"), [(1.0, True), (1.0, False), (2.0, False), (3.0, False)])
@pytest.mark.parametrize("mu", [0.01, 0.3, 3.0])
def test_light_out_of_the_encoder_tells_the_entropy_of_its_states(bits, qubit, mu):
    """The Gram matrix of coherent states, diagonalised: <a|b> = exp(-|a|^2/2 - |b|^2/2 + a* b), modes multiply."""
    n, amplitude = round(2**bits), np.sqrt(mu)
    if qubit:
        fields = np.array([[amplitude], [-amplitude]])
    else:
        fields = amplitude * np.eye(n)
    overlap = np.exp(fields @ fields.T - 0.5 * (fields**2).sum(1)[:, None] - 0.5 * (fields**2).sum(1)[None])
    values = np.linalg.eigvalsh(overlap / n)
    values = values[values > 1e-14]
    assert float(encoder_leak(mu, bits, qubit)) == pytest.approx(float(-(values * np.log2(values)).sum()), rel=1e-9)


def _drawn(rng, n_pulses, mu, p, passes, efficiency, error, check_share):
    """Pulses one by one: (checked sent, clicks, errors by intensity; arrivals and single arrivals of message pulses).

    passes(n) : photons that reach the sender of n that were sent, drawn."""
    kind = rng.choice(len(mu), n_pulses, p=p)
    sent = rng.poisson(np.array(mu)[kind])
    came = passes(sent)
    check = rng.random(n_pulses) < check_share
    click = check & (rng.random(n_pulses) < 1.0 - (1.0 - efficiency) ** came)
    wrong = click & (rng.random(n_pulses) < error)
    counts = np.array([[(kind[x] == k).sum() for k in range(len(mu))] for x in (check, click, wrong)])
    lit = ~check & (came > 0)
    return counts, int(lit.sum()), int((lit & (sent == 1)).sum()), int((~check).sum())


@pytest.mark.parametrize("attacked", [False, True])
@pytest.mark.parametrize("intensities", [(0.3, 0.1, 0.0), (0.3, 0.1), (0.05,)])
def test_bounds_from_counts_hold_for_pulses_drawn_one_by_one(intensities, attacked):
    """Against the numbers that only the drawing knows; an attacker who blocks single photons moves them together."""
    p = {3: (0.6, 0.3, 0.1), 2: (0.6, 0.4), 1: (1.0,)}[len(intensities)]
    line, efficiency, error = 0.3, 0.5, 0.01
    at = Station(efficiency, 0.0, 1.0)
    for seed in range(6):
        rng = np.random.default_rng(seed)

        def passes(n, rng=rng):
            if not attacked:
                return rng.binomial(n, line)
            return np.where(n >= 2, n - 1, np.where(rng.random(len(n)) < 0.15, n, 0))

        counts, arrived, single, n_message = _drawn(rng, 1_000_000, intensities, p, passes, efficiency, error, 0.3)
        found = leak_from_counts(
            counts[1], counts[2], at, n_check=counts[0].sum(), n_message=n_message,
            intensities=intensities, probabilities=p, eps=1e-6,
        )  # fmt: skip
        assert found.arrived >= arrived and found.single <= single
        assert found.single == 0.0 or found.single_error >= error
        assert found.bit >= (arrived - single) + single * float(symbol_leak(error, 1.0))
        if not attacked and len(intensities) == 3:
            assert found.single > 0.4 * single and found.arrived < 1.2 * arrived


@BOTH
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_splitting_keeps_the_signal_and_bends_the_decoys(link, share):
    attack = splitting(link, share)
    gains = {}
    for name, at in (("honest", link), ("attacked", replace(link, attack=attack))):
        table = at.table()
        for mode in (0, 1):
            for k in range(3):
                mine = (table.labels["mode"] == mode) & (table.labels["intensity"] == k)
                gains[name, mode, k] = float((table.prior * table.click)[mine].sum() / table.prior[mine].sum())
    for mode in (0, 1):
        assert gains["attacked", mode, 0] == pytest.approx(gains["honest", mode, 0], rel=1e-6)
    assert gains["attacked", 1, 1] < (1.0 - 0.02 * share) * gains["honest", 1, 1]
    # pulses of two photons and more, one of each kept, the rest through a line without loss
    several = 1.0 - sum(s * np.exp(-mu) * (1 + mu) for s, mu in zip((0.69, 0.25, 0.06), (0.2, 0.07, 0.0)))
    assert attack.line == 1.0 and told_bit(attack, link) == pytest.approx(share * several * link.bits)


@BOTH
def test_blinding_leaves_no_error_and_keeps_the_signal(link):
    table = replace(link, misalignment=0.05, attack=Blinding()).table()
    signal = (table.labels["mode"] == 1) & (table.labels["intensity"] == 0)
    if link.qubit:
        signal &= table.labels["basis"] == table.labels["check_basis"]
        wrong = [table.pattern[i, 2 - table.labels["bit"][i]] for i in np.flatnonzero(signal)]
    else:
        wrong = table.pattern[signal, 2]
    assert np.max(wrong) == 0.0
    mean = float((table.prior * table.click)[signal].sum() / table.prior[signal].sum())
    honest = -np.expm1(-0.2 * 0.3 * link.sees(True))
    assert mean == pytest.approx(honest, rel=1e-9)
    dark = (table.labels["intensity"] == 2) & (table.labels["mode"] == 1)
    assert float(table.click[dark].max()) == 0.0  # empty pulses do not click any more


@BOTH
def test_the_watchdog_stops_bright_light_and_without_one_the_account_says_what_is_read(link):
    near = with_best_pulses(replace(link, transmittance=0.7), 1000)
    for attack, says in ((Blinding(0.5), "photocurrent"), (TrojanHorse(1.0), "encoder")):
        found = send_message(near, b"watched", seed=1, attack=attack)
        assert found.delivered is None and says in found.reason and found.eve_message_bit == 0.0
    blind = send_message(near, b"watched", seed=1, attack=Blinding(), watchdog=False)
    assert blind.delivered == b"watched" and blind.eve_bound_bit < blind.allowance_bit
    assert blind.eve_read_bit > 0.4 * near.bits * blind.clicks


def test_light_that_is_counted_is_paid_for():
    single = Dl04Link(0.5, PhotonDetector(0.8, 1e-8), misalignment=0.002, check_share=0.2)
    counted = replace(single, reflected=1e-3)
    plain, paid = (send_message(x, b"trojan", seed=1, attack=TrojanHorse(1e-3)) for x in (single, counted))
    assert plain.delivered == paid.delivered == b"trojan"
    assert paid.capacity_bit_per_s == pytest.approx(
        plain.capacity_bit_per_s - 0.8 * 1e9 * float(encoder_leak(1e-3)), rel=1e-9
    )
    assert paid.allowance_bit > plain.allowance_bit and paid.eve_read_bit <= paid.allowance_bit
    with pytest.raises(DomainError, match="isolation"):
        make_plan(replace(single, reflected=1.0), 1000)


def test_splitting_is_seen_where_it_would_tell_the_message():
    """Bright pulses on a long line: Eve reads more than is spent, the decoys tell, and nothing is delivered."""
    link = replace(
        QUBITS, transmittance=0.25, mean_photons=0.05, decoys=(0.0175, 0.0), decoy_shares=(0.35, 0.1), misalignment=1e-4
    )

    attack = splitting(link)
    assert told_bit(attack, link) > 0.0
    found = send_message(link, b"split", seed=1, attack=attack)
    assert found.aborted and "single photons" in found.reason and found.eve_message_bit == 0.0
    assert found.eve_bound_bit > found.allowance_bit


@BOTH
def test_without_decoys_bright_pulses_are_refused(link):
    with pytest.raises(DomainError, match="without decoys every pulse"):
        make_plan(replace(link, decoys=(), decoy_shares=()), 1000)


@BOTH
@pytest.mark.parametrize("share", [0.1, 1.0])
def test_no_message_under_interception_with_weak_pulses(link, share):
    near = with_best_pulses(replace(link, transmittance=0.7), 1000)
    for seed in range(3):
        found = send_message(near, b"never", seed=seed, attack=InterceptResend(share), watchdog=False)
        assert found.delivered is None and found.frames_arrived == 0 == found.sent_bytes
        assert found.eve_bound_bit > found.allowance_bit >= 0.0


def test_an_attack_that_reads_less_than_is_spent_learns_nothing():
    """Whatever passes the check is within the allowance: what the attacker reads and what the bound says."""
    near = with_best_pulses(replace(QUBITS, transmittance=0.7), 1000)
    for attack in (splitting(near), PhotonNumberSplitting(0.5, 0.5, 0.2), InterceptResend(1e-4)):
        found = send_message(near, b"fine", seed=2, attack=attack)
        assert found.delivered is None or (
            found.eve_read_bit < found.eve_bound_bit <= found.allowance_bit and found.eve_message_bit == 0.0
        )


@pytest.mark.parametrize("error", [1e-3, 0.03, 0.1])
def test_the_code_decodes_at_its_gap(error):
    code, rng = message_code(), stream(5, "message code", error)
    info = rng.integers(0, 2, (40, code.k), dtype=np.uint8)
    words = encode(code, info)
    assert not code.syndrome(words).any()
    pairs = {tuple(code.col[list(code.edges(r))][:2]) for r in range(46, code.n_rows)}
    assert len(pairs) == code.n_rows - 46
    reads = rng.poisson(clicks_per_bit(error), (40, code.n - 2 * code.z))
    votes = (reads - 2 * rng.binomial(reads, error)) * (1 - 2 * words[:, 2 * code.z :].astype(int))
    llr = np.zeros((40, code.n), np.float32)
    llr[:, 2 * code.z :] = np.log((1 - error) / error) * votes
    found = decode(code, quantise(llr), max_iterations=40)
    assert (np.asarray(found[0])[:, : code.k] == info).all() and 0.18 < gap(error) < 0.25


def test_settings_are_found_or_refused():
    assert with_best_pulses(QUBITS, 1000, n_decoys=1).decoys[-1] > 0.0
    assert with_best_pulses(QUBITS, 1000, n_decoys=0).decoys == ()
    assert with_best_pulses(replace(QUBITS, transmittance=0.7), 1000, signal=0.1).mean_photons == 0.1
    with pytest.raises(DomainError):
        with_best_pulses(replace(QUBITS, transmittance=1e-4), 1000)
    with pytest.raises(ArgumentError, match="decoys"):
        with_best_pulses(QUBITS, 1000, n_decoys=3)


@BOTH
@pytest.mark.parametrize("attack", [None, InterceptResend(0.2), Blinding(0.5), "split"])
def test_checks_in_expectation_are_those_of_the_photons(link, attack):
    attack = splitting(link) if attack == "split" else attack
    at = replace(link, attack=attack)
    n = 20_000_000
    seen, mean = receive(at, n, seed=3).checks, expected_checks(at, n)
    assert np.abs(seen - mean).max(axis=1) == pytest.approx(0.0, abs=6.0 * np.sqrt(mean.max() + 10.0))
    assert (np.abs(seen - mean) <= 6.0 * np.sqrt(mean + 2.0)).all()
