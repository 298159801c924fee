"""The registry: names that lists may write, and which format takes which file."""

from __future__ import annotations

import gzip

import event_writer
import pytest
from format_files import DATA, Bytes

from reportgen import plugins
from reportgen.formats import BUILT_IN, format_of


def test_lists_know_every_format_by_its_name() -> None:
    assert {name for name, *_ in BUILT_IN} <= set(plugins.FORMATS)
    for name, module, kind in BUILT_IN:
        made = getattr(__import__(module, fromlist=[kind]), kind)()
        assert made.name == name


EXPORT = b'"Step","a - loss","a - loss__MIN","a - loss__MAX"\n"1","2","2","2"\n"2","1","1","1"\n'


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("export.csv", EXPORT, "wandb_export"),
        ("metrics.csv", b"step,loss\n1,2\n2,1\n", "table"),
        ("events.out.tfevents.1.host", event_writer.file([("loss", 1, 2.0)]), "tensorboard"),
        ("store.db", gzip.decompress((DATA / "trackio" / "tests.db.gz").read_bytes()), "database"),
        ("log.txt", b"step 1 loss 2\n", None),
    ],
)
def test_content_decides(name: str, data: bytes, expected: str | None) -> None:
    file = Bytes(name, data)
    found = format_of([file.name], lambda _: file.data[:65536])
    assert (found[0].name if found else None) == expected


def test_logs_of_the_logger_itself_are_not_asked_first() -> None:
    (run,) = (DATA / "wandb").glob("*/run-aaaaaaaa.wandb")
    line = b'{"time":"2026-11-27T16:00:00Z","level":"INFO","msg":"x","step":1,"loss":2}\n'
    files = {
        "logs/debug-core.log": line * 3,
        "debug-internal.log": line * 3,
        "run-aaaaaaaa.wandb": run.read_bytes(),
    }
    found = format_of(list(files), lambda name: files[name][:65536])
    assert found is not None
    assert (found[0].name, found[1]) == ("wandb", ("run-aaaaaaaa.wandb",))


def test_a_list_is_taken_at_its_word() -> None:
    found = format_of(["log.txt"], lambda _: b"step 1 loss 2\n", "text")
    assert found is not None
    assert (found[0].name, found[1]) == ("text", ("log.txt",))
