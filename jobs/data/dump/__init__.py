"""The six tables as a directory of JSON Lines: a file a table, and a manifest that says what is whole."""

from jobs.data.dump.exporting import export
from jobs.data.dump.manifest import Manifest
from jobs.data.dump.reading import opened

__all__ = ["Manifest", "export", "opened"]
