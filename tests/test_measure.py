"""Files that were pulled -> what is kept of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reportgen.cache import Cache
from reportgen.curves.summary import CurveSettings
from reportgen.log import SilentLog
from reportgen.measure import Unusable, measure
from reportgen.model_list import DirectorySource, HubSource, RunSpec
from reportgen.pull import Pulled
from reportgen.report import SourceRecord


def test_each_of_two_files_with_the_same_bytes_is_called_by_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    sha256 = hashlib.sha256(b"").hexdigest()
    on_hub = SourceRecord("hub", "me/x_b", "main", "0" * 40, "loss.json", sha256)
    in_folder = SourceRecord("directory", None, None, None, "runs/a.json", sha256)
    runs = [
        Pulled(RunSpec("a", DirectorySource("runs/{name}.json", "/")), file, in_folder, checked=True),
        Pulled(RunSpec("b", HubSource("me/x_{name}", "loss.json", "main")), file, on_hub, checked=True),
    ]
    with SilentLog().step("compute") as progress:
        measured = measure([(run, CurveSettings()) for run in runs], "cpu", Cache(None), progress)
    mend = "is empty; write it again, or take the run out of the list"
    assert measured.results == (
        Unusable(f"runs/a.json {mend}"),
        Unusable(f"me/x_b/loss.json at main {mend}"),
    )
