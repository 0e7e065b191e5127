"""A search asks what begins with its text in turn, and no further than the first kind that fills the page.

What GIN looks up is parsed when it is needed, and of several words only what tells most; how a page is looked for among
the newest is a matter of what each way costs. All that takes a query, a scope or a hit is made anew, since these have
more fields; what a rank takes in, the order, and all that is stored are the same.
"""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
FIRST = Path(__file__).with_name("0003_search")
BEFORE = Path(__file__).with_name("0007_fewer_looks.py")

# What stays from here on: the text analysis, the views, and what takes none of the types.
TYPES = ("query", "scope", "hit")


def upgrade() -> None:
    drop()
    run("DROP FUNCTION search.glance(smallint[])")
    for statement in (*script(HERE / "query.sql"), *made_anew(load(HERE / "steps.py")), *script(HERE / "page.sql")):
        run(statement)


def downgrade() -> None:
    drop()
    for name in ("records(smallint[])", "telling(text[])", "crowd(int)"):
        run(f"DROP FUNCTION search.{name}")
    for statement in (
        *script(FIRST / "query.sql"),
        *load(FIRST / "steps.py").statements(),
        *script(FIRST / "page.sql"),
    ):
        if not re.match(r"(--.*\n)*CREATE (VIEW|FUNCTION search\.all_of\()", statement):
            run(statement)
    load(BEFORE).upgrade()


def drop() -> None:
    """Drop the types with all that takes one; what the application calls goes on by name."""
    for name in ("page", "counts", "suggestions"):
        run(f"DROP ROUTINE search.{name}")
    for name in TYPES:
        run(f"DROP TYPE search.{name} CASCADE")


def made_anew(steps: ModuleType) -> Iterator[str]:
    yield from steps.statements(load(FIRST / "steps.py"))


def script(path: Path) -> list[str]:
    return re.split(r"\n\n(?=CREATE|-- )", path.read_text(encoding="utf-8"))


def load(path: Path) -> ModuleType:
    """Load a file of a migration, which is no module of a package."""
    spec = importlib.util.spec_from_file_location(f"search_{path.parent.name}_{path.stem}", path)
    assert spec is not None  # noqa: S101 - the file is part of the migrations
    assert spec.loader is not None  # noqa: S101 - and it is Python
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(statement: str) -> None:
    """Run a statement as it is written: past SQLAlchemy, for which a colon would begin a parameter."""
    op.get_bind().exec_driver_sql(statement)
