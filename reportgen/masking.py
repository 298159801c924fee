"""Secrets in configurations: masked before anything is shown or written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["MASK", "masked", "masked_text"]

MASK = "[masked]"
"""What stands for a secret."""

_NAMES = ("token", "api_key", "secret", "password")
_SHORTEST_TOKEN = 16  # characters of a value whose key ends in _token: pad_token is a word
_DEEPEST = 100
# Tokens of Hugging Face, OpenAI and its likes, GitHub, AWS.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}"
    r"|github_pat_[A-Za-z0-9_]{16,}|AKIA[0-9A-Z]{16})"
)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)


def masked(config: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """A configuration without its secrets, and how many there were.

    A secret is text whose key's last part is ``token``, ``api_key``, ``secret`` or ``password``, or ends so,
    or whose value looks like one: ``hf_...``, ``sk-...``, a URL with a password. Numbers are none, nor is
    text between ``<`` and ``>`` (``<|begin_of_text|>``).

    Args:
        config: As recorded, nested as deep as may be.
    """
    count = 0

    def clean(value: Any, key: str, depth: int) -> Any:
        nonlocal count
        if depth > _DEEPEST:
            return None
        if isinstance(value, Mapping):
            return {name: clean(one, str(name), depth + 1) for name, one in value.items()}
        if isinstance(value, list):
            return [clean(one, key, depth + 1) for one in value]
        if not isinstance(value, str):
            return value
        text = MASK if _is_secret(key, value) else masked_text(value)
        count += text != value
        return text

    return {name: clean(one, str(name), 0) for name, one in config.items()}, count


def masked_text(text: str) -> str:
    """A text without what looks like a secret in it."""
    return _URL.sub(rf"\g<scheme>:{MASK}@", _SHAPES.sub(MASK, text))


def _is_secret(key: str, text: str) -> bool:
    """Whether a key says that its text is one."""
    if not text.strip() or re.fullmatch(r"<.*>", text.strip(), re.DOTALL):
        return False
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.split(r"[./]", key)[-1])
    last = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if last in _NAMES or last.endswith(("_api_key", "_secret", "_password")):
        return True
    return last.endswith("_token") and len(text) >= _SHORTEST_TOKEN
