"""Trusted-node key routing: which demands the key of a graph of links can serve.

A key carried from node to node is re-encrypted on every hop, so it spends as many bits of every link on its route. Each
demand is routed by successive shortest augmenting paths (Ford and Fulkerson; Busacker and Gowen 1961): it reaches the
maximum flow that the remaining key allows, a lone demand at the fewest hops for that amount. Demands are served in
order of priority; those of equal priority take turns in equal slices. The same inputs always give the same answer.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, DomainError

__all__ = ["KeyAllocation", "allocate", "widest_path"]


class KeyAllocation(NamedTuple):
    """Result of `allocate`: D demands, E links."""

    served_bit: Any  # [D]
    used_bit: Any  # [E], key spent on each link
    flow_bit: Any  # [D, E], signed: positive from edges[e, 0] to edges[e, 1]


def allocate(
    edges: ArrayLike,
    supply_bit: ArrayLike,
    demands: list[tuple[int, int, float]],
    priority: ArrayLike | None = None,
    *,
    slices: int = 4,
) -> KeyAllocation:
    """Bits of every demand that the links can carry.

    Parameters
    ----------
    edges : [E, 2], node numbers of each link; a link's key serves either direction. supply_bit : [E], key at hand.
    demands : (source, destination, bits) each. priority : [D], the lowest number first; None treats all alike.
    slices : turns that demands of equal priority take.

    Raises ArgumentError for shapes, equal end points and unknown node numbers, DomainError for negative bits.

    >>> a = allocate([[0, 1], [1, 2], [0, 2]], [10.0, 6.0, 3.0], [(0, 2, 20.0)])
    >>> a.served_bit.tolist(), a.used_bit.tolist()
    ([9.0], [6.0, 6.0, 3.0])
    """
    edges = np.asarray(edges, int).reshape(-1, 2)
    free = np.array(supply_bit, float).reshape(-1)
    rank = np.zeros(len(demands)) if priority is None else np.asarray(priority, float)
    _check(edges, free, demands, rank, slices)
    graph = _adjacency(edges)
    flow = np.zeros((len(demands), len(edges)))
    served = np.zeros(len(demands))
    for level in np.unique(rank):
        members = np.flatnonzero(rank == level)
        turns = slices if members.size > 1 else 1
        for turn in range(1, turns + 1):
            for d in members:
                source, destination, bits = demands[d]
                want = bits * turn / turns - served[d]
                served[d] += _augment(graph, free, flow[d], int(source), int(destination), want)
    return KeyAllocation(served, np.abs(flow).sum(axis=0), flow)


def widest_path(edges: ArrayLike, supply_bit: ArrayLike, source: int, destination: int) -> tuple[float, list[int]]:
    """Greatest bottleneck of any single route, in bits, and the links of that route; (0, []) when there is none.

    >>> widest_path([[0, 1], [1, 2], [0, 2]], [10.0, 6.0, 3.0], 0, 2)
    (6.0, [0, 1])
    """
    edges, supply = np.asarray(edges, int).reshape(-1, 2), np.asarray(supply_bit, float)
    graph = _adjacency(edges)
    width, via, todo = {source: np.inf}, {}, {source}
    while todo:
        node = max(todo, key=lambda n: (width[n], -n))
        todo.remove(node)
        for neighbour, edge, _ in graph.get(node, ()):
            reach = min(width[node], supply[edge])
            if reach > width.get(neighbour, 0.0):
                width[neighbour], via[neighbour] = reach, (node, edge)
                todo.add(neighbour)
    if destination not in via:
        return 0.0, []
    route, node = [], destination
    while node != source:
        node, edge = via[node]
        route.append(edge)
    return float(width[destination]), route[::-1]


def _adjacency(edges) -> dict[int, list[tuple[int, int, int]]]:
    """node -> (neighbour, link, +1 along the link or -1 against it)."""
    graph: dict[int, list[tuple[int, int, int]]] = {}
    for e, (u, v) in enumerate(edges.tolist()):
        graph.setdefault(u, []).append((v, e, 1))
        graph.setdefault(v, []).append((u, e, -1))
    return graph


def _augment(graph, free, flow, source: int, destination: int, want: float) -> float:
    """Push up to `want` bits more of one demand, changing `free` and its `flow` in place; the bits pushed."""
    done = 0.0
    while want - done > 1e-9 * max(want, 1.0):
        route = _shortest(graph, free, flow, source, destination)
        if route is None:
            break
        amount = min(want - done, *(_room(free, flow, edge, sign)[0] for edge, sign in route))
        for edge, sign in route:
            back = -sign * flow[edge] > 0.0
            free[edge] += amount if back else -amount
            flow[edge] += sign * amount
            free[edge], flow[edge] = max(free[edge], 0.0), 0.0 if abs(flow[edge]) < 1e-9 * amount else flow[edge]
        done += amount
    return done


def _room(free, flow, edge: int, sign: int) -> tuple[float, int]:
    """Bits that can still go over a link in a direction, and the cost in hops of each: -1 where it undoes own flow."""
    if -sign * flow[edge] > 0.0:
        return float(abs(flow[edge])), -1
    return float(free[edge]), 1


def _shortest(graph, free, flow, source: int, destination: int, *, credit: bool = True):
    """Links and directions of a route with the fewest net hops in the residual graph (Bellman-Ford), or None.

    Where other demands have made way since the last turn, undoing own flow can go round in circles for ever less; then
    the search is repeated without that credit (Edmonds and Karp), which always ends.
    """
    cost, via, queue, waiting = {source: 0}, {}, deque([source]), {source}
    limit = len(graph) * (len(flow) + 1)
    while queue:
        limit -= 1
        if limit < 0:
            return _shortest(graph, free, flow, source, destination, credit=False)
        node = queue.popleft()
        waiting.discard(node)
        for neighbour, edge, sign in graph.get(node, ()):
            room, hop = _room(free, flow, edge, sign)
            reach = cost[node] + (hop if credit else 1)
            if room > 0.0 and reach < cost.get(neighbour, 1 << 30):
                cost[neighbour], via[neighbour] = reach, (node, edge, sign)
                if neighbour not in waiting:
                    waiting.add(neighbour)
                    queue.append(neighbour)
    if destination not in via:
        return None
    route, node = [], destination
    while node != source:
        node, edge, sign = via[node]
        route.append((edge, sign))
    return route[::-1]


def _check(edges, supply, demands, rank, slices) -> None:
    if supply.shape != (len(edges),) or rank.shape != (len(demands),):
        raise ArgumentError(
            f"key routing: {len(edges)} links need as many supplies (found {supply.size}), "
            f"and {len(demands)} demands as many priorities (found {rank.size})"
        )
    if np.any(~np.isfinite(supply) | (supply < 0.0)):
        raise DomainError("key routing: a supply is negative or not finite, allowed 0 bit and above")
    if slices < 1:
        raise ArgumentError(f"key routing: slices is {slices}, allowed 1 and above")
    nodes = set(edges.ravel().tolist())
    for source, destination, bits in demands:
        if source == destination or source not in nodes or destination not in nodes:
            raise ArgumentError(f"key routing: demand {source} -> {destination} needs two different nodes of the graph")
        if not (np.isfinite(bits) and bits >= 0.0):
            raise DomainError(f"key routing: demand {source} -> {destination} is {bits:g} bit, allowed 0 and above")
