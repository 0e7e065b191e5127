"""How well whatever the site looks after could be restored."""

from jobs.backups.status import BackupStatus
from jobs.backups.status import status as of_servers
from jobs.fallback.site import FileSite
from jobs.fallback.status import status as of_file
from jobs.site import Site


async def status(site: Site) -> BackupStatus:
    return await (of_file(site) if isinstance(site, FileSite) else of_servers(site))
