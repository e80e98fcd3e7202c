"""Oracles: round trip to the bit, every single damaged byte detected, the operating system's own refusals."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.base.errors import ArgumentError, StoreError
from silla.results import atomic
from silla.results.store import Store, decode_record, encode_record

TASK = "00112233445566778899aabbccddeeff"
RECORD = {
    "counts": np.arange(12, dtype=np.int64).reshape(3, 4),
    "rates": np.array([0.1, np.nan, np.inf, -0.0]),
    "names": np.array(["왕경", "b"], dtype=object),
    "flag": True,
    "n": 7,
    "share": 0.1 + 0.2,
    "model": "x",
    "nothing": None,
}


def _same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(
        np.asarray(a[k]).dtype == np.asarray(b[k]).dtype
        and np.asarray(a[k]).tolist().__repr__() == np.asarray(b[k]).tolist().__repr__()
        for k in a
    )


def _files(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_round_trip_keeps_types_shapes_and_bits(tmp_path):
    store = Store(tmp_path)
    assert store.get(TASK) is None and not store.has(TASK)
    store.put(TASK, RECORD)
    back = Store(tmp_path).get(TASK)
    assert back is not None and _same(RECORD, back)
    assert back["share"] == 0.1 + 0.2 and np.signbit(back["rates"][3])
    assert list(store) == [TASK] and store.missing([TASK, "f" * 32]) == ["f" * 32]


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@given(st.dictionaries(st.text(max_size=8), scalars, max_size=5))
def test_any_flat_record_of_scalars_survives_and_order_does_not_matter(record):
    data = encode_record(TASK, record)
    back = decode_record(TASK, data)
    assert back is not None and repr(sorted(back.items())) == repr(sorted(record.items()))
    assert encode_record(TASK, dict(reversed(record.items()))) == data


def test_every_damaged_byte_and_every_truncation_counts_as_missing():
    data = encode_record(TASK, {"x": np.arange(3.0), "n": 1})
    assert decode_record(TASK, data) is not None
    for k in range(len(data)):
        assert decode_record(TASK, data[:k]) is None
        assert decode_record(TASK, data[:k] + bytes([data[k] ^ 1]) + data[k + 1 :]) is None
    assert decode_record(TASK[::-1], data) is None  # a record under the name of another task


def test_a_damaged_file_is_computed_again_and_replaced(tmp_path):
    store = Store(tmp_path)
    store.put(TASK, RECORD)
    path = store.path(TASK)
    path.write_bytes(path.read_bytes()[:-5])
    assert store.missing([TASK]) == [TASK]
    store.put(TASK, {"n": 2})
    assert store.get(TASK) == {"n": 2}


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], object(), np.array([1, None], dtype=object)])
def test_what_has_no_fixed_bytes_is_refused_and_named(tmp_path, value):
    with pytest.raises(ArgumentError, match="'bad'"):
        Store(tmp_path).put(TASK, {"bad": value})
    assert _files(tmp_path) == []


def test_a_name_that_is_not_a_hash_cannot_leave_the_directory(tmp_path):
    with pytest.raises(ArgumentError, match="task hash"):
        Store(tmp_path).put("../../etc/passwd", {})


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_refused_write_keeps_the_old_record_and_leaves_no_file(tmp_path, monkeypatch, code):
    store = Store(tmp_path)
    store.put(TASK, {"n": 1})
    before = _files(tmp_path)

    def refuse(fd: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic.os, "fsync", refuse)
    with pytest.raises(StoreError) as caught:
        store.put(TASK, RECORD)
    message = str(caught.value)
    assert str(store.path(TASK)) in message and "bytes" in message and "untouched" in message
    assert _files(tmp_path) == before and store.get(TASK) == {"n": 1}


def test_a_file_size_limit_of_the_system_is_reported_and_leaves_nothing(tmp_path):
    """A real refusal (EFBIG by RLIMIT_FSIZE), in a process of its own."""
    script = textwrap.dedent(f"""
        import resource, signal, sys
        import numpy as np
        from silla.base.errors import StoreError
        from silla.results.store import Store
        store = Store({str(tmp_path)!r})
        store.put("{TASK}", {{"n": 1}})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            store.put("{TASK}", {{"x": np.zeros(100_000)}})
        except StoreError as fault:
            assert "allowed size" in str(fault), fault
            assert store.get("{TASK}") == {{"n": 1}}
            sys.exit(7)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert _files(tmp_path) == [f"{TASK[:2]}/{TASK}.rec"]


def test_a_full_disk_is_reported_and_leaves_the_old_record(tiny_disk):
    store = Store(tiny_disk)
    store.put(TASK, {"n": 1})
    with pytest.raises(StoreError, match="disk is full"):
        store.put(TASK, {"x": np.random.default_rng(1).random(1_000_000)})
    assert store.get(TASK) == {"n": 1}
    assert len(_files(tiny_disk)) == 1


def test_a_directory_that_is_a_file_is_reported(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError, match="not a directory"):
        Store(tmp_path / "file" / "below")


def test_a_directory_without_permission_is_reported(tmp_path):
    """In a process of its own, which gives up root where it has it (root passes every permission check)."""
    script = textwrap.dedent(f"""
        import os, sys
        from silla.base.errors import StoreError
        from silla.results.store import Store
        store = Store({str(tmp_path)!r})
        os.chmod({str(tmp_path)!r}, 0o555)
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            store.put("{TASK}", {{"n": 1}})
        except StoreError as fault:
            assert "ermission denied" in str(fault), fault
            sys.exit(7)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    tmp_path.chmod(0o700)
    assert done.returncode == 7, done.stderr
    assert _files(tmp_path) == []


def test_leftovers_of_dead_processes_go_and_fresh_ones_stay(tmp_path):
    store = Store(tmp_path)
    store.put(TASK, {"n": 1})
    old, fresh = (store.path(TASK).parent / f"{atomic.TEMPORARY_PREFIX}{name}" for name in ("old", "fresh"))
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    Store(tmp_path)
    assert not old.exists() and fresh.exists()
