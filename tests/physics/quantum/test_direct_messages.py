"""Messages over direct-communication links: they arrive, or nothing does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.quantum import dl04, hd_qsdc
from silla.physics.quantum.messages.parties import CheckReport, Receiver, Sender, Unmask
from silla.physics.quantum.messages.plan import PAYLOAD, expected, make_plan, upper_bound
from silla.physics.quantum.messages.secrecy import hide, reveal, tag_of
from silla.physics.quantum.messages.send import send_message
from silla.physics.quantum.photons.attacks import BeamSplitting, InterceptResend
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.receiver import PhotonDetector
from silla.physics.quantum.photons.time_bins import TimeBinLink, receive

QUBITS = Dl04Link(0.5, PhotonDetector(0.8, 1e-8), misalignment=0.002, check_share=0.2)
BINS = TimeBinLink(0.5, 0.8, 8, misalignment=0.002, dark_per_bin=1e-8, check_share=0.2)
NAMES = pytest.mark.parametrize("link", [QUBITS, BINS], ids=["dl04", "hd"])
MESSAGES = {"empty": b"", "one": b"x", "korean": "안녕하세요, 경주에서".encode(), "binary": bytes(range(256)) * 5}


@NAMES
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_arrives_whole(link, name):
    found = send_message(link, MESSAGES[name], seed=1)
    assert found.delivered == MESSAGES[name] and not found.aborted and found.reason == ""
    assert found.frames_arrived == found.frames <= found.frames_sent
    assert found.bit_per_s <= found.capacity_bit_per_s
    assert found.seconds == pytest.approx(found.photons * link.slot_s)


@NAMES
def test_a_long_message_comes_near_the_capacity_and_not_beyond(link):
    data = stream(1, "message").bytes(30_000)
    found = send_message(link, data, seed=2)
    assert found.delivered == data
    assert 0.15 * found.capacity_bit_per_s < found.bit_per_s < found.capacity_bit_per_s


def test_the_capacity_is_that_of_the_rate_library():
    known = dl04.secrecy_capacity(
        0.5, misalignment=0.002, y0=1 - (1 - 1e-8) ** 2, receiver_efficiency=0.8, check_share=0.2
    )
    assert expected(QUBITS).capacity_bit_per_s == pytest.approx(float(known.capacity) * QUBITS.clock_hz)
    assert expected(QUBITS).eve_bit == pytest.approx(float(known.eve_bit))
    weak = replace(BINS, mean_photons=0.1, decoys=(0.02, 0.0), decoy_shares=(0.2, 0.1))
    known = hd_qsdc.secrecy_capacity(
        8, 0.5, misalignment=0.002, y0=1e-8, receiver_efficiency=0.8, mean_photons=0.1, decoys="vacuum+weak", nu=0.02
    )
    assert expected(weak).eve_bit == pytest.approx(float(known.eve_bit))


@NAMES
@pytest.mark.parametrize("share", [0.2, 1.0])
def test_no_message_with_an_eavesdropper_above_the_limit(link, share):
    for seed in range(3):
        found = send_message(link, b"not for you", seed=seed, attack=InterceptResend(share))
        assert found.delivered is None and found.aborted and "somebody may be listening" in found.reason
        assert found.frames_sent == 1 and found.frames_arrived == 0 and found.photons > 0 and found.bit_per_s == 0.0


def test_a_message_with_an_eavesdropper_below_the_limit_is_still_within_the_allowance():
    plan = make_plan(QUBITS, 1000)
    slight = 0.02 * (plan.max_check_error - expected(QUBITS).check_error) / 0.25
    found = send_message(QUBITS, b"small talk", seed=3, attack=InterceptResend(slight))
    assert found.delivered == b"small talk"


def test_the_check_passes_on_an_undisturbed_line_and_its_bound_is_exact():
    assert upper_bound(50, 3, 0.05) == pytest.approx(stats.binomtest(3, 50).proportion_ci(0.9).high)
    assert upper_bound(10, 10, 1e-9) == 1.0
    assert not any(send_message(QUBITS, b"", seed=s).aborted for s in range(10, 15))


def test_seeds_are_the_run():
    assert send_message(BINS, b"abc", seed=5) == send_message(BINS, b"abc", seed=5)
    assert send_message(BINS, b"abc", seed=5).clicks != send_message(BINS, b"abc", seed=6).clicks


def test_a_lost_frame_is_sent_again_and_a_dead_line_is_given_up():
    line = replace(QUBITS, misalignment=0.002)
    plan = make_plan(line, 1000)
    sender = Sender(plan, b"again", bytes(32), stream(1, "s"))
    receiver = Receiver(plan, bytes(32))
    for attempt, keep in enumerate((0.8, 1.0)):
        sender.prepare(attempt)
        got = receive(line, plan.n_slots, seed=1, name=str(attempt))
        some = slice(0, int(keep * len(got.slot)))
        symbols = (sender.symbols(got.slot[some]) + got.offset[some]) % 2
        report = CheckReport(sender.frame, got.checks)
        sender.checked(report), receiver.checked(report)
        said = sender.answered(0, receiver.decode(got.slot[some], symbols, attempt))
        assert (said is None) == (keep < 1.0)
    assert said is not None
    receiver.opened(said)
    assert receiver.message(sender.n_frames) == b"again"


def test_no_party_goes_on_out_of_turn():
    plan = make_plan(QUBITS, 1000)
    receiver, sender = Receiver(plan, bytes(32)), Sender(plan, b"", bytes(32), stream(1, "s"))
    none = np.zeros(0, np.int64)
    with pytest.raises(ArgumentError, match="before its check"):
        receiver.decode(none, none, 0)
    with pytest.raises(ArgumentError, match="was opened"):
        receiver.opened(Unmask(0, np.zeros(plan.n_payload, np.uint8), np.zeros(1, np.uint8)))
    sender.prepare(0)
    assert sender.answered(0, True) is None  # not checked: the mask stays hers
    receiver.checked(CheckReport(0, np.zeros((3, 1), np.int64)))
    assert "0 of 0 checks" in receiver.aborted and receiver.message(1) is None


def test_an_altered_message_does_not_pass_its_tag():
    plan = make_plan(QUBITS, 1000)
    receiver = Receiver(plan, bytes(range(32)))
    whole = (3).to_bytes(8, "little") + b"abc" + tag_of(b"abd", bytes(range(32)))
    bits = np.unpackbits(np.frombuffer(whole, np.uint8))
    receiver.parts = [np.concatenate([bits, np.zeros(plan.n_secret - len(bits), np.uint8)])]
    assert receiver.message(1) is None and "altered" in receiver.aborted


def test_hiding_spreads_every_payload_equally_over_messages():
    # exhaustive, 2 message and 3 fresh bits: each payload carries one message, and each message 2^3 payloads
    rng = np.random.default_rng(1)
    for _ in range(5):
        diagonals = rng.integers(0, 2, 4, dtype=np.uint8)
        seen = {}
        for m in range(4):
            for r in range(8):
                message, fresh = np.array([m >> 1, m & 1], np.uint8), np.array([r >> 2, r >> 1 & 1, r & 1], np.uint8)
                payload = hide(message, fresh, diagonals)
                assert (reveal(payload, 2, diagonals) == message).all()
                seen[tuple(payload.tolist())] = m
        assert len(seen) == 32


def test_what_leaks_of_a_payload_tells_nothing_of_the_message():
    """Eve knows 2 of 8 payload bits; over random matrices the message of 3 bits stays uniform but for the stated
    distance, 2^-((5 - 2) / 2 + 1), worked out by enumeration of the fresh bits."""
    rng, k, r, known = np.random.default_rng(2), 3, 5, [0, 4]
    total = 0.0
    trials = 20
    for _ in range(trials):
        diagonals = rng.integers(0, 2, k + r - 1, dtype=np.uint8)
        joint = np.zeros((8, 4))
        for m in range(8):
            message = np.array([m >> 2, m >> 1 & 1, m & 1], np.uint8)
            for f in range(2**r):
                payload = hide(message, np.array([f >> i & 1 for i in range(r)], np.uint8), diagonals)
                joint[m, payload[known[0]] * 2 + payload[known[1]]] += 1.0
        joint /= joint.sum()
        total += 0.5 * np.abs(joint - joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)).sum()
    assert total / trials < 2.0 ** -(0.5 * (r - len(known)) + 1)


def test_the_tag_depends_on_every_byte():
    key = bytes(range(1, 33))
    base = tag_of(b"a" * 40, key)
    for i in range(40):
        other = bytearray(b"a" * 40)
        other[i] ^= 1
        assert tag_of(bytes(other), key) != base
    assert tag_of(b"", key) != tag_of(b"\0", key)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: send_message(replace(QUBITS, transmittance=0.5, misalignment=0.2), b"", seed=1), "no secret bit"),
        (lambda: send_message(replace(QUBITS, check_share=0.0), b"", seed=1), "check_share is 0"),
        (lambda: send_message(QUBITS, "text", seed=1), "give bytes"),  # type: ignore[arg-type]
        (lambda: send_message(QUBITS, b"", seed=1, attack=BeamSplitting(0.1)), "PhotonNumberSplitting"),
        (lambda: replace(QUBITS, decoys=(0.1,), decoy_shares=(0.1,)), "a single photon has none"),
        (lambda: replace(QUBITS, mean_photons=0.1, decoys=(0.2,), decoy_shares=(0.1,)), "fall from below"),
        (lambda: replace(QUBITS, mean_photons=0.1, decoys=(0.05,), decoy_shares=(1.0,)), "shares above 0"),
        (lambda: replace(BINS, reflected=-1.0), "reflected"),
        (lambda: send_message(QUBITS, b"", seed=1, max_check_error=1e-4), "max_check_error"),
        (lambda: make_plan(QUBITS, 100, eps=0.5), "eps"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises((DomainError, ArgumentError), match=says):
        call()


def test_a_frame_spends_what_eve_may_know():
    plan = make_plan(QUBITS, 10**6)
    n = plan.n_slots * (1 - QUBITS.check_share)
    assert plan.n_secret < PAYLOAD * plan.n_blocks - n * plan.usual.eve_bit
    assert plan.allowance_bit > n * plan.usual.eve_bit


def test_jitter_and_after_pulses_are_planned_for():
    rough = replace(BINS, dead_time_s=20e-9, guard=True, jitter_s=0.35e-9, afterpulse=0.03, check_efficiency=0.4)
    usual = expected(rough)
    got = receive(rough, 400_000, seed=4)
    assert len(got.slot) / got.n_message == pytest.approx(usual.gain, rel=0.05)
    assert (got.offset > 0).mean() == pytest.approx(usual.error, rel=0.1)
    found = send_message(replace(rough, misalignment=1e-4), b"rough", seed=1)
    assert found.delivered == b"rough" and found.frames_sent == 1
