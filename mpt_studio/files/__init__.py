"""Files that people bring: what they are by name and first bytes, opened so that nothing waits, tables and lists read.

May import ``errors`` alone: data, predictions, the comparison and the engine read through this room.
"""
