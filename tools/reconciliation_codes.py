"""Designs the LDPC codes of key reconciliation: degree distributions by density evolution, then circulants.

    python tools/reconciliation_codes.py search 192:30 192:41       columns:rows; some minutes of one core each
    python tools/reconciliation_codes.py thresholds tools/reconciliation_degrees.txt     prints that file again
    python tools/reconciliation_codes.py codes tools/reconciliation_degrees.txt > \\
        src/silla/coding/data/reconciliation_codes.csv              prints that file again

The degrees in tools/reconciliation_degrees.txt are the best that searches from several starts found, those of some
rates fitted to the rows of their neighbours; they are data, a new search need not end there. Thresholds and codes
follow from them to the last digit.

Density evolution (Richardson & Urbanke 2001) is that of the decoder which will run, min* in 8-bit integers
(`silla.coding.syndrome_decoding`), over a binary symmetric channel: densities are probabilities of the values -127 ..
127. The decoder's limit of 63 on what a check tells is left out: it matters at error rates far below those at which a
threshold shows, and hides there that the errors go on to fall.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

COLUMNS = 192  # of a base matrix; 384 and 768 for the higher rates, whose columns could not be heavy enough else
M = 127  # magnitudes above are kept at it
SCALE = 8.0  # steps a nat


def _correction(scale: float) -> np.ndarray:
    """scale log(1 + exp(-d / scale)) for d = 0, 1, ..: as the decoder has it, at its own scale, else rounded."""
    d = np.arange(2 * M + 1)
    if scale == 8.0:
        return np.maximum(26 - d, 0) ** 2 + 64 >> 7
    return np.rint(scale * np.log1p(np.exp(-d / scale))).astype(int)


def min_star(scale: float) -> np.ndarray:
    """Magnitude of the sum of two checks' inputs, [M + 1, M + 1]."""
    x, y = np.meshgrid(np.arange(M + 1), np.arange(M + 1), indexing="ij")
    c = _correction(scale)
    return np.maximum(np.minimum(x, y) - c[np.abs(x - y)] + c[x + y], 0)


_MAP = min_star(SCALE).ravel()


def _join(u, v):
    return tuple(np.bincount(_MAP, weights=np.outer(a, b).ravel(), minlength=M + 1) for a, b in zip(u, v))


def _power(u, n: int):
    """n inputs of the same density joined."""
    out = None
    while n:
        if n & 1:
            out = u if out is None else _join(out, u)
        n >>= 1
        if n:
            u = _join(u, u)
    return out


def _check_output(pmf: np.ndarray, degree: float) -> np.ndarray:
    """Density of a check's message from that of its inputs; `degree` may be a mean of two neighbouring degrees."""
    positive, negative = pmf[M:], pmf[M::-1].copy()
    negative[0] = 0.0
    low = int(np.floor(degree))
    share_high = (degree - low) * (low + 1) / degree  # of edges
    one = (positive + negative, positive - negative)
    some = _power(one, low - 1)
    mass, signed = (
        some if share_high < 1e-9 else ((1.0 - share_high) * x + share_high * y for x, y in zip(some, _join(some, one)))
    )
    out = np.zeros(2 * M + 1)
    out[M:] += 0.5 * (mass + signed)
    out[M::-1] += 0.5 * (mass - signed)
    return out


def converges(columns: dict[int, int], check_degree: float, p: float, iterations: int = 200) -> bool:
    """Whether the error rate of the messages falls to 5e-6 (densities cut at M leave a floor below it) at
    crossover p."""
    edges = sum(d * n for d, n in columns.items())
    size = 16384  # more than 64 messages add up to
    channel = np.zeros(2 * M + 1)
    strength = round(SCALE * np.log((1.0 - p) / p))
    channel[M + strength], channel[M - strength] = 1.0 - p, p
    pmf, last = channel.copy(), 1.0
    phase = np.exp(-2j * np.pi * np.arange(size // 2 + 1) * -M / size)
    channel_f = np.fft.rfft(channel, size) * phase
    degrees = sorted(columns)
    for it in range(iterations):
        message = _check_output(pmf, check_degree)
        f = np.fft.rfft(message, size) * phase
        total, power, at = np.zeros_like(f), np.ones_like(f), 0
        for d in degrees:
            power = power * f ** (d - 1 - at)
            at = d - 1
            total += d * columns[d] / edges * power
        x = np.fft.irfft(total * channel_f, size)
        pmf = np.zeros(2 * M + 1)
        pmf[M:] = x[: M + 1]
        pmf[:M] = x[-M:]
        pmf[-1] += x[M + 1 : size // 2].sum()
        pmf[0] += x[size // 2 : size - M].sum()
        pmf = np.maximum(pmf, 0.0)
        pmf /= pmf.sum()
        error = pmf[:M].sum() + 0.5 * pmf[M]
        if error < 5e-6:
            return True
        if it > 20 and error > last * 0.9995:
            return False
        last = error

    return False


def threshold(columns: dict[int, int], rows: int, low: float, high: float, steps: int = 7) -> float:
    """The greatest crossover that converges, by bisection in the capacity fraction; 0 when `low` does not."""
    check = sum(d * n for d, n in columns.items()) / rows
    if not converges(columns, check, low):
        return 0.0
    for _ in range(steps):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if converges(columns, check, middle) else (low, middle)
    return low


def _h(p):
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


def crossover(leak: float, f: float) -> float:
    """p at which leak = f h(p)."""
    low, high = 1e-5, 0.4999
    for _ in range(60):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if f * _h(mid) < leak else (low, mid)
    return low


def best_degrees(rows: int, rng: np.random.Generator) -> tuple[dict[int, int], float]:
    """A local search over columns of degree 2, 3, a middle one and a high one; (columns, p threshold)."""
    leak = rows / COLUMNS
    high = crossover(leak, 1.0)
    best, best_p = {}, crossover(leak, 1.25)
    top = min(rows, 64)

    def make(n2, n3, nm, dm, dh):
        nh = COLUMNS - n2 - n3 - nm
        if min(n2, n3, nm, nh) < 0 or n2 > rows - 1 or dh > top or not 3 < dm < dh:
            return None
        c = {}
        for d, n in ((2, n2), (3, n3), (dm, nm), (dh, nh)):
            if n:
                c[d] = c.get(d, 0) + n
        return c

    state = None
    tried = set()
    starts = [
        (int(rows * a), int(COLUMNS * b), int(COLUMNS * m), 4, dh)
        for a in (0.7,)
        for b in (0.35, 0.55)
        for m in (0.1, 0.25)
        for dh in (min(top, 8), min(top, 12), min(top, 22))
    ]
    for x in dict.fromkeys(starts):
        c = make(*x)
        if c is None or x in tried:
            continue
        tried.add(x)
        p = threshold(c, rows, best_p * 1.0005, high, 5)
        if p > best_p:
            best, best_p, state = c, p, x
    fails = 0
    while state is not None and fails < 300:
        step = rng.integers(-1, 2, 5) * np.array(
            [rng.choice([1, 3, 6]), rng.choice([1, 4, 12]), rng.choice([1, 4, 12]), 1, rng.choice([1, 2])]
        )
        x = tuple(int(v) for v in np.array(state) + step)
        if x in tried:
            fails += 1
            continue
        tried.add(x)
        c = make(*x)
        if c is None:
            continue
        p = threshold(c, rows, best_p * 1.0005, high, 4)
        if p > best_p:
            best, best_p, state, fails = c, p, x, 0
        else:
            fails += 1
    return best, best_p


def lay_out(columns: dict[int, int], rows: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of each column, lightest columns first: those of weight 2 in a chain, the others where rows are lightest."""
    load, out = np.zeros(rows), []
    chain = rng.permutation(rows)
    for degree in sorted(columns):
        for i in range(columns[degree]):
            if degree == 2:
                chosen = chain[[i % rows, (i + 1) % rows]]
            else:
                chosen = np.argsort(load + 0.9 * rng.random(rows), kind="stable")[:degree]
            load[chosen] += 1
            out.append(np.sort(chosen))
    return out


def shifts(
    layout: list[np.ndarray], rows: int, rng: np.random.Generator, z: int = 1024, least_z: int = 512
) -> np.ndarray:
    """Shifts without cycles of length 4, even modulo `least_z`, and with few of length 6 among light columns."""
    base = -np.ones((rows, len(layout)), int)
    used = np.zeros((rows, rows, least_z), bool)  # differences of two rows in a column
    sixes = np.zeros((rows, rows, z), np.int32)  # paths of two steps between two rows, by difference
    steps: list[list[tuple[int, int]]] = [[] for _ in range(rows)]  # of each row: (other row, difference)
    for c, at in enumerate(layout):
        best = None
        for _ in range(50):  # edge by edge, in random order, among the shifts that close no cycle of length 4
            order, got = rng.permutation(len(at)), {}
            for k in order:
                free, cost = np.ones(z, bool), np.zeros(z)
                candidates = np.arange(z)
                for q, sq in got.items():
                    d = candidates - sq
                    free &= ~used[at[k], at[q], d % least_z]
                    if len(at) <= 4:
                        cost += sixes[at[k], at[q], d % z]
                if not free.any():
                    break
                cost[~free] = np.inf
                got[k] = int(rng.choice(np.flatnonzero(cost == cost.min())))
            else:
                best = np.array([got[k] for k in range(len(at))])
                break
        if best is None:
            raise SystemExit(f"no shifts without short cycles for column {c} of {rows} rows")
        i, j = np.triu_indices(len(at), 1)
        base[at, c] = best
        used[at[i], at[j], (best[i] - best[j]) % least_z] = True
        used[at[j], at[i], (best[j] - best[i]) % least_z] = True
        if len(at) <= 4:
            for a, sa in zip(at, best):
                for b, sb in zip(at, best):
                    if a == b:
                        continue
                    for r, d in steps[b]:
                        if r != a:
                            sixes[a, r, (sa - sb + d) % z] += 1
                            sixes[r, a, (sb - sa - d) % z] += 1
            for a, sa in zip(at, best):
                steps[a] += [(b, int(sa - sb)) for b, sb in zip(at, best) if b != a]
    return base


def profiles(path: str) -> list[tuple[int, int, dict[int, int]]]:
    """(columns, rows, columns of each degree) of every line of a file."""
    found = []
    for line in Path(path).read_text().splitlines():
        head, rest = line.split("{")
        columns, rows = (int(x) for x in head.strip().split(":"))
        found.append(
            (columns, rows, {int(d): int(n) for d, n in (x.split(":") for x in rest.split("}")[0].split(","))})
        )
    return found


def line_of(columns: int, rows: int, degrees: dict[int, int], p: float) -> str:
    """A profile with its threshold p, and f there."""
    return f"{columns}:{rows} {degrees} threshold {p:.5f} f {rows / columns / _h(p):.4f}"


def known_threshold(columns: int, rows: int, degrees: dict[int, int]) -> float:
    """The threshold between f = 1.25 and 1, to a thousandth of that range."""
    leak = rows / columns
    return threshold(degrees, rows, crossover(leak, 1.25), crossover(leak, 1.0), 10)


def code_lines(columns: int, rows: int, degrees: dict[int, int]) -> list[str]:
    """A code's edges: rows, columns, row, column, shift."""
    rng = np.random.default_rng(rows)
    base = shifts(lay_out(degrees, rows, rng), rows, rng)
    base = base[:, rng.permutation(columns)]  # light and heavy columns mixed: whole columns may be shortened
    return [f"{rows},{columns},{r},{c},{base[r, c]}" for r, c in np.argwhere(base >= 0)]


HEADER = """# Quasi-cyclic codes of key reconciliation, by tools/reconciliation_codes.py; shifts below 1024, to be taken
# modulo the lifting size. rows,columns,row,column,shift"""


def main(command: str, arguments: list[str]) -> None:
    global COLUMNS
    if command == "search":
        for wanted in arguments:
            COLUMNS, rows = (int(x) for x in wanted.split(":"))
            degrees, p = best_degrees(rows, np.random.default_rng(rows))
            print(line_of(COLUMNS, rows, degrees, p), flush=True)
    elif command == "thresholds":
        for profile in profiles(arguments[0]):
            print(line_of(*profile, known_threshold(*profile)), flush=True)
    elif command == "codes":
        print("\n".join([HEADER, *(line for profile in profiles(arguments[0]) for line in code_lines(*profile))]))
    else:
        raise SystemExit(f"{command}: search, thresholds or codes")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
