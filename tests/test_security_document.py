"""docs/security.md names tests as proof: they are there, and so is whatever else it points to."""

import re
from pathlib import Path

import pytest

from schema.roles import Role

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "security.md"
TEXT = DOCUMENT.read_text("utf-8")
NAMED = sorted(set(re.findall(r"tests/[\w/.]+", TEXT)))
LINKED = sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT)))
SETTINGS = sorted(set(re.findall(r"YUKYU_[A-Z_]*[A-Z]", TEXT)))


def test_tests_are_named() -> None:
    assert len(NAMED) >= 25


@pytest.mark.parametrize("named", NAMED)
def test_every_test_file_that_is_named_has_tests_in_it(named: str) -> None:
    assert re.search(r"^(async )?def test_", (ROOT / named).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("linked", LINKED)
def test_every_link_leads_somewhere(linked: str) -> None:
    assert (DOCUMENT.parent / linked).exists()


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_that_is_named_is_explained(setting: str) -> None:
    assert f"`{setting}`" in (ROOT / "docs" / "configuration.md").read_text("utf-8")


@pytest.mark.parametrize("role", Role)
def test_every_role_is_in_the_table(role: Role) -> None:
    assert f"| `{role.value}` |" in TEXT


def test_the_readme_leads_to_it() -> None:
    assert "](docs/security.md)" in (ROOT / "README.md").read_text("utf-8")
