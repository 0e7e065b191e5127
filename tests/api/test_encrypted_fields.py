"""Encrypted personal fields: read by whom they are for, and what is said when one cannot be opened."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from db.keys import KeyFile, KeyRing, new_key
from db.personal import sealed_rows
from schema.roles import Role
from tests.api.limited import Limited, application
from tests.conftest import Database
from tests.db.cluster.witness import connected

NOW = datetime(2026, 11, 28, tzinfo=UTC)
RING = KeyRing({"k1": new_key("k1", now=NOW)}, "k1")
COLUMNS = ("id", "employee_num", "name", "birth_date", "address")
PEOPLE = [
    ("s1", "S1", "鍵山 花子", date(1980, 5, 1), "名古屋市"),
    ("s2", "S2", "錠前 太郎", date(1990, 1, 2), "岡山市"),
]
INSERT = "INSERT INTO staff (id, employee_num, name, birth_date, address) VALUES ($1, $2, $3, $4, $5)"
SEARCH = "query ($q: String!) { search(query: $q) { nodes { record { ... on StaffMember { birthDate address } } } } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on StaffMember { birthDate address } } }"


@pytest.fixture
async def people(database: Database, tmp_path: Path) -> AsyncIterator[Limited]:
    file = KeyFile(tmp_path / "keys.json")
    file.write(RING, new=True)
    async with connected(database.primary_url) as connection:
        await connection.executemany(INSERT, list(sealed_rows("staff", COLUMNS, PEOPLE, RING)))
        lsn = str(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text"))
    async with application(database, keys_file=file.path) as api:
        api.lsn = lsn
        yield api


async def rest(api: Limited, q: str, *roles: Role) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {api.token(*roles)}", "x-yukyu-lsn": api.lsn}
    return (await api.client.get("/api/search/staff", params={"q": q}, headers=headers)).json()


async def test_hr_reads_them_by_every_way(people: Limited) -> None:
    meant = {"birthDate": "1980-05-01", "address": "名古屋市"}

    found = await people.data(SEARCH, {"q": "鍵山"}, roles=(Role.HR,))
    node = await people.data(NODE, {"id": "staff:s1"}, roles=(Role.HR,))
    (row,) = (await rest(people, "鍵山", Role.HR))["results"]

    assert found["search"]["nodes"][0]["record"] == node["node"] == meant
    assert (row["birth_date"], row["address"]) == ("1980-05-01", "名古屋市")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
async def test_nobody_else_sees_even_what_is_encrypted(people: Limited, role: Role) -> None:
    found = await people.data(SEARCH, {"q": "鍵山"}, roles=(role,))
    (row,) = (await rest(people, "鍵山", role))["results"]

    assert found["search"]["nodes"][0]["record"] == {"birthDate": None, "address": None}
    assert row["birth_date"] is row["address"] is None


async def test_what_cannot_be_opened_is_named_and_not_shown(people: Limited) -> None:
    async with connected(people.primary_url) as connection:
        await connection.execute(
            "UPDATE staff SET address = (SELECT address FROM staff WHERE id = 's1') WHERE id = 's2'"
        )
        people.lsn = str(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text"))

    refused = await people.refusal(SEARCH, {"q": "錠前"}, roles=(Role.HR,))

    assert refused["code"] == "DATABASE_UNAVAILABLE"
    assert refused["message"].startswith("The address of staff s2 cannot be read")
    assert "k1" in refused["message"]
    assert "enc:" not in str(refused)


async def test_a_new_ring_is_taken_without_a_restart(people: Limited, tmp_path: Path) -> None:
    await people.data(NODE, {"id": "staff:s1"}, roles=(Role.HR,))
    ring = RING.with_current(new_key("k2", now=NOW))
    KeyFile(tmp_path / "keys.json").write(ring)
    (row,) = sealed_rows("staff", COLUMNS, [("s3", "S3", "新", date(2000, 1, 1), "新しい")], ring)
    async with connected(people.primary_url) as connection:
        await connection.execute(INSERT, *row)
        people.lsn = str(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text"))

    assert (await people.data(NODE, {"id": "staff:s3"}, roles=(Role.HR,)))["node"]["address"] == "新しい"
