import shutil
from collections.abc import Iterator

import pytest

from tests.compose.system import System

IMAGE = "yukyudata:test"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of which nothing is there yet, not even the image; what is left of an earlier run is removed."""
    if shutil.which("docker") is None:
        pytest.fail("These tests need Docker with compose and BuildKit.")
    settings = tmp_path_factory.mktemp("compose") / "settings"
    settings.touch()
    system = System(settings, IMAGE)
    system.end()
    if system.docker("images", "--quiet", IMAGE).strip():
        system.docker("rmi", IMAGE)
    yield system
    system.end()
