"""A primary and a replica that speak TLS, certified by an authority of the tests.

The embedded PostgreSQL is built without TLS, so these are Debian's; where that is not installed the tests are skipped.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from db import migrations
from db.cluster import Binaries, EmbeddedCluster, urls
from db.cluster.desired import ServerSpec
from db.cluster.identity import Identity
from tests.conftest import DEBIAN_15
from tests.tls.certificates import Authority, Certificate

HOST = "localhost"

# Into `guarded` only with TLS, and with a certificate of one's own.
ACCESS = """
    hostssl   guarded     all  127.0.0.1/32  scram-sha-256  clientcert=verify-ca
    host      guarded     all  0.0.0.0/0     reject
    host      all         all  127.0.0.1/32  scram-sha-256
    host      replication all  127.0.0.1/32  scram-sha-256
"""


@dataclass(frozen=True)
class Encrypting:
    """Servers with certificates for `localhost`, and who vouches for them; a `stranger` vouches for nobody here."""

    cluster: EmbeddedCluster
    authority: Authority
    stranger: Authority
    client: Certificate

    @property
    def verified(self) -> str:
        return self.primary(sslmode="verify-full", sslrootcert=self.authority.file)

    def primary(self, host: str = HOST, database: str = urls.DATABASE, **parameters: object) -> str:
        return self._url(self.cluster.primary, host, database, parameters)

    def replica(self, **parameters: object) -> str:
        assert self.cluster.replica is not None
        return self._url(self.cluster.replica, HOST, urls.DATABASE, parameters)

    def _url(self, spec: ServerSpec, host: str, database: str, parameters: dict[str, object]) -> str:
        named = urls.application(spec.model_copy(update={"host": host}), self.cluster.passwords, database)
        return f"{silent(named)}?{'&'.join(f'{name}={value}' for name, value in parameters.items())}"


def silent(url: str) -> str:
    """Return a URL without a word of TLS."""
    return url.partition("?")[0]


@pytest.fixture(scope="module")
async def encrypting(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Encrypting]:
    if not DEBIAN_15.is_dir():
        pytest.skip(f"PostgreSQL with TLS is not installed at {DEBIAN_15}")
    home = scratch / tmp_path_factory.mktemp("tls").name
    home.mkdir(mode=0o755)
    authority, stranger = Authority(home, "authority"), Authority(home, "stranger")
    server, access = authority.certify(HOST), home / "access.conf"
    access.write_text(ACCESS)
    Identity.choose(home / "none").own(server.key_file)
    settings = {
        "fsync": "off",
        "shared_buffers": "32MB",
        "ssl": "on",
        "ssl_ca_file": str(authority.file),
        "ssl_cert_file": str(server.file),
        "ssl_key_file": str(server.key_file),
        "hba_file": str(access),
    }
    opening = EmbeddedCluster.open(home / "data", binaries=Binaries.find(DEBIAN_15), settings=settings)
    async with opening as cluster:
        admin = await asyncpg.connect(cluster.admin_url)
        for name in ("guarded", "control"):
            await admin.execute(f"CREATE DATABASE {name} OWNER yukyu")
        await admin.close()
        await migrations.upgrade(cluster.primary_url)
        yield Encrypting(cluster, authority, stranger, authority.certify("client"))
