"""The site that a command works on: the installation in the data directory, with its backups and its control store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from api import rings
from api.commands import alerting
from api.settings import Settings
from db.cluster import Binaries
from db.cluster.desired import States
from db.cluster.errors import NotInstalledError
from db.cluster.identity import Identity
from db.cluster.installation import Installation
from db.cluster.layout import PRIVATE, Layout
from db.cluster.lock import allowed
from db.cluster.passwords import Passwords
from db.control import Control
from db.errors import AppError
from db.fallback import is_file, path_of
from db.repository import Repository
from jobs.alerts import overrides
from jobs.alerts.rulebook import Rulebook
from jobs.alerts.rules import RULES
from jobs.fallback.site import FileSite, FileStates, NoServers
from jobs.site import Monitoring, Policy, Site


def policy(settings: Settings) -> Policy:
    return Policy(
        window=timedelta(days=settings.window_days),
        rpo=timedelta(seconds=settings.rpo_seconds),
        rto=timedelta(seconds=settings.rto_seconds),
        at=settings.backup_at,
    )


def monitoring(settings: Settings) -> Monitoring:
    return Monitoring(interval=timedelta(seconds=settings.monitor_interval))


def rulebook(settings: Settings) -> Rulebook:
    """Return the alert rules with the settings' overrides.

    Raises:
        OverridesError: the file cannot be meant.
    """
    given = timedelta(seconds=settings.alert_repeat_seconds)
    found = Rulebook() if settings.alert_rules is None else overrides.load(settings.alert_rules, RULES)
    return replace(found, repeat=given)


def repository(settings: Settings) -> Repository:
    return Repository.at(settings.repository_dir, rings.file_of(settings))


def require_repository(settings: Settings) -> None:
    """Make sure that what an installation has backed up can be looked at.

    Raises:
        AppError: its backups are not there, as when their disk is not mounted.
    """
    layout, found = Layout.of(settings.data_dir), repository(settings)
    with allowed():
        identifier = States(layout.state).desired().system_identifier if layout.state.is_dir() else None
    if settings.backups and identifier and not found.incarnation(identifier).root.is_dir():
        raise AppError(
            f"The backups of this installation are not in {found.root}, so that nobody knows which keys they need.",
            hint="Mount their disk, or name it with YUKYU_BACKUP_DIR; where none are left: YUKYU_BACKUPS=off.",
        )


def is_installed(settings: Settings) -> bool:
    """Return whether there is an installation with data in the data directory; the data may be lost, and the rest left.

    Raises:
        UnreachableError: the directory belongs to another user.
    """
    layout = Layout.of(settings.data_dir)
    with allowed():
        known = States(layout.state).desired().servers and layout.passwords.exists()
        return bool(known) and any(layout.clusters.glob("*/"))


def installation(settings: Settings) -> Installation:
    """Return the installation in the data directory, whether it runs or not.

    Raises:
        NotInstalledError: there is none.
        UnreachableError: it belongs to another user.
    """
    layout = Layout.of(settings.data_dir)
    with allowed():
        states = States(layout.state)
        if not states.desired().servers or not layout.passwords.exists():
            raise NotInstalledError(layout.root)
        user = Identity.choose(layout.clusters)
        return Installation(
            layout=layout,
            binaries=Binaries.find(settings.pg_bin).reachable_by(user, layout.binaries),
            user=user,
            passwords=Passwords.load_or_create(layout.passwords),
            states=states,
            archive=repository(settings) if settings.backups else None,
            synchronous_archive=settings.synchronous_archive,
        )


def new_installation(settings: Settings) -> Installation:
    """Return an installation without servers in the data directory, for a restore from the backups alone.

    Raises:
        UnreachableError: the directory belongs to another user.
    """
    layout = Layout.of(settings.data_dir)
    with allowed():
        layout.create()
        # Whoever owns the backups has to own what is made of them.
        owned = layout.clusters if any(layout.clusters.glob("*/")) else repository(settings).root
        user = Identity.choose(owned)
        user.require_entry(layout.clusters)
        return Installation(
            layout=layout,
            binaries=Binaries.find(settings.pg_bin).reachable_by(user, layout.binaries),
            user=user,
            passwords=Passwords.load_or_create(layout.passwords),
            states=States(layout.state),
            archive=repository(settings) if settings.backups else None,
            synchronous_archive=settings.synchronous_archive,
        )


@asynccontextmanager
async def opened(settings: Settings, found: Installation | None = None) -> AsyncGenerator[Site]:
    """Open the site of an installation: the one in the data directory unless another is given, or a database file."""
    rules = rulebook(settings)
    if found is None and (file := file_of(settings)) is not None:
        async with _opened_file(settings, file, rules) as site:
            yield site
        return
    found = found or installation(settings)
    url = settings.control_url.get_secret_value() if settings.control_url else None
    async with Control.open(found.layout.state, url=url) as control:
        yield Site(
            control,
            repository(settings),
            found,
            policy=policy(settings),
            monitoring=monitoring(settings),
            alerting=alerting.of(settings),
            rulebook=rules,
        )


def file_of(settings: Settings) -> Path | None:
    """Return the database file, where the settings name one in place of a PostgreSQL."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    return path_of(url) if is_file(url) else None


@asynccontextmanager
async def _opened_file(settings: Settings, file: Path, rules: Rulebook) -> AsyncGenerator[FileSite]:
    layout = Layout.of(settings.data_dir)
    with allowed():
        layout.state.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    url = settings.control_url.get_secret_value() if settings.control_url else None
    async with Control.open(layout.state, url=url) as control:
        yield FileSite(
            control,
            repository(settings),
            cast("Installation", NoServers(layout, FileStates(layout.state, file))),
            file=file,
            backs_up=settings.backups,
            policy=policy(settings),
            monitoring=monitoring(settings),
            alerting=alerting.of(settings),
            rulebook=rules,
        )
