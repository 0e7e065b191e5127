"""What a URL says of TLS and cannot be meant is said at the start, and shows no password."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings
from db import tls
from tests.tls.certificates import Authority

URL = "postgresql://yukyu:hush@db.example/yukyu"


def test_what_can_be_done_is_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    client = authority.certify("client")

    for said in (
        "",
        "?sslmode=prefer",
        f"?sslmode=verify-full&sslrootcert={authority.file}",
        f"?sslmode=verify-ca&sslrootcert={authority.file}&sslcert={client.file}&sslkey={client.key_file}",
    ):
        assert tls.fault_of(URL + said) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("sslmode=banana", "sslmode is one of disable, allow, prefer, require, verify-ca, verify-full; not 'banana'"),
        ("sslmode", "name=value"),
        ("sslmode=require&sslrootcert=/nowhere.pem", "sslrootcert=/nowhere.pem cannot be read: No such file"),
        ("sslcert=/nowhere.crt&sslkey=/nowhere.key", "sslcert=/nowhere.crt cannot be read: No such file"),
        ("sslmode=verify-full&sslrootcert={nonsense}", "holds no certificate in PEM"),
        ("sslcert={client}&sslkey={other}", "are not a certificate in PEM and the key that belongs to it"),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert=FILE"),
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "REPLICA_URLS", "CONTROL_URL"])
def test_what_cannot_be_done_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, said: str, why: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    authority = Authority(tmp_path, "authority")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    files = {
        "nonsense": nonsense,
        "client": authority.certify("client").file,
        "other": authority.certify("other").key_file,
    }
    monkeypatch.setenv(f"YUKYU_{name}", f"{URL}?{said.format_map(files)}")

    with pytest.raises(ValidationError) as told:
        Settings()

    assert why in str(told.value)
    assert "hush" not in str(told.value)
