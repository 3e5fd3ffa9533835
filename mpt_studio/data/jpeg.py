"""What the decoder passes over in silence: damage in the middle of a JPEG file, where its markers show it.

Decoders go on after damaged data and draw grey or shifted blocks. Inside the compressed data a byte 0xFF is followed
by 0x00, by the next restart marker in turn, or by the marker of the next segment (ITU T.81, annex B); random bytes
seldom keep to that.
"""

from __future__ import annotations

import re

MOST_SCANS = 200
"""A progressive photo has about ten; a file of a few kilobytes can ask for thousands and take minutes."""
_START_OF_SCAN, _END = 0xDA, 0xD9
_AFTER_DATA = frozenset({0xC4, 0xCC, 0xDA, 0xD9, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""Markers that may follow compressed data: tables, the next scan, the end, comments and applications' segments."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])")


def damage(content: bytes) -> str:
    """Why a JPEG file is damaged or dangerous; "" where nothing shows."""
    at, scans = 2, 0
    while True:
        found = _MARKER.search(content, at)
        if found is None:
            return "truncated" if scans else ""  # without any scan the decoder itself has its say
        if scans and found.start() != at:
            return "damaged in the middle (no marker where a segment ends)"
        marker, at = found[1][0], found.end()
        if marker == _END:
            return ""
        at += int.from_bytes(content[at : at + 2], "big")
        if marker != _START_OF_SCAN:
            continue
        scans += 1
        if scans > MOST_SCANS:
            return f"more than {MOST_SCANS} scans"
        problem, at = _after_scan(content, at)
        if problem:
            return problem


def _after_scan(content: bytes, at: int) -> tuple[str, int]:
    """What is wrong with the compressed data from ``at`` on, and where they end."""
    restart = 0xD0
    for found in _MARKER.finditer(content, at):
        marker = found[1][0]
        if 0xD0 <= marker <= 0xD7:
            if marker != restart:
                return "damaged in the middle (a restart marker is missing)", at
            restart = 0xD0 + (marker + 1) % 8
        elif marker in _AFTER_DATA:
            return "", found.start()
        else:
            return f"damaged in the middle (marker {marker:02X} within the image data)", at
    return "truncated", at
