"""Files that were pulled -> what is kept of them."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from reportgen.cache import Cache
from reportgen.curves.summary import CurveSettings
from reportgen.kinds import SourceRecord
from reportgen.log import Log
from reportgen.measure import RunSettings, Unusable, measure
from reportgen.model_list import DirectorySource, HubSource, RunSpec
from reportgen.pull import Pulled
from reportgen.sources import FoundFile


def pulled(spec: RunSpec, file: Path, size: int, record: SourceRecord) -> Pulled:
    return Pulled(spec, (FoundFile(file.name, file, size, record.sha256),), record, checked=True)


def test_each_of_two_files_with_the_same_bytes_is_called_by_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    sha256 = hashlib.sha256(b"").hexdigest()
    on_hub = SourceRecord("hub", "me/x_b", "main", "0" * 40, "loss.json", sha256)
    in_folder = SourceRecord("directory", None, None, None, "runs/a.json", sha256)
    runs = [
        pulled(RunSpec("a", DirectorySource("runs/{name}.json", "/")), file, 0, in_folder),
        pulled(RunSpec("b", HubSource("me/x_{name}", "loss.json", "main")), file, 0, on_hub),
    ]
    with Log().step("compute") as progress:
        measured = measure(
            [(run, RunSettings(CurveSettings())) for run in runs], "cpu", Cache(None), progress
        )
    mend = "is empty; write it again, or remove the run from the list"
    assert measured.results == (
        Unusable(f"runs/a.json {mend}"),
        Unusable(f"me/x_b/loss.json at main {mend}"),
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in its folders")
@pytest.mark.parametrize("became", ["a pipe", "a huge file", "a device"])
def test_a_file_that_became_another_is_neither_waited_for_nor_read_whole(tmp_path: Path, became: str) -> None:
    file = tmp_path / "loss.json"
    if became == "a pipe":
        os.mkfifo(file)
    elif became == "a device":
        file.symlink_to("/dev/zero")
    else:
        with file.open("wb") as stream:
            stream.truncate(2**30)
    data = b'{"TrainingLoss": [2.9, 0.5]}'
    record = SourceRecord("directory", None, None, None, "loss.json", hashlib.sha256(data).hexdigest())
    run = pulled(RunSpec("a", DirectorySource("{name}.json", "/")), file, len(data), record)
    tracemalloc.start()
    try:
        with Log().step("compute") as progress:
            measured = measure([(run, RunSettings(CurveSettings()))], "cpu", Cache(None), progress)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert measured.results == (Unusable("loss.json changed while it was read; build again"),)
    assert peak < 2**24
