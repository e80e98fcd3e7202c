"""One end of Cascade in Python: the twin of the C++ kernel, asking the same questions in the same order."""

from __future__ import annotations

import numpy as np

__all__ = ["CascadeNumpy"]

_ODD, _KNOWN, _TAKEN = 1, 2, 4
_ORDERS = 2
_NOTHING = np.zeros(0, np.uint8)


def _bit_parity(x: np.ndarray | int) -> np.ndarray:
    return np.bitwise_count(x) & 1 if hasattr(np, "bitwise_count") else _folded(x)


def _folded(x: np.ndarray | int) -> np.ndarray:
    y = np.asarray(x, np.uint32)
    for shift in (16, 8, 4, 2, 1):
        y = y ^ (y >> np.uint32(shift))
    return (y & np.uint32(1)).astype(np.uint8)


class CascadeNumpy:
    """See `coding.cascade.End`. words : uint64 [n_frames, n / 64]; the rest is that of a `CascadePlan`."""

    def __init__(self, words, length: int, top, orders, masks, receiver: bool):
        raw = np.ascontiguousarray(np.asarray(words).astype("<u8")).view(np.uint8)
        self._bits = np.unpackbits(raw, axis=1, bitorder="little")  # as they are now, by position
        self._length, self._top, self._receiver = length, list(top), receiver
        self._n = self._bits.shape[1]
        self._log = self._n.bit_length() - 1
        self._order = [np.arange(self._n)] + [np.asarray(o, np.int64) for o in orders]
        self._order += [self._halves(1 + (p + 1 + _ORDERS) % _ORDERS, int(m)) for p, m in enumerate(masks)]
        self._place = [np.argsort(order) for order in self._order]
        self._open, self._running, self._waits, self._flips = 0, [], False, 0
        self._state = [[np.zeros(2 * self._n, np.uint8) for _ in self._top] for _ in self._bits] if receiver else []
        self._candidates = [[[] for _ in range(self._log + 1)] for _ in self._bits]

    def _halves(self, base: int, mask: int) -> np.ndarray:
        """Positions in the order of a pass of halves: places of an earlier order, side 0 first."""
        even = np.arange(0, self._n, 2)
        side = _bit_parity((even & mask).astype(np.uint32)).astype(np.int64)
        return self._order[base][np.concatenate([even | side, even | (side ^ 1)])]

    def words(self) -> np.ndarray:
        return np.packbits(self._bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)

    def _parity(self, frame: int, pass_: int, level: int, index: int) -> int:
        at = self._order[pass_][index << level : (index + 1) << level]
        return int(self._bits[frame][at].sum() & 1)

    def _told(self, pass_: int) -> int:
        block = 1 << self._top[pass_]
        return -(-self._length // block) if pass_ == 0 else (self._n >> self._top[pass_]) - 1

    def _top_parities(self, frame: int, pass_: int) -> np.ndarray:
        blocks = self._bits[frame][self._order[pass_]].reshape(-1, 1 << self._top[pass_])
        return (blocks.sum(axis=1) & 1).astype(np.uint8)

    # ---- the sender

    def answer(self, open_pass: int, directions, nodes) -> np.ndarray:
        if self._receiver:
            raise ValueError("this end asks, the other answers")
        if open_pass >= 0:
            if open_pass != self._open or open_pass >= len(self._top) or len(directions) or len(nodes):
                raise ValueError("the request does not fit the state of the reconciliation")
            self._open, self._running = open_pass + 1, []
            told = self._told(open_pass)
            return np.concatenate([self._top_parities(f, open_pass)[:told] for f in range(len(self._bits))])
        go_on = [s for s in self._running if s[2] >= 2]
        if len(go_on) != len(directions):
            raise ValueError("the request does not fit the state of the reconciliation")
        running = [(f, p, level - 1, 2 * i + int(d & 1)) for (f, p, level, i), d in zip(go_on, directions)]
        self._running = running + [self._search(int(code)) for code in nodes]
        told = [self._parity(f, p, level - 1, 2 * i) for f, p, level, i in self._running]
        return np.array(told, np.uint8)

    def _search(self, code: int) -> tuple[int, int, int, int]:
        frame, pass_, node = code >> 22, code >> 17 & 31, code & 0x1FFFF
        if frame >= len(self._bits) or pass_ >= self._open or not 1 <= node < self._n:
            raise ValueError("the request does not fit the state of the reconciliation")
        level = self._log - (node.bit_length() - 1)
        if level > self._top[pass_]:
            raise ValueError("the request does not fit the state of the reconciliation")
        return frame, pass_, level, node - (self._n >> level)

    # ---- the receiver

    def next(self, parities) -> tuple[int, np.ndarray, np.ndarray]:
        if not self._receiver:
            raise ValueError("this end answers, the other asks")
        self._directions, self._nodes, self._begun = [], [], []
        expected = self._told(self._open - 1) * len(self._bits) if self._waits else len(self._running)
        if len(parities) != expected:
            raise ValueError("the parities are not as many as were asked for, or contradict one another")
        going = self._opened(parities) if self._waits else self._searched(parities)
        if self._broken():
            raise ValueError("the parities are not as many as were asked for, or contradict one another")
        self._running = going + self._begun
        open_pass = -1
        if not self._running and self._open < len(self._top):
            open_pass, self._open, self._waits = self._open, self._open + 1, True
        return open_pass, np.array(self._directions, np.uint8), np.array(self._nodes, np.uint32)

    def _opened(self, parities) -> list:
        self._waits, pass_ = False, self._open - 1
        told, top = self._told(pass_), self._top[pass_]
        for f in range(len(self._bits)):
            blocks = (self._n >> top) if pass_ else told
            differs = np.zeros(blocks, np.uint8)
            differs[:told] = (np.asarray(parities[told * f : told * (f + 1)]) & 1) ^ self._top_parities(f, pass_)[:told]
            if pass_:
                differs[told] = differs[:told].sum() & 1
            first = self._n >> top
            self._state[f][pass_][first : first + blocks] = _KNOWN | differs
            self._candidates[f][top] += [(pass_, int(b)) for b in np.flatnonzero(differs)]
            self._schedule(f)
        return []

    def _searched(self, parities) -> list:
        going, over = [], {}
        for (f, p, level, i), told in zip(self._running, parities):
            state, left = self._state[f][p], 2 * i
            differs = (int(told) & 1) ^ self._parity(f, p, level - 1, left)
            child = (self._n >> (level - 1)) + left
            state[child : child + 2] = (_KNOWN | differs, _KNOWN | (differs ^ 1))
            state[(self._n >> level) + i] &= ~_TAKEN & 0xFF
            if level >= 2:
                self._directions.append(differs ^ 1)
                going.append((f, p, level - 1, left + (differs ^ 1)))
            else:
                over.setdefault(f, []).append((p, left + (differs ^ 1)))
        for f, leaves in over.items():
            for p, leaf in leaves:
                self._flip(f, int(self._order[p][leaf]))
        for f in over:
            self._schedule(f)
        return going

    def _broken(self) -> bool:
        return self._flips > 2 * self._bits.size

    def _flip(self, frame: int, position: int) -> None:
        self._flips += 1
        self._bits[frame][position] ^= 1
        for p in range(self._open):
            state, leaf, first = self._state[frame][p], int(self._place[p][position]), True
            for level in range(self._top[p] + 1):
                node = (self._n >> level) + (leaf >> level)
                state[node] ^= _ODD
                if first and state[node] & _KNOWN:
                    first = False
                    if state[node] & _ODD:
                        self._candidates[frame][level].append((p, leaf >> level))

    def _schedule(self, frame: int) -> None:
        """Begin searches in the smallest odd nodes, those of one pass side by side."""
        again = True
        while again and not self._broken():
            again = False
            for level in range(self._log + 1):
                outcome = self._take(frame, level)
                if outcome == "begun":
                    return
                if outcome == "again":
                    again = True
                    break

    def _take(self, frame: int, level: int) -> str:
        listed, chosen, kept = self._candidates[frame][level], -1, []
        for k, (p, i) in enumerate(listed):
            state = self._state[frame][p]
            node = (self._n >> level) + i
            if state[node] & (_ODD | _KNOWN | _TAKEN) != _ODD | _KNOWN:
                continue  # solved meanwhile, or listed twice
            if level == 0:
                self._candidates[frame][0] = listed[k + 1 :]
                self._flip(frame, int(self._order[p][i]))
                return "again"
            child = (self._n >> (level - 1)) + 2 * i
            if state[child] & _KNOWN:
                self._candidates[frame][level - 1].append((p, 2 * i + (0 if state[child] & _ODD else 1)))
                self._candidates[frame][level] = kept + listed[k + 1 :]
                return "begun" if chosen >= 0 else "again"
            if chosen >= 0 and p != chosen:
                kept.append((p, i))
                continue
            chosen = p
            state[node] |= _TAKEN
            self._begun.append((frame, p, level, i))
            self._nodes.append(frame << 22 | p << 17 | node)
        self._candidates[frame][level] = kept
        return "begun" if chosen >= 0 else "none"
