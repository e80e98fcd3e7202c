"""Where a link's block error rate falls: points around the waterfall, found link by link, computed together.

Each link's search is a generator that asks for points and is sent them; searches of several links go on side by side,
so that workers always have something to do. What a search asks for depends on its own points alone: the answer is the
same whatever else is computed.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from silla.base.errors import ArgumentError, RunError
from silla.engine.campaign import Asked, Campaign, LinkPoint, Stop
from silla.engine.curves import Threshold, threshold
from silla.physics.radio.link.simulate import LinkConfig, code_words, data_places

__all__ = ["waterfall"]

_RANGE_DB = (-30.0, 60.0)
_PROBE = Stop(errors=10, max_slots=100)
_MOST = 12  # points that a refinement may add
Search = Generator[list[Asked], list[LinkPoint], list[LinkPoint]]


def waterfall(
    campaign: Campaign,
    configs: Sequence[LinkConfig],
    *,
    target: float = 0.1,
    stop: Stop | None = None,
    snr_db: Sequence[float] | None = None,
    n_points: int = 7,
) -> list[tuple[list[LinkPoint], Threshold]]:
    """Of each link: points of its waterfall in the order of their ratios, and where it passes the target.

    snr_db : where to look; None to find the waterfalls: steps of 3 dB and then of 1 dB with one chunk each, from
        Shannon's ratio on, until one point lies above the target and one below; n_points around there, closer together
        where the curve is steep; one more at the crossing where its neighbours are more than 0.5 dB apart.
    A threshold outside of what was looked at is NaN. RunError for a single link that has no waterfall from -30 to
    60 dB; of several, its probes are its points.
    """
    if not 0.0 < target < 1.0:
        raise ArgumentError(f"target is {target!r}; a block error rate lies between 0 and 1")
    if n_points < 2:
        raise ArgumentError(f"n_points is {n_points!r}; a waterfall needs 2 at least")
    rule = stop or Stop()
    if snr_db is not None:
        if not len(snr_db) or not np.isfinite(snr_db).all():
            raise ArgumentError("snr_db must be finite ratios in dB, one at least")
        ratios = sorted({round(float(x), 6) for x in snr_db})
        searches = [_given(c, ratios, rule) for c in configs]
    else:
        searches = [_found(c, target, rule, n_points, alone=len(configs) == 1) for c in configs]
    found = campaign.follow(list(configs), searches)
    return [(points, threshold([p.curve for p in points], target)) for points in found]


def _given(config: LinkConfig, ratios: list[float], rule: Stop) -> Search:
    return (yield [(config, x, rule) for x in ratios])


def _found(config: LinkConfig, target: float, rule: Stop, n_points: int, *, alone: bool) -> Search:
    probes: dict[float, LinkPoint] = {}
    try:
        low, high = yield from _bracket(config, target, probes)
    except RunError:
        if alone:
            raise
        return [probes[x] for x in sorted(probes)]
    ratios = yield from _grid(config, low, high, target, n_points, probes)
    points = yield [(config, x, rule) for x in ratios]
    return (yield from _refined(config, points, target, rule))


def _guess_db(config: LinkConfig) -> float:
    """Shannon's ratio for the efficiency of the first code word with the antennas' gain: where to look first."""
    user = config.users[0]
    bits = sum(word.tbs for word in code_words(user)) / (len(data_places(user)) * user.n_layers)
    gain = max(1.0, config.n_rx / config.n_layers)
    return float(10.0 * np.log10((2.0**bits - 1.0) * config.n_layers / gain))


def _probe(
    config: LinkConfig, snr_db: float, probes: dict[float, LinkPoint]
) -> Generator[list[Asked], list[LinkPoint], float]:
    """A first idea of the block error rate: chunks until ten errors or a hundred slots."""
    if snr_db not in probes:
        (probes[snr_db],) = yield [(config, snr_db, _PROBE)]
    return probes[snr_db].counts.bler


def _bracket(
    config: LinkConfig, target: float, probes: dict[float, LinkPoint]
) -> Generator[list[Asked], list[LinkPoint], tuple[float, float]]:
    """Ratios 1 dB apart between which the curve passes the target, as far as probes can tell."""
    at = float(np.clip(round(_guess_db(config)), *_RANGE_DB))
    lossy = (yield from _probe(config, at, probes)) > target
    step = 3.0
    while _RANGE_DB[0] <= at <= _RANGE_DB[1]:
        at += step if lossy else -step
        if ((yield from _probe(config, at, probes)) > target) != lossy:
            break
    else:
        where = "above" if lossy else "below"
        raise RunError(
            f"the block error rate stays {where} {target:g} from {_RANGE_DB[0]:g} to {_RANGE_DB[1]:g} dB: the link has "
            "no waterfall there; give other ratios, another MCS or another receiver",
            {},
        )
    low, high = (at - step, at) if lossy else (at, at + step)
    for _ in range(2):
        middle = low + 1.0 if high - low > 2.5 else (low + high) / 2
        low, high = (middle, high) if (yield from _probe(config, middle, probes)) > target else (low, middle)
    return low, high


def _grid(
    config: LinkConfig, low: float, high: float, target: float, n_points: int, probes: dict[float, LinkPoint]
) -> Generator[list[Asked], list[LinkPoint], list[float]]:
    """Ratios around the waterfall: from the last that loses most blocks to the first that loses few."""
    first, last = low, high
    for _ in range(4):
        if (yield from _probe(config, first, probes)) < 0.8:
            first -= 1.0
    for _ in range(8):
        if (yield from _probe(config, last, probes)) > target / 4:
            last += 1.0
    step = max(0.1, round((last - first) / (n_points - 1), 1))
    return [round(first + i * step, 6) for i in range(int(np.ceil((last - first) / step - 1e-9)) + 1)]


def _refined(config: LinkConfig, points: list[LinkPoint], target: float, rule: Stop) -> Search:
    """The points, with more beyond an end that has not passed the target and one near the crossing."""
    for _ in range(_MOST):
        lost = [p.counts.bler for p in points]
        if lost[-1] > target:
            x = points[-1].snr_db + max(0.5, points[-1].snr_db - points[-2].snr_db if len(points) > 1 else 0.5)
        elif lost[0] <= target:
            x = points[0].snr_db - 0.5
        else:
            found = threshold([p.curve for p in points], target)
            ratios = np.array([p.snr_db for p in points])
            gap = float(np.diff(ratios)[np.clip(np.searchsorted(ratios, found.snr_db) - 1, 0, len(ratios) - 2)])
            x = round(found.snr_db, 1)
            if gap <= 0.5 or np.abs(ratios - x).min() < 0.05:
                break
        if not _RANGE_DB[0] <= x <= _RANGE_DB[1]:
            break
        more = yield [(config, round(x, 6), rule)]
        points = sorted([*points, *more], key=lambda p: p.snr_db)
    return points
