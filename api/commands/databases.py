"""Which databases a command works on: those of the settings, or the installation in the data directory."""

from dataclasses import dataclass

from api.settings import Settings
from db.cluster import EmbeddedCluster


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
        return Databases(settings.database_url.get_secret_value(), replicas)
    located = EmbeddedCluster.locate(settings.data_dir)
    return Databases(located.primary_url, (located.replica_url,) if located.replica_url else ())
