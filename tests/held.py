"""Files of runs that tests hold in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from reportgen.kinds import Format, RunFile, Series


@dataclass(frozen=True)
class Held:
    """An :class:`reportgen.kinds.InputFile`."""

    name: str
    data: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def read(self) -> bytes:
        return self.data


def held(name: str, text: str | bytes) -> Held:
    return Held(name, text if isinstance(text, bytes) else text.encode())


def fits(form: Format, files: Sequence[Held]) -> tuple[str, ...]:
    by_name = {file.name: file for file in files}
    return form.fits(tuple(by_name), lambda name: by_name[name].data[: 1 << 16])


def read(form: Format, *files: Held, **options: object) -> RunFile:
    """The run, as the registry reads it: the files that the format fits."""
    taken = fits(form, files)
    return form.read([file for file in files if file.name in taken], "run", options)


def entries(one: Series) -> list[tuple[int, float]]:
    """Steps and values."""
    steps = range(len(one.values)) if one.steps is None else one.steps.tolist()
    return list(zip(steps, one.values.tolist(), strict=True))
