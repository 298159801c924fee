"""The build cache: what is kept, what is let go, and what a broken file does."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.cache import default_folder, key_of, mark_used, open_cache, prune


def test_a_value_comes_back_in_the_next_build(tmp_path: Path) -> None:
    with open_cache(tmp_path) as cache:
        cache.put("a", b"\0\xff")
    with open_cache(tmp_path) as cache:
        assert cache.get("a") == b"\0\xff"
        assert cache.get("b") is None


def test_without_a_folder_nothing_is_kept() -> None:
    with open_cache(None) as cache:
        cache.put("a", b"1")
        assert cache.get("a") is None


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "builds.sqlite3").write_bytes(content)
    with open_cache(tmp_path) as cache:
        cache.put("a", b"1")
    with open_cache(tmp_path) as cache:
        assert cache.get("a") == b"1"


def test_a_file_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "builds.sqlite3")
    connection.execute("CREATE TABLE entries (key TEXT, other TEXT)")
    connection.commit()
    connection.close()
    with open_cache(tmp_path) as cache:
        cache.put("a", b"1")
        assert cache.get("a") == b"1"


def test_a_value_that_was_altered_on_disk_is_missing(tmp_path: Path) -> None:
    with open_cache(tmp_path) as cache:
        cache.put("a", b"0.001")
    connection = sqlite3.connect(tmp_path / "builds.sqlite3")
    connection.execute("UPDATE entries SET value = ?", (b"0.002",))
    connection.commit()
    connection.close()
    with open_cache(tmp_path) as cache:
        assert cache.get("a") is None


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with open_cache(tmp_path / "file" / "cache") as cache:
        cache.put("a", b"1")
        assert cache.get("a") is None


@pytest.mark.skipif(os.name == "nt", reason="users as POSIX has them")
def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert default_folder() is None
    with open_cache(default_folder()) as cache:
        assert cache.get("a") is None


def test_the_longest_unused_values_are_let_go(tmp_path: Path) -> None:
    for key in "abc":
        with open_cache(tmp_path, limit=250) as cache:
            cache.put(key, key.encode() * 100)
    with open_cache(tmp_path, limit=250) as cache:
        kept = [key for key in "abc" if cache.get(key) is not None]
    assert len(kept) == 2
    with open_cache(tmp_path, limit=250) as cache:
        assert cache.get(kept[0]) is not None  # Used, so the other goes when room is needed.
        cache.put("d", b"d" * 100)
    with open_cache(tmp_path, limit=250) as cache:
        assert [key for key in (*kept, "d") if cache.get(key) is not None] == [kept[0], "d"]


def test_what_one_build_needs_is_kept_whatever_the_limit(tmp_path: Path) -> None:
    keys = [str(number) for number in range(10)]
    with open_cache(tmp_path, limit=250) as cache:
        for key in keys:
            cache.put(key, b"v" * 100)
    with open_cache(tmp_path, limit=250) as cache:
        assert all(cache.get(key) is not None for key in keys)
    with open_cache(tmp_path, limit=250) as cache:
        cache.put("other", b"v" * 100)  # A build that needs little lets the rest go.
    with open_cache(tmp_path, limit=250) as cache:
        assert sum(cache.get(key) is not None for key in (*keys, "other")) == 2


def test_builds_that_make_the_cache_at_once_all_have_it(tmp_path: Path) -> None:
    def build(folder: Path) -> bool:
        with open_cache(folder) as cache:
            cache.put("key", b"value")
            return cache.get("key") == b"value"

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(build, [tmp_path / str(number // 6) for number in range(6 * 60)]))


def test_two_builds_use_one_cache_at_once(tmp_path: Path) -> None:
    def build(number: int) -> bool:
        with open_cache(tmp_path) as cache:
            for i in range(50):
                cache.put(f"{number}-{i}", bytes([number]) * 1000)
            return all(cache.get(f"{number}-{i}") == bytes([number]) * 1000 for i in range(50))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(build, range(4)))


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_keys_tell_parts_apart(one: list[str], other: list[str]) -> None:
    assert (key_of(*one) == key_of(*other)) == (one == other)


def test_the_longest_unused_files_go_until_the_rest_fits(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"f{number}").write_bytes(bytes(10))
        os.utime(tmp_path / f"f{number}", (number, number))
    mark_used(tmp_path / "f0")
    (tmp_path / "folder").mkdir()
    prune(tmp_path, 25)
    assert {file.name for file in tmp_path.iterdir()} == {"f0", "f3", "folder"}
    prune(tmp_path / "absent", 25)
