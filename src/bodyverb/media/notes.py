"""Warnings gathered while a source is read or written, in bounded memory."""

from __future__ import annotations

import threading

_MOST = 20


class Notes:
    """Lines of text and counted troubles; one thread may add while another reads."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        """Keep a line (once); after the first 20 they are only counted."""
        with self._lock:
            if line in self._lines:
                return
            if len(self._lines) < _MOST:
                self._lines.append(line)
            else:
                self._more += 1

    def count(self, template: str, number: int = 1) -> None:
        """Add to the number shown at `{n}` of a line."""
        with self._lock:
            self._counts[template] = self._counts.get(template, 0) + number

    def lines(self) -> list[str]:
        """Everything so far, one line each."""
        with self._lock:
            counted = [template.replace("{n}", str(n)) for template, n in self._counts.items()]
            more = [f"... and {self._more} more like these"] if self._more else []
            return self._lines + more + counted
