"""Filters that the user gave a name, as search text, in a small file beside the settings."""

from __future__ import annotations

from mpt_studio.gui.settings import JsonFile


class KeptFilters(JsonFile):
    """Name → search text, in the order they were kept."""

    def __init__(self) -> None:
        super().__init__("filters.json")

    @property
    def texts(self) -> dict[str, str]:
        """All of them; what is not text is passed over."""
        found = self.values.get("filters")
        entries = found.items() if isinstance(found, dict) else ()
        return {str(name): text for name, text in entries if isinstance(text, str)}

    def keep(self, name: str, text: str) -> None:
        """Keep a filter, in place of one of the same name."""
        self.set(filters={**self.texts, name: text})

    def remove(self, name: str) -> None:
        """Forget one."""
        self.set(filters={each: text for each, text in self.texts.items() if each != name})
