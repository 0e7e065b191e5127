from pathlib import Path

import pytest

from tests.jobs.data.legacy.old_file import OldFile


@pytest.fixture
def old(tmp_path: Path) -> OldFile:
    """An old file with its six tables, all empty."""
    return OldFile(tmp_path / "yukyu.db")
