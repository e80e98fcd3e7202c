"""How waterfalls look in a terminal of any width: a table with bars, a chart of several, and the thresholds."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from silla.cli._output import console
from silla.engine.campaign import Campaign, LinkPoint
from silla.engine.curves import threshold
from silla.physics.radio.link.simulate import LinkConfig

__all__ = ["Seen", "chart", "points_table", "rate_text", "thresholds_table", "watched"]

_COLOURS = ("blue", "red", "green", "magenta", "cyan", "yellow", "white")
_DECADES = 4.0  # of a bar
_CHART_ROWS = 14
Points = Mapping[str, Sequence[LinkPoint]]


def rate_text(x: float) -> str:
    """A share in few characters: 0.87, 0.041, 2.5e-3.

    >>> rate_text(0.866), rate_text(0.0412), rate_text(0.00253), rate_text(0.0)
    ('0.87', '0.041', '2.5e-3', '0')
    """
    if not x > 0.0:
        return "0"
    if x >= 0.00995:
        return f"{x:.2g}"
    mantissa, exponent = f"{x:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def points_table(name: str, points: Sequence[LinkPoint], target: float, width: int) -> Any:
    """A row for each point and a bar whose length is the logarithm of its error rate; columns as the width allows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    wide, middle = width >= 72, width >= 52
    room = max(6, min(40, width - (55 if wide else 37 if middle else 19)))
    table = Table(title=f"{name}: block error rate", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    heads = ["SNR dB" if middle else "dB", *(["lost of"] if middle else []), "BLER", *(["95 %"] if wide else [])]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column(_scale(room), no_wrap=True)
    for p in points:
        low, high = p.curve.interval
        colour = "green" if high <= target else "red" if low > target else "yellow"
        cells = [f"{p.snr_db:g}", *([f"{p.counts.block_errors} of {p.counts.blocks}"] if middle else [])]
        cells += [rate_text(p.counts.bler), *([f"{rate_text(low)} – {rate_text(high)}"] if wide else [])]
        table.add_row(*cells, f"[{colour}]{_bar(p.counts.bler, room)}[/]{'' if p.stopped else '…'}")
    return table


def _scale(room: int) -> str:
    """The head of the bars: their ends."""
    left, right = f"1e-{_DECADES:.0f}", "1"
    return left + "·" * (room - len(left) - len(right)) + right if room > len(left) + len(right) else ""


def _bar(rate: float, room: int) -> str:
    if not rate > 0.0:
        return ""
    eighths = max(1, round(8 * room * (1.0 + max(math.log10(rate), -_DECADES) / _DECADES)))
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def chart(curves: Points, bound: Sequence[tuple[float, float]], target: float, width: int) -> Any:
    """Block error rate over SNR, a letter for each curve; dots for the bound. None without two ratios."""
    from rich.text import Text

    drawn = [[(p.snr_db, p.counts.bler) for p in points if p.counts.block_errors] for points in curves.values()]
    at = [x for points in (*drawn, bound) for x, y in points if y > 0]
    if not at or min(at) == max(at):
        return None
    low = min(target / 10.0, *(y for points in drawn for _, y in points), 0.1)
    decades = min(6.0, -math.floor(math.log10(low) * 2) / 2)
    columns, margin = max(12, min(width, 100) - 7), 6
    first, last = min(at), max(at)
    cells: dict[tuple[int, int], tuple[str, str]] = {}

    def column(x: float) -> int:
        return round((x - first) / (last - first) * (columns - 1))

    def row(y: float) -> int:
        return round(-math.log10(max(y, 1e-12)) / decades * (_CHART_ROWS - 1))

    for c in range(columns):
        cells[row(target), c] = ("┄", "dim")
    _dots(cells, [(x, y) for x, y in bound if y > 0], column, row, "dim")
    for i, points in enumerate(drawn):
        _dots(cells, points, column, row, _COLOURS[i % len(_COLOURS)])
    for i, points in enumerate(drawn):
        for x, y in points:
            cells[row(y), column(x)] = (_letter(i), f"bold {_COLOURS[i % len(_COLOURS)]}")
    text = Text(no_wrap=True, overflow="crop")
    for r in range(_CHART_ROWS):
        text.append(f"{_decade(r, decades):>{margin - 1}} │", "dim")
        for c in range(columns):
            text.append(*cells.get((r, c), (" ", "")))
        text.append("\n")
    text.append(" " * margin + "└" + "─" * columns + "\n", "dim")
    ends = f"{first:g}", f"SNR, {last:g} dB"
    text.append(" " * (margin + 1) + ends[0] + ends[1].rjust(columns - len(ends[0])), "dim")
    return text


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _decade(row: int, decades: float) -> str:
    """The label of the row nearest to a whole decade."""
    for d in range(int(decades) + 1):
        if round(d / decades * (_CHART_ROWS - 1)) == row:
            return "1" if d == 0 else f"1e-{d}"
    return ""


def _dots(cells: dict, points: Sequence[tuple[float, float]], column: Any, row: Any, style: str) -> None:
    """The line through the points, straight in dB and decades."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        a, b = column(x0), column(x1)
        for c in range(a, b + 1):
            share = (c - a) / max(1, b - a)
            y = math.exp((1 - share) * math.log(y0) + share * math.log(y1))
            if 0 <= row(y) < _CHART_ROWS:
                cells[row(y), c] = ("·", style)


def thresholds_table(about: Mapping[str, Any], width: int) -> Any:
    """The SNR that each link needs for the target, with its interval and the distance from the bound."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    wide = width >= 60
    bounded = any(math.isfinite(_or_nan(c["from_bound_db"])) for c in about["curves"])
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    several = sum(1 for c in about["curves"] if c["from_bound_db"] is not None) > 1
    if several:
        table.add_column("")
    table.add_column("receiver", overflow="fold")
    table.add_column(f"dB at {about['target']:g}", justify="right")
    if wide:
        table.add_column("95 %", justify="right", no_wrap=True)
        table.add_column("slots", justify="right")
    if bounded:
        table.add_column("over the bound" if wide else "over bound", justify="right")
    for i, curve in enumerate(about["curves"]):
        t, points = curve["threshold"], curve["points"]
        measured = curve["from_bound_db"] is not None
        mark = f"[{_COLOURS[i % len(_COLOURS)]}]{_letter(i)}[/]" if measured else "·"
        row = [*([mark] if several else []), curve["link"]]
        row.append(_number(t["snr_db"], _beyond(points, about["target"])))
        if wide:
            known = math.isfinite(t["low_db"]) or math.isfinite(t["high_db"])
            row.append(f"{_number(t['low_db'])} – {_number(t['high_db'])}" if known else "")
            row.append(str(sum(p["slots"] for p in points)) if measured else "")
        if bounded:
            over = _or_nan(curve["from_bound_db"])
            row.append(f"{over:.2f} dB" if math.isfinite(over) else "")
        table.add_row(*row)
    return table


def _beyond(points: Sequence[Mapping[str, Any]], target: float) -> str:
    """On which side of the ratios a curve passes the target that it does not pass within them."""
    rates = [(p["snr_db"], p["bler"]) for p in points if math.isfinite(_or_nan(p["bler"]))]
    if rates and rates[-1][1] > target:
        return f"above {rates[-1][0]:g}"
    return f"below {rates[0][0]:g}" if rates and rates[0][1] <= target else "not passed"


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _number(value: float | None, absent: str = "?") -> str:
    return absent if value is None or not math.isfinite(value) else f"{value:.2f}"


class Seen:
    """What a campaign has told so far."""

    def __init__(self, names: Sequence[str], target: float):
        self.target, self.started = target, time.monotonic()
        self.points: dict[str, dict[float, LinkPoint]] = {name: {} for name in names}
        self.ended: set[str] = set()

    def tell(self, name: str, point: LinkPoint) -> None:
        """A point has more counts; the old dict is left alone, for whoever is drawing it."""
        self.points[name] = self.points[name] | {point.snr_db: point}

    def curves(self) -> dict[str, list[LinkPoint]]:
        """Points with counts by link, in the order of their ratios."""
        known = {n: sorted(p.values(), key=lambda q: q.snr_db) for n, p in self.points.items()}
        return {n: [q for q in p if q.counts.blocks] for n, p in known.items()}

    def picture(self, width: int, height: int = 100, *, running: bool = True) -> Any:
        """Everything that is known, as large as the terminal allows."""
        from rich.console import Group

        curves = self.curves()
        parts: list[Any] = []
        if len(curves) == 1:
            ((name, points),) = curves.items()
            parts.append(points_table(name, points, self.target, width))
        else:
            drawn = chart(curves, (), self.target, width) if height >= _CHART_ROWS + len(curves) + 9 else None
            parts += [drawn] if drawn is not None else []
            parts.append(self._rows(curves, width, running))
        if running:
            parts.append(self._line(curves, width))
        return Group(*parts)

    def _rows(self, curves: Points, width: int, running: bool) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("")
        table.add_column("receiver", overflow="fold")
        if width >= 60:
            table.add_column("slots", justify="right")
        table.add_column(f"dB at {self.target:g}", justify="right", no_wrap=True)
        table.add_column("")
        for i, (name, points) in enumerate(curves.items()):
            row = [f"[{_COLOURS[i % len(_COLOURS)]}]{_letter(i)}[/]", name]
            row += [str(sum(p.counts.slots for p in points))] if width >= 60 else []
            at = threshold([p.curve for p in points], self.target).snr_db if points else math.nan
            row += [f"{at:.1f}" if np.isfinite(at) else "", "done" if name in self.ended else "…" if points else ""]
            table.add_row(*row)
        return table

    def _line(self, curves: Points, width: int) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        slots = [sum(p.counts.slots for p in points) for points in curves.values()]
        parts = [1.0 if n in self.ended else 0.95 * -math.expm1(-k / 3000) for n, k in zip(curves, slots)]
        spent = time.monotonic() - self.started
        said = f"{sum(slots):,} slots, {spent:.0f} s".replace(",", " ")
        if len(curves) > 1 and width >= 60:
            said = f"{len(self.ended)} of {len(curves)} receivers, {said}"
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_row(ProgressBar(total=len(parts), completed=sum(parts), width=min(30, max(8, width // 3))), said)
        return line


@contextmanager
def watched(campaign: Campaign, configs: Mapping[str, LinkConfig], target: float) -> Iterator[Seen]:
    """What the campaign tells, drawn in the terminal while it runs; nothing is drawn where stderr is no terminal."""
    label = {config: name for name, config in configs.items()}
    seen = Seen(list(configs), target)
    campaign.tell = lambda config, point: seen.tell(label[config], point)
    campaign.done = lambda config: seen.ended.add(label[config])
    screen = console()
    if not screen.is_terminal:
        yield seen
        return
    from rich.live import Live

    def draw() -> Any:
        return seen.picture(screen.width, screen.height)

    with Live(get_renderable=draw, console=screen, refresh_per_second=4, transient=True):
        yield seen
