"""What a type cannot say: ids that must be unique, ids that must exist, places that must be somewhere.

`problems(scenario)` returns every fault as (path, message); paths are tuples of keys and list indexes, which the loader
turns into lines of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from silla.scenario.demand import profiles_of
from silla.scenario.models import Scenario
from silla.scenario.places import Place
from silla.scenario.quantum import chain_ends
from silla.scenario.radio import Cell, HexLayout, IndoorLayout
from silla.scenario.suggest import did_you_mean

__all__ = ["Problem", "layout_cells", "problems"]

Path = tuple[str | int, ...]
_BASEBAND_MHZ = (5.0, 20_000.0)  # validity of compute.ran_load
Problem = tuple[Path, str]


def problems(
    scenario: Scenario, *, file_site_ids: frozenset[str] = frozenset(), file_fibre_ids: frozenset[str] = frozenset()
) -> list[Problem]:
    """Every semantic fault of a scenario that is valid by type.

    `file_site_ids` and `file_fibre_ids` are the ids that its files bring, so that references to them are found.
    """
    known = _Known(scenario, file_site_ids, file_fibre_ids)
    checks: tuple[Callable[[Scenario, _Known], Iterable[Problem]], ...] = (
        _unique_ids,
        _placed,
        _cells,
        _demand,
        _pools,
        _fibres,
        _quantum,
        _security,
        _events,
        _solve,
        _links,
        _has_radio,
    )
    return [problem for check in checks for problem in check(scenario, known)]


class _Known:
    """The ids that references may name."""

    def __init__(self, s: Scenario, file_sites: frozenset[str], file_fibres: frozenset[str]):
        self.sites = {x.id for x in s.sites} | file_sites | generated_site_ids(s)
        self.nodes = {x.id for x in s.nodes}
        self.places = self.sites | self.nodes
        self.fibres = {x.id for x in s.fibres} | file_fibres
        self.carriers = set(s.carriers)
        self.demand = {x.id for x in s.demand} | ({"files.users"} if s.files.users else set())
        self.profiles = set(profiles_of(s.profiles))


def generated_site_ids(s: Scenario) -> set[str]:
    """Ids of the sites that the layout makes (see `world.layout`)."""
    if isinstance(s.layout, HexLayout):
        return {f"s{i:02d}" for i in range(1 + 3 * s.layout.rings * (s.layout.rings + 1))}
    if isinstance(s.layout, IndoorLayout):
        columns = max(1, int(s.layout.width_m // s.layout.isd_m))
        return {f"s{i:02d}" for i in range(2 * columns)}
    if s.layout is not None:
        n = s.layout.blocks_east * s.layout.blocks_north
        return {f"{kind}{i:02d}" for kind in ("macro", "micro") for i in range(n * (1 if kind == "macro" else 2))}
    return set()


def layout_cells(s: Scenario) -> Iterator[tuple[Path, Cell]]:
    """Every cell template with its path, whoever repeats it."""
    for i, site in enumerate(s.sites):
        for j, cell in enumerate(site.cells):
            yield ("sites", i, "cells", j), cell
    if s.layout is not None:
        for name in ("cells", "macro_cells", "micro_cells"):
            for j, cell in enumerate(getattr(s.layout, name, ())):
                yield ("layout", name, j), cell
    if s.files.sites is not None:
        for j, cell in enumerate(s.files.sites.cells):
            yield ("files", "sites", "cells", j), cell


def _missing(kind: str, found: str, known: Iterable[str]) -> str:
    names = sorted(known)
    listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"no {kind} has the id {found!r}{did_you_mean(found, names)}; known: {listed or 'none'}"


def _unique_ids(s: Scenario, known: _Known) -> Iterator[Problem]:
    places: list[tuple[Path, str]] = [(("nodes", i, "id"), x.id) for i, x in enumerate(s.nodes)]
    places += [(("sites", i, "id"), x.id) for i, x in enumerate(s.sites)]
    seen: dict[str, str] = dict.fromkeys(generated_site_ids(s), "the layout")
    yield from _repeated(places, seen, "site or node")
    for group in ("demand", "pools", "fibres"):
        yield from _repeated([((group, i, "id"), x.id) for i, x in enumerate(getattr(s, group))], {}, group.rstrip("s"))
    for group in ("keys", "direct"):
        links = getattr(s.quantum, group)
        yield from _repeated(
            [(("quantum", group, i, "id"), x.id or x.fibre) for i, x in enumerate(links)], {}, "quantum link"
        )
    stores = {x.id or x.fibre: f"quantum.keys[{i}]" for i, x in enumerate(s.quantum.keys)}
    chains: list[tuple[Path, str]] = [
        (("quantum", group, i, "id"), x.id)
        for group in ("repeaters", "downlinks", "air")
        for i, x in enumerate(getattr(s.quantum, group))
    ]
    yield from _repeated(chains, stores, "quantum link")
    yield from _repeated(
        [(("quantum", "messages", i, "id"), x.id) for i, x in enumerate(s.quantum.messages) if x.id], {}, "message"
    )
    yield from _repeated(
        [(("security", i, "id"), x.id) for i, x in enumerate(s.security) if x.id], {}, "security entry"
    )
    # A cell without an id is named after its site, carrier and number; an own id must not be one of those names.
    cells: list[tuple[Path, str]] = [
        (("sites", i, "cells", j, "id"), c.id or f"{x.id}/{c.carrier}/{j}")
        for i, x in enumerate(s.sites)
        for j, c in enumerate(x.cells)
    ]
    yield from _repeated(cells, {}, "cell")
    for path, cell in layout_cells(s):
        if cell.id and path[0] != "sites":
            yield (*path, "id"), f"cell id {cell.id!r} would be repeated on every site; leave it out"


def _repeated(entries: list[tuple[Path, str]], seen: dict[str, str], kind: str) -> Iterator[Problem]:
    for path, found in entries:
        if found in seen:
            yield path, f"{kind} id {found!r} is already used by {seen[found]}; ids must differ"
        else:
            seen[found] = _show(path[:-1])


def _show(path: Path) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else (f".{p}" if i else p) for i, p in enumerate(path))


def _placed(s: Scenario, known: _Known) -> Iterator[Problem]:
    entries: list[tuple[Path, Place, bool]] = [(("nodes", i), x, True) for i, x in enumerate(s.nodes)]
    entries += [(("sites", i), x, True) for i, x in enumerate(s.sites)]
    entries += [(("demand", i), x, False) for i, x in enumerate(s.demand)]
    for path, place, required in entries:
        globe, local = (place.lat, place.lon), (place.x_m, place.y_m)
        n_globe, n_local = sum(v is not None for v in globe), sum(v is not None for v in local)
        if n_globe == 1 or n_local == 1:
            yield path, "a position needs both of its coordinates: lat and lon, or x_m and y_m"
        elif n_globe and n_local:
            yield path, "two positions given; keep lat and lon or x_m and y_m"
        elif required and not n_globe and not n_local:
            yield path, "no position; give lat and lon, or x_m and y_m"
        elif n_globe and s.origin is None:
            yield path, "lat and lon need an origin; add `origin: {lat: ..., lon: ...}` to the scenario"


def _cells(s: Scenario, known: _Known) -> Iterator[Problem]:
    for path, cell in layout_cells(s):
        if cell.carrier not in known.carriers:
            yield (*path, "carrier"), _missing("carrier", cell.carrier, known.carriers)
    for i, site in enumerate(s.sites):
        if site.hub is not None and site.hub not in known.nodes:
            yield ("sites", i, "hub"), _missing("node", site.hub, known.nodes)
        seen: dict[tuple[Any, ...], int] = {}
        for j, cell in enumerate(site.cells):
            key = (cell.carrier, cell.azimuth_deg % 360, cell.downtilt_deg)
            if key in seen and not cell.id:
                yield (
                    ("sites", i, "cells", j),
                    f"same carrier and direction as cells[{seen[key]}] of this site; give each an id if both are meant",
                )
            seen.setdefault(key, j)
    if s.map.carrier is not None and s.map.carrier not in known.carriers:
        yield ("map", "carrier"), _missing("carrier", s.map.carrier, known.carriers)


def _profile(path: Path, name: str, known: _Known) -> Iterator[Problem]:
    if name not in known.profiles:
        yield (*path, "profile"), _missing("profile", name, known.profiles)


def _demand(s: Scenario, known: _Known) -> Iterator[Problem]:
    for i, group in enumerate(s.demand):
        path: Path = ("demand", i)
        yield from _profile(path, group.profile, known)
        own = group.lat is not None or group.x_m is not None
        if group.around is not None and group.around not in known.places:
            yield (*path, "around"), _missing("site or node", group.around, known.places)
        if group.around is not None and own:
            yield path, "give either `around` or a position, not both"
        if (group.around is not None or own) and group.radius_m is None:
            yield path, "a group around a place needs radius_m"
        if group.radius_m is not None and group.around is None and not own:
            yield (*path, "radius_m"), "a radius needs a middle: `around`, lat and lon, or x_m and y_m"
    if s.files.users is not None:
        yield from _profile(("files", "users"), s.files.users.profile, known)


def _pools(s: Scenario, known: _Known) -> Iterator[Problem]:
    for i, pool in enumerate(s.pools):
        path: Path = ("pools", i)
        if pool.at not in known.places:
            yield (*path, "at"), _missing("site or node", pool.at, known.places)
        if not isinstance(pool.ran_sites, str):
            for j, site in enumerate(pool.ran_sites):
                if site not in known.sites:
                    yield (*path, "ran_sites", j), _missing("site", site, known.sites)
        if pool.sharing == "dedicated" and pool.ran_gpus > pool.count:
            yield (*path, "ran_gpus"), f"{pool.ran_gpus} GPUs set apart for the RAN, but the pool has {pool.count}"
        for j, serve in enumerate(pool.serves):
            yield from _profile((*path, "serves", j), serve.profile, known)
    if any(pool.enabled and pool.ran_sites != "none" for pool in s.pools):
        yield from _baseband(s)


def _baseband(s: Scenario) -> Iterator[Problem]:
    """A pool's share of GPU time is known for carriers between these bandwidths only."""
    low, high = _BASEBAND_MHZ
    for name, carrier in s.carriers.items():
        if carrier.enabled and not low <= carrier.bandwidth_mhz <= high:
            yield (
                ("carriers", name, "bandwidth_mhz"),
                f"{carrier.bandwidth_mhz:g} MHz, but baseband on a GPU pool is modelled for {low:g} to {high:g} MHz; "
                "set the pool's ran_sites to none",
            )


def _fibres(s: Scenario, known: _Known) -> Iterator[Problem]:
    for i, fibre in enumerate(s.fibres):
        for j, end in enumerate(fibre.ends):
            if end not in known.places:
                yield ("fibres", i, "ends", j), _missing("site or node", end, known.places)
        if fibre.ends[0] == fibre.ends[1]:
            yield ("fibres", i, "ends"), f"both ends are {fibre.ends[0]!r}; a fibre joins two different places"


def _quantum(s: Scenario, known: _Known) -> Iterator[Problem]:
    for group in ("keys", "direct"):
        for i, link in enumerate(getattr(s.quantum, group)):
            if link.fibre not in known.fibres:
                yield ("quantum", group, i, "fibre"), _missing("fibre", link.fibre, known.fibres)
    for i, link in enumerate(s.quantum.keys):
        if link.isolation_db is not None and link.protocol != "decoy-bb84":
            yield (
                ("quantum", "keys", i, "isolation_db"),
                f"the isolation is counted for decoy-bb84 alone, not for {link.protocol}; leave it out",
            )
        if link.error_correction_efficiency is not None and link.error_correction != "assumed":
            yield (
                ("quantum", "keys", i, "error_correction_efficiency"),
                f"the efficiency of {link.error_correction} is the measured one; leave it out, or write "
                "`error_correction: assumed` beside it",
            )
    for i, link in enumerate(s.quantum.direct):
        if link.block_kbit is not None and link.protocol == "two-step":
            yield (
                ("quantum", "direct", i, "block_kbit"),
                "messages in blocks are those of dl04 and hd, not of two-step; leave it out",
            )
        if link.isolation_db is not None and link.protocol == "two-step":
            yield (
                ("quantum", "direct", i, "isolation_db"),
                "the isolation is counted for dl04 and hd, not for two-step; leave it out",
            )
    yield from _repeaters(s, known)
    yield from _satellites(s, known)
    yield from _air(s, known)
    for i, message in enumerate(s.quantum.messages):
        path: Path = ("quantum", "messages", i)
        yield from _profile(path, message.profile, known)
        for j, end in enumerate(message.ends):
            if end not in known.places:
                yield (*path, "ends", j), _missing("site or node", end, known.places)
        if message.ends[0] == message.ends[1]:
            yield (*path, "ends"), f"both ends are {message.ends[0]!r}; a message goes from one place to another"


def _repeaters(s: Scenario, known: _Known) -> Iterator[Problem]:
    ends = {f.id: f.ends for f in s.fibres}
    for i, chain in enumerate(s.quantum.repeaters):
        path: Path = ("quantum", "repeaters", i, "fibres")
        missing = [(j, f) for j, f in enumerate(chain.fibres) if f not in known.fibres]
        for j, fibre in missing:
            yield (*path, j), _missing("fibre", fibre, known.fibres)
        if missing or not all(f in ends for f in chain.fibres):
            continue  # fibres of a file are joined when the world is compiled
        try:
            chain_ends([(ends[f][0], ends[f][1]) for f in chain.fibres])
        except ValueError:
            joined = ", ".join(f"{f} ({' - '.join(ends[f])})" for f in chain.fibres)
            yield path, f"the fibres do not make one open chain: {joined}; list them in order from end to end"


def _satellites(s: Scenario, known: _Known) -> Iterator[Problem]:
    flying = {x.id for x in s.quantum.satellites}
    yield from _repeated(
        [(("quantum", "satellites", i, "id"), x.id) for i, x in enumerate(s.quantum.satellites)],
        dict.fromkeys(known.places, "a site or node"),
        "satellite",
    )
    for i, satellite in enumerate(s.quantum.satellites):
        if len(satellite.tle) == 1:
            yield ("quantum", "satellites", i, "tle"), "elements are two lines; found one"
    for i, link in enumerate(s.quantum.downlinks):
        path: Path = ("quantum", "downlinks", i)
        if link.satellite not in flying:
            yield (*path, "satellite"), _missing("satellite", link.satellite, flying)
        if link.station not in known.places:
            yield (*path, "station"), _missing("site or node", link.station, known.places)
    if s.quantum.downlinks and s.origin is None:
        yield (
            ("quantum", "downlinks"),
            "a satellite needs to know where on the globe; add `origin: {lat: ..., lon: ...}`",
        )
    if s.day is not None:
        try:
            date.fromisoformat(s.day.date)
        except ValueError:
            yield ("day", "date"), f"{s.day.date!r} is no date; YYYY-MM-DD, as 2026-03-20"


def _air(s: Scenario, known: _Known) -> Iterator[Problem]:
    for i, link in enumerate(s.quantum.air):
        path: Path = ("quantum", "air", i)
        for j, end in enumerate(link.ends):
            if end not in known.places:
                yield (*path, "ends", j), _missing("site or node", end, known.places)
        if link.ends[0] == link.ends[1]:
            yield (*path, "ends"), f"both ends are {link.ends[0]!r}; a link joins two places"
        if link.id in known.fibres:
            yield (*path, "id"), f"{link.id!r} is the id of a fibre too; events could not tell them apart"
        if link.isolation_db is not None and link.protocol != "decoy-bb84":
            yield (
                (*path, "isolation_db"),
                f"the isolation is counted for decoy-bb84 alone, not for {link.protocol}; leave it out",
            )
        for j, height in enumerate(link.heights_m):
            if not 0.0 < height <= 9000.0:
                yield (*path, "heights_m", j), f"a telescope is {height:g} m above the ground, allowed 0 to 9000 m"
        if link.light == "auto" and s.origin is None:
            told = "the Sun's place needs `origin: {lat: ..., lon: ...}`; or say `light: day` or `light: night`"
            yield (*path, "light"), told


def _security(s: Scenario, known: _Known) -> Iterator[Problem]:
    for i, entry in enumerate(s.security):
        path: Path = ("security", i)
        if entry.to not in known.places:
            yield (*path, "to"), _missing("site or node", entry.to, known.places)
        if not isinstance(entry.hubs, str):
            for j, hub in enumerate(entry.hubs):
                if hub not in known.places:
                    yield (*path, "hubs", j), _missing("node", hub, known.places)
    if s.security and not s.nodes:
        yield ("security",), "traffic is protected on its way from hub nodes; add `nodes`"


def _events(s: Scenario, known: _Known) -> Iterator[Problem]:
    paths = "fibre or link through the air", known.fibres | {a.id for a in s.quantum.air}
    targets = {
        "eavesdrop": paths,
        "cut": paths,
        "burst": ("demand", known.demand),
        "outage": ("site", known.sites),
        "weather": (
            "station of a downlink",
            {d.station for d in s.quantum.downlinks} | {end for a in s.quantum.air for end in a.ends},
        ),
    }
    for i, event in enumerate(s.events):
        given = [name for name in targets if getattr(event, name) is not None]
        if len(given) != 1:
            yield ("events", i), f"an event is exactly one of {', '.join(targets)}; found {', '.join(given) or 'none'}"
        for name in given:
            kind, ids = targets[name]
            if getattr(event, name) not in ids:
                yield ("events", i, name), _missing(kind, getattr(event, name), ids)
    if s.events and s.day is None:
        yield ("events",), "events need a `day`"


def _solve(s: Scenario, known: _Known) -> Iterator[Problem]:
    yield from _repeated([(("solve", i, "id"), x.id) for i, x in enumerate(s.solve) if x.id], {}, "problem")
    for i, entry in enumerate(s.solve):
        for j, name in enumerate(entry.variants):
            if name not in s.variants:
                yield ("solve", i, "variants", j), _missing("variant", name, s.variants)


def _links(s: Scenario, known: _Known) -> Iterator[Problem]:
    yield from _repeated([(("links", i, "id"), x.id) for i, x in enumerate(s.links)], {}, "link")


def _has_radio(s: Scenario, known: _Known) -> Iterator[Problem]:
    if not s.sites and s.layout is None and s.files.sites is None:
        yield (), "no radio site; add `sites`, `files.sites` or a `layout`"
    elif next(layout_cells(s), None) is None:
        yield (), "no site has a cell; add `cells`"
    if not s.demand and s.files.users is None:
        yield (), "no users; add `demand` or `files.users`"
