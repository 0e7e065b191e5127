"""Which databases a command works on: those of the settings, or the installation in the data directory."""

from dataclasses import dataclass

from api.settings import Settings
from db.cluster import EmbeddedCluster
from db.errors import SettingError
from db.fallback import is_file, path_of


@dataclass(frozen=True, slots=True)
class Databases:
    """libpq URLs; they contain passwords."""

    primary_url: str
    replica_urls: tuple[str, ...] = ()


def find(settings: Settings) -> Databases:
    """Return the URLs of `YUKYU_DATABASE_URL` and `YUKYU_REPLICA_URLS`, else of the data directory.

    Raises:
        AppError: neither is there; the sentence says how to start one.
    """
    if settings.database_url is not None:
        replicas = tuple(url.get_secret_value() for url in settings.replica_urls)
        url = settings.database_url.get_secret_value()
        if is_file(url):
            path_of(url)
            _require_none(replicas)
        return Databases(url, replicas)
    located = EmbeddedCluster.locate(settings.data_dir)
    return Databases(located.primary_url, (located.replica_url,) if located.replica_url else ())


def _require_none(replicas: tuple[str, ...]) -> None:
    if replicas:
        raise SettingError(
            "YUKYU_REPLICA_URLS names replicas, and the database file in YUKYU_DATABASE_URL has none.",
            hint="Leave YUKYU_REPLICA_URLS out, or use PostgreSQL: YUKYU_DATABASE_URL=postgresql://…",
        )
