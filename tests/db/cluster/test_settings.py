from pathlib import Path

import pytest

from db.cluster import settings
from db.cluster.desired import Role, ServerSpec

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("memory_mebibytes", "shared_buffers"), [(256, "64MB"), (2048, "256MB"), (4096, "512MB"), (65536, "1024MB")]
)
def test_shared_buffers_are_an_eighth_of_memory_within_bounds(memory_mebibytes: int, shared_buffers: str) -> None:
    assert settings.for_memory(memory_mebibytes * MEBIBYTE)["shared_buffers"] == shared_buffers


def test_settings_of_the_desired_state_win_over_ours_and_the_operators_own_over_all() -> None:
    spec = ServerSpec(role=Role.PRIMARY, directory="primary", port=5433, settings={"work_mem": "64MB"})

    text = settings.postgresql_conf(
        spec, name="primary", logs=Path("/logs"), own=Path("/it's here/own.conf"), following={}
    )

    assert "work_mem = '64MB'\n" in text
    assert "work_mem = '8MB'" not in text
    assert text.endswith("include '/it''s here/own.conf'\n")


def test_access_rules_name_the_networks_of_the_desired_state() -> None:
    spec = ServerSpec(role=Role.PRIMARY, directory="primary", port=5433, networks=("10.1.0.0/16",))

    rules = [line for line in settings.pg_hba_conf(spec).splitlines() if line.startswith("host")]

    assert rules == ["host all all 10.1.0.0/16 scram-sha-256", "host replication all 10.1.0.0/16 scram-sha-256"]
