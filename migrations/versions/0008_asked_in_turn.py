"""A search asks what begins with its text in turn, and no further than the first kind that fills the page.

What GIN looks up is parsed when it is needed, and of several words only what tells most; how a page is looked for among
the newest is a matter of what each way costs. All that takes a query, a scope or a hit is made anew, since these have
more fields; what a rank takes in, the order, and all that is stored are the same.
"""

import re
from pathlib import Path
from types import ModuleType

from alembic import op
from alembic.util import load_python_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
FIRST = Path(__file__).with_name("0003_search")
BEFORE = Path(__file__).with_name("0007_fewer_looks.py")

# With these goes all that takes one. What the application calls takes none, and stays: it is replaced where it stands.
TYPES = ("query", "scope", "hit")
CALLED = ("page", "counts", "suggestions")


def upgrade() -> None:
    drop("glance(smallint[])")
    steps = load(HERE / "steps.py").statements(load(FIRST / "steps.py"))
    for statement in (*script(HERE / "query.sql"), *steps, *script(HERE / "page.sql")):
        make(statement)


def downgrade() -> None:
    drop("records(smallint[])", "telling(text[])", "crowd(int)")
    for statement in (
        *script(FIRST / "query.sql"),
        *load(FIRST / "steps.py").statements(),
        *script(FIRST / "page.sql"),
    ):
        if not re.search(r"^CREATE (VIEW|FUNCTION search\.all_of\()", statement, re.MULTILINE):
            make(statement)
    load(BEFORE).upgrade()


def drop(*functions: str) -> None:
    for function in functions:
        run(f"DROP FUNCTION search.{function}")
    for name in TYPES:
        run(f"DROP TYPE search.{name} CASCADE")


def make(statement: str) -> None:
    called = rf"^CREATE (FUNCTION search\.(?:{'|'.join(CALLED)})\()"
    run(re.sub(called, r"CREATE OR REPLACE \1", statement, flags=re.MULTILINE))


def script(path: Path) -> list[str]:
    return re.split(r"\n\n(?=CREATE|-- )", path.read_text(encoding="utf-8"))


def load(path: Path) -> ModuleType:
    """Load a file of a migration, which is no module of a package."""
    return load_python_file(str(path.parent), path.name)


def run(statement: str) -> None:
    """Run a statement as it is written: past SQLAlchemy, for which a colon would begin a parameter."""
    op.get_bind().exec_driver_sql(statement)
