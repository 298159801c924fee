"""``formats.packed`` against gzip and zstandard themselves."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats.packed import plain_name, unpacked
from reportgen.kinds import Unreadable

LOG = b"".join(b"%d,%.6f\n" % (step, 3 / (step + 1)) for step in range(20_000))
PACK = {
    "gzip": gzip.compress,
    "zstandard": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
}


def read(data: bytes, limit: int = 1 << 30) -> bytes:
    with unpacked(io.BytesIO(data), "log.csv", limit) as stream:
        return stream.read()


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.sampled_from(sorted(PACK)))
def test_members_come_back_one_after_the_other(members: list[bytes], kind: str) -> None:
    assert read(b"".join(map(PACK[kind], members))) == b"".join(members)


@given(st.binary(max_size=200))
def test_what_is_not_packed_passes(data: bytes) -> None:
    if not data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        assert read(data) == data


def test_zeros_after_a_member_of_gzip_fill_up_a_block() -> None:
    assert read(gzip.compress(LOG) + bytes(1000)) == LOG


def test_a_stream_of_unknown_size_is_unpacked() -> None:
    packed = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    assert read(packed.compress(LOG) + packed.flush()) == LOG


@pytest.mark.parametrize("kind", sorted(PACK))
@pytest.mark.parametrize("cut", [5, 0.3, 0.9, -1])
def test_a_file_that_was_cut_says_so(kind: str, cut: float) -> None:
    packed = PACK[kind](LOG)
    end = int(cut * len(packed)) if isinstance(cut, float) else cut
    with pytest.raises(Unreadable, match=r"^log\.csv is truncated \((gzip|Zstandard)\)"):
        read(packed[:end])


@pytest.mark.parametrize("kind", sorted(PACK))
def test_a_damaged_file_says_so(kind: str) -> None:
    packed = bytearray(PACK[kind](LOG))
    for place in range(40, 80):
        packed[place] ^= 0xFF
    with pytest.raises(Unreadable, match=r"^log\.csv (is damaged|is truncated)"):
        read(bytes(packed))


@pytest.mark.parametrize("kind", sorted(PACK))
def test_rubbish_after_a_member_says_so(kind: str) -> None:
    with pytest.raises(Unreadable, match=r"^log\.csv is damaged"):
        read(PACK[kind](LOG) + b"step,loss\n1,2\n" * 9)


@pytest.mark.parametrize("kind", sorted(PACK))
def test_the_limit_holds_while_unpacking(kind: str) -> None:
    packed = PACK[kind](bytes(60_000_000))
    assert len(packed) < 80_000
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=r"^log\.csv unpacks to more than 5 MB, the limit"):
            read(packed, 5_000_000)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert len(read(PACK[kind](bytes(5_000_000)), 5_000_000)) == 5_000_000


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("log.csv.gz", "log.csv"),
        ("log.csv.ZST", "log.csv"),
        ("log.csv", "log.csv"),
        (".gz", ".gz"),
        ("a.gz/b", "a.gz/b"),
    ],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain
