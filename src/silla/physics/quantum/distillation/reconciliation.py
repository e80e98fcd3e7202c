"""Reconciliation as the two parties play it: one answers, the other asks until it has the same bits.

Whole LDPC blocks come first, where they are wanted; a block that does not decode is helped by more of its syndrome, and
after some rounds of this it is left to Cascade, as are the bits behind the last whole block. Every bit that is told is
counted.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from silla.base.errors import DomainError
from silla.coding import rate_adaptive as ldpc
from silla.coding.cascade import Asked, CascadePlan, bits_of, cascade_plan, end_of, groups
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.wire import Kind, Malformed, packed, unpacked

__all__ = ["CORRECTED", "answer", "ask"]

CASCADE, FURTHER, FINISHED, CORRECTED = 0, 1, 2, 3
WINDOW = 96  # frames reconciled side by side: memory against rounds
ROUNDS = 16  # of further syndromes
RATE_FLOOR, RATE_CEILING = 1e-4, 0.25  # error rates that Cascade's block sizes are made for

Steps = Generator[tuple[list[tuple[Kind, list[Any]]], Kind], list[Any], Any]


def _layout(settings: Settings, n: int, rate: float) -> tuple[ldpc.RateAdaptive | None, int]:
    """(LDPC plan or None, number of whole blocks): both ends work out the same."""
    if settings.reconciliation != "ldpc":
        return None, 0
    try:
        plan = ldpc.choose_rate_adaptive(rate, settings.efficiency)
    except DomainError:
        return None, 0  # noisier than the codes are made for: Cascade
    return plan, n // plan.n_key


def _groups(n: int, blocks: int, n_key: int, left: list[int]) -> list[tuple[np.ndarray | slice, int]]:
    """(places, frame length) of the groups that Cascade works on: blocks that were given up, and the rest."""
    whole = blocks * n_key
    if not left:
        return [(slice(whole + first, whole + last), length) for first, last, length in groups(n - whole, WINDOW)]
    places = np.concatenate([*(np.arange(b * n_key, (b + 1) * n_key) for b in left), np.arange(whole, n)])
    return [(places[first:last], length) for first, last, length in groups(len(places), WINDOW)]


def _payload(asked: Asked) -> list[Any]:
    return [CASCADE, asked.open_pass, len(asked.directions), packed(asked.directions), asked.nodes.astype("<u4")]


def answer(settings: Settings, key: np.ndarray, rate: float, seed: int, first: list[tuple[Kind, list[Any]]]) -> Steps:
    """The sender's part; returns (told bits, the receiver's last word). first : messages that go out before."""
    plan, blocks = _layout(settings, len(key), rate)
    out, told = list(first), 0
    if plan is not None and blocks:
        whole = key[: blocks * plan.n_key].reshape(blocks, -1)
        syndromes = np.concatenate([ldpc.syndrome_of(plan, block[None]) for block in whole])
        told += syndromes.size
        out.append((Kind.SYNDROMES, [packed(syndromes.ravel())]))
    payload = yield out, Kind.ASK
    left: list[int] = []
    rounds = 0
    while plan is not None and payload and payload[0] == FURTHER:
        failed = _failed(payload, blocks, left)
        if rounds == ROUNDS:
            left = failed  # given up: Cascade takes them
            payload = yield [(Kind.TOLD, [0, b""])], Kind.ASK
            break
        bits = ldpc.further_syndrome(plan, key[: blocks * plan.n_key].reshape(blocks, -1)[failed], rounds).ravel()
        rounds += 1
        told += len(bits)
        payload = yield [(Kind.TOLD, [len(bits), packed(bits)])], Kind.ASK
    for places, length in _groups(len(key), blocks, plan.n_key if plan else 0, left):
        end = end_of(key[places], cascade_plan(length, _bounded(rate), seed), receiver=False)
        while payload and payload[0] == CASCADE:
            if len(payload) != 5 or not isinstance(payload[3], bytes) or not isinstance(payload[4], np.ndarray):
                raise Malformed("a question of Cascade has five fields")
            _, open_pass, n, directions, nodes = payload
            parities = end.answer(int(open_pass), unpacked(directions, n), nodes.astype(np.uint32))
            told += len(parities)
            payload = yield [(Kind.TOLD, [len(parities), packed(parities)])], Kind.ASK
        if not payload or payload[0] != FINISHED:
            raise Malformed("a question of no known sort")
        payload = yield [(Kind.TOLD, [0, b""])], Kind.ASK
    if not payload or payload[0] != CORRECTED:
        raise Malformed("the end of the reconciliation was due")
    return told, payload


def ask(settings: Settings, key: np.ndarray, rate: float, seed: int, first: list[tuple[Kind, list[Any]]]) -> Steps:
    """The receiver's part; returns (corrected bits, told bits, messages still to go out). first : those before."""
    bits, told, left = key.copy(), 0, []
    plan, blocks = _layout(settings, len(key), rate)
    out = list(first)
    if plan is not None and blocks:
        (raw,) = yield out, Kind.SYNDROMES
        out = []
        syndromes = unpacked(raw, blocks * plan.n_leaked).reshape(blocks, -1)
        told += syndromes.size
        left, more = yield from _decode(plan, bits[: blocks * plan.n_key].reshape(blocks, -1), syndromes, rate)
        told += more
    for places, length in _groups(len(key), blocks, plan.n_key if plan else 0, left):
        cascade = cascade_plan(length, _bounded(rate), seed)
        corrected, more = yield from _cascade(cascade, bits[places], out)
        out = []
        bits[places] = corrected
        told += more
    return bits, told, out


def _cascade(plan: CascadePlan, bits: np.ndarray, out: list[tuple[Kind, list[Any]]]) -> Steps:
    end, told, parities = end_of(bits, plan, receiver=True), 0, np.zeros(0, np.uint8)
    while not (asked := Asked(*end.next(parities))).nothing:
        n, raw = yield [*out, (Kind.ASK, _payload(asked))], Kind.TOLD
        out = []
        parities = unpacked(raw, n)
        told += n
        if told > len(bits) + plan.n:
            raise Malformed("parities that contradict one another: the reconciliation does not end")
    yield [*out, (Kind.ASK, [FINISHED])], Kind.TOLD
    return bits_of(end.words(), plan), told


def _decode(plan: ldpc.RateAdaptive, bits: np.ndarray, syndromes: np.ndarray, rate: float) -> Steps:
    """Corrects blocks in place; (blocks left to Cascade, further bits told)."""
    further = np.zeros((len(bits), 0), np.uint8)
    failed, told = list(range(len(bits))), 0
    for round_ in range(ROUNDS + 1):
        found, good = ldpc.correct(plan, bits[failed], syndromes[failed], rate, further)
        for b, x, ok in zip(failed, found, good):
            if ok:
                bits[b] = x
        failed, further = [b for b, ok in zip(failed, good) if not ok], further[~good]
        if not failed:
            break
        n, raw = yield [(Kind.ASK, [FURTHER, np.array(failed, "<u4")])], Kind.TOLD
        if round_ == ROUNDS:
            break
        if n != len(failed) * plan.code.z:
            raise Malformed(f"{n} further bits were told of {len(failed) * plan.code.z}")
        told += n
        further = np.concatenate([further, unpacked(raw, n).reshape(len(failed), -1)], axis=1)
    return failed, told


def _failed(payload: list[Any], blocks: int, before: list[int]) -> list[int]:
    if len(payload) != 2 or not isinstance(payload[1], np.ndarray):
        raise Malformed("a wish for more of the syndrome names blocks")
    failed = [int(b) for b in payload[1]]
    if not failed or sorted(set(failed)) != failed or failed[-1] >= blocks:
        raise Malformed("blocks of which more is wanted must rise and exist")
    return failed


def _bounded(rate: float) -> float:
    return float(np.clip(rate, RATE_FLOOR, RATE_CEILING))
