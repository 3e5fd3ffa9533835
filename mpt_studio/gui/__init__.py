"""The window. Each page has a room, and the pages are strangers; ``pyproject.toml`` holds who may import whom."""
