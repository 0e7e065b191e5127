"""The roles, the database and the extensions that every primary has. Safe to repeat."""

import asyncpg

from db.cluster import urls
from db.cluster.connection import connected
from db.cluster.desired import ServerSpec
from db.cluster.installation import Installation
from db.cluster.passwords import scram_verifier
from db.cluster.urls import APPLICATION, DATABASE, REPLICATION

ROLE_EXISTS = "SELECT true FROM pg_roles WHERE rolname = $1"
DATABASE_EXISTS = "SELECT true FROM pg_database WHERE datname = $1"
AVAILABLE = "SELECT true FROM pg_available_extensions WHERE name = $1"

# Whoever receives for the archive comes later, and must not be waited for.
LOCAL = "SET synchronous_commit = local"

# amcheck is for restores: a server that is read-only cannot add it any more. pgstattuple and hypopg, where there are
# such, are for monitoring.
EXTENSIONS = ("pg_stat_statements", "amcheck", "pgstattuple", "hypopg")

# So that monitoring can leave its own statements out of what it measures.
GRANT_UNTRACKED = f"GRANT SET ON PARAMETER pg_stat_statements.track TO {APPLICATION}"


async def ensure(installation: Installation, spec: ServerSpec) -> None:
    passwords = installation.passwords
    async with connected(urls.admin(spec, passwords, urls.MAINTENANCE_DATABASE), timeout_seconds=30) as connection:
        await connection.execute(LOCAL)
        await _ensure_role(connection, APPLICATION, "LOGIN", passwords.application)
        await _ensure_role(connection, REPLICATION, "LOGIN REPLICATION", passwords.replication)
        await connection.execute(f"GRANT pg_monitor TO {APPLICATION}, {REPLICATION}")
        if not await connection.fetchval(DATABASE_EXISTS, DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {APPLICATION}")
    async with connected(urls.admin(spec, passwords), timeout_seconds=30) as connection:
        await connection.execute(LOCAL)
        await connection.execute("SET client_min_messages = warning")
        for extension in EXTENSIONS:
            if await connection.fetchval(AVAILABLE, extension):
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        await connection.execute(GRANT_UNTRACKED)


async def _ensure_role(connection: asyncpg.Connection, name: str, options: str, password: str) -> None:
    if await connection.fetchval(ROLE_EXISTS, name):
        return
    # The verifier has no quote in it, and CREATE ROLE takes no parameters.
    await connection.execute(f"CREATE ROLE {name} {options} PASSWORD '{scram_verifier(password)}'")
