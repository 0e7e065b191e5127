"""The files of ours in a data directory: settings, who may connect, and what makes a standby."""

from pathlib import Path

from db.cluster import archive, durable, settings
from db.cluster.clone import primary_conninfo
from db.cluster.desired import Desired, Role, ServerSpec
from db.cluster.identity import Identity
from db.cluster.installation import Installation, slot_of
from db.cluster.urls import REPLICATION

SETTINGS, ACCESS, STANDBY = "postgresql.conf", "pg_hba.conf", "standby.signal"


def settings_text(installation: Installation, name: str, spec: ServerSpec, desired: Desired) -> str:
    layout = installation.layout
    following = archive.settings(installation, spec, desired)
    if spec.follows:
        conninfo = primary_conninfo(name, desired.servers[spec.follows], layout.passfile(name))
        following |= {"primary_conninfo": conninfo, "primary_slot_name": slot_of(name)}
    return settings.postgresql_conf(
        spec, name=name, logs=layout.server_log(name), own=layout.own_settings, following=following
    )


def present_settings(data_directory: Path) -> str | None:
    try:
        return (data_directory / SETTINGS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write(installation: Installation, name: str, spec: ServerSpec, desired: Desired) -> None:
    data_directory, user = installation.data_directory(spec), installation.user
    if spec.follows:
        _write(installation.layout.passfile(name), _passfile_text(installation, desired.servers[spec.follows]), user)
    _write(data_directory / ACCESS, settings.pg_hba_conf(spec), user)
    _write(data_directory / SETTINGS, settings_text(installation, name, spec, desired), user)
    if spec.role is Role.REPLICA:
        _write(data_directory / STANDBY, "", user)


def _passfile_text(installation: Installation, primary: ServerSpec) -> str:
    return f"{primary.host}:{primary.port}:*:{REPLICATION}:{installation.passwords.replication}\n"


def _write(path: Path, content: str, user: Identity) -> None:
    durable.write(path, content)
    user.own(path)
