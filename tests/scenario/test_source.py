"""Oracle: what a user can point at by mistake; each must end in one plain sentence."""

from __future__ import annotations

import os
import time

import pytest

from silla.base.errors import ScenarioError
from silla.scenario import load


def refuse(source) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(source)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    start = time.perf_counter()
    assert "1.0 GB is too large" in refuse(path)
    assert time.perf_counter() - start < 2.0  # reading and decoding a gigabyte takes longer


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_devices(device):
    assert "a device, pipe or socket" in refuse(device)


def test_a_pipe_does_not_hang(tmp_path):
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert "a device, pipe or socket" in refuse(path)


def test_a_folder_says_what_is_in_it(tmp_path):
    (tmp_path / "town.yaml").write_text("x: 1")
    assert "this is a folder, not a file; it holds town.yaml" in refuse(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x1f\x8b\x08\x00abc", "gzip"),
        (b"PK\x03\x04abc", "zip"),
        (b"a: \x00\x01", "binary"),
        ("이름: 경주\n".encode("cp949"), "not UTF-8 (it may be CP949/EUC-KR)"),
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        (b"a: 1\nb: \xff\xfe\n", ":2: the text is not UTF-8"),
        (b"", "empty"),
    ],
)
def test_what_is_not_utf8_text(tmp_path, data, words):
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    assert words in refuse(path)


def test_a_byte_order_mark_is_dropped(small):
    small.write_bytes(b"\xef\xbb\xbf" + small.read_bytes())
    assert load(small).scenario.name == "small"


def test_missing_files_name_what_is_near(tmp_path, monkeypatch):
    (tmp_path / "my-town.yaml").write_text("x: 1")
    monkeypatch.chdir(tmp_path)
    assert "did you mean 'my-town.yaml'" in refuse("my-twon.yaml")
    assert "did you mean 'gyeongju'" in refuse("gyeonju")
    assert "the built-in scenarios are" in refuse("zzzzzz")
    assert "no such file" in refuse("no/such/folder/x.yaml")


@pytest.mark.parametrize("source", ["", "a\0b", "x" * 5000])
def test_names_that_cannot_be(source):
    assert refuse(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_without_permission(small):
    small.chmod(0)
    assert "no permission" in refuse(small)


def test_permission_errors_are_worded_without_needing_to_be_nobody(small, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", str(small))

    monkeypatch.setattr(type(small), "open", denied)
    assert refuse(small) == f"{small}: cannot be read: no permission"
