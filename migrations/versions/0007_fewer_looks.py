"""A search looks fewer times.

What names, readings and workplaces begin with is asked first, and tells which steps may find anything: the others are
not taken. The glance at the newest records counts what each step matches of it, so that no step has to look for itself,
and a page is walked for where that is nearer than the range of its terms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from alembic import op
from alembic.util import load_python_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PART = Path(__file__).with_suffix(".sql")
BEFORE = Path(__file__).with_name("0003_search")

QUERY, QUERY_AND_AFTER = "search.query, search.scope", "search.query, search.scope, search.hit, int"

# What is made here, by this migration's names and by those before: name to the types of its arguments.
ADDED = {
    "probe": f"{QUERY}, int",
    "step_by_step": f"{QUERY_AND_AFTER}, int[]",
    "step": f"int, {QUERY_AND_AFTER}",
}
GONE = {
    "known": QUERY,
    "fills_page": f"{QUERY}, int",
    "step_by_step": QUERY_AND_AFTER,
    "step": f"int, text[], {QUERY_AND_AFTER}",
}

# For what is missing of a page one walks on so many glances, which costs about as much as the range of its terms.
FARTHEST_WALK = 1


def upgrade() -> None:
    steps = load_steps()
    for name, arguments in GONE.items():
        run(f"DROP FUNCTION search.{name}({arguments})")
    for step in paged(steps):
        run(sorted_or_newest(steps, step))
    run(seen_newest(steps))
    run(probe(steps))
    for statement in re.split(r"\n\n(?=-- )", PART.read_text(encoding="utf-8")):
        run(statement)


def downgrade() -> None:
    steps = load_steps()
    for name, arguments in ADDED.items():
        run(f"DROP FUNCTION search.{name}({arguments})")
    changed = {*steps.START, *steps.MATCH, "seen", "known", "fills_page"}
    for statement in steps.statements():
        made = re.match(r"CREATE FUNCTION search\.(\w+)", statement)
        if made and made[1] in changed:
            run(statement.replace("CREATE", "CREATE OR REPLACE", 1))
    page = (BEFORE / "page.sql").read_text(encoding="utf-8")
    for made in re.findall(r"CREATE (FUNCTION search\.(?:hits|step_by_step|step)\(.*?\n\$\$;)", page, re.DOTALL):
        run(f"CREATE OR REPLACE {made}")


def load_steps() -> ModuleType:
    """Load the steps as they were made at first: what a rank takes in, and the views they look into, are the same."""
    return load_python_file(str(BEFORE), "steps.py")


def run(statement: str) -> None:
    """Run a statement as it is written: past SQLAlchemy, for which a colon would begin a parameter."""
    op.get_bind().exec_driver_sql(statement)


@dataclass(frozen=True)
class Paged:
    """A step whose hits no index gives in order: it sorts them, or finds a page among the newest where they are common.

    `share` is the expression for how many hits the glance holds, at first and after each look; from `least` on it tells
    how far to look. It is looked for anew where it is `unknown`, and what is `few` is sorted.
    """

    name: str
    rank: int
    source: str
    found: str
    once: str
    share: tuple[str, str]
    least: int
    unknown: str
    few: str
    farthest_walk: int
    farthest: int
    settings: str


def paged(steps: ModuleType) -> Iterator[Paged]:
    """Yield those steps; the place in `scope.seen` is what the glance counted for each."""
    for place, (name, (rank, query)) in enumerate(steps.MATCH.items(), 1):
        seen = f"s.seen[{place}]"
        yield Paged(
            name,
            rank,
            "search.records",
            found=f"r.vector @@ {query}",
            once="",
            share=(seen, "cardinality(newest)"),
            least=2,
            # GIN makes its whole list before it gives the first: two of a short glance tell little.
            unknown=f"{seen} IS NULL OR {seen} >= n OR {seen} < 2 AND s.seen[10] < s.glance",
            few="s.glance = 0",
            farthest_walk=steps.FARTHEST_WALK,
            farthest=steps.FARTHEST_BY_GIN,
            settings=steps.BITMAP,
        )
    for place, (name, (rank, view, low, high)) in enumerate(steps.START.items(), len(steps.MATCH) + 1):
        seen, source, found = f"s.seen[{place}]", f"search.{view}", f"r.term >= {low} AND r.term < {high}"
        probed = f"SELECT FROM {source} r WHERE {found} AND r.table_no = ANY (s.tables) OFFSET {steps.FEW}"
        yield Paged(
            name,
            rank,
            source,
            found=found,
            once=steps.once(view, low),
            # To look in a range of terms costs next to nothing, so that it pays where the glance has seen none.
            share=(f"greatest({seen}, 1)", "greatest(cardinality(newest), 1)"),
            least=1,
            unknown=f"{seen} IS NULL OR {seen} >= n",
            few=f"s.glance = 0 OR coalesce({seen}, 0) < {steps.COMMON} AND NOT EXISTS ({probed})",
            farthest_walk=FARTHEST_WALK,
            farthest=steps.FARTHEST,
            settings=steps.SORTED,
        )


def sorted_or_newest(steps: ModuleType, step: Paged) -> str:
    def sorting(found: str) -> str:
        return steps.ordered(step.rank, step.source, found, from_index=False, once=step.once)

    at_first, then = step.share
    body = f"""DECLARE
    newest  search.hit[] := '{{}}';
    share   int := {at_first};
    farther int := coalesce(s.seen[10], s.glance);
    further int;
    since   timestamptz;
BEGIN
    IF NOT ({step.few}) THEN
        IF {step.unknown} THEN
            farther := s.glance;
            newest := ARRAY(SELECT search.{step.name}_newest(q, s, a, n, farther));
            share := {then};
        END IF;
        WHILE share BETWEEN {step.least} AND n - 1 AND farther < s.glance * {step.farthest} LOOP
            -- So many more should hold what is missing of the page; one looks twice as far.
            further := farther::bigint * (n - cardinality(newest)) / share;
            IF further <= s.glance * {step.farthest_walk} THEN
                newest := newest || ARRAY(
                    SELECT search.{step.name}_newest(
                        q, s, coalesce(newest[cardinality(newest)], a), n - cardinality(newest), 2 * further));
                farther := farther + 2 * further;
            ELSE
                farther := least(farther::bigint * 2 * n / share, s.glance * {step.farthest});
                since := search.moment_of(s, a, farther);
                newest := ARRAY(
                    SELECT ROW(h.*)::search.hit
                    FROM  ({sorting(f"{step.found} AND r.moment >= since AND r.moment <= a.moment")}) h);
            END IF;
            share := {then};
        END LOOP;
        IF cardinality(newest) >= n THEN
            RETURN QUERY SELECT * FROM unnest(newest);
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
        {sorting(step.found)};
END"""
    return replaced(steps.function(step.name, body, step.settings))


def seen_newest(steps: ModuleType) -> str:
    """Return the function that counts what each step matches among the newest records, up to a page of hits.

    Places 1 to 4 are those of the steps by words, 5 to 9 those by a start, 10 how many records that took.
    """
    conditions = [f"r.vector @@ {query}" for _, query in steps.MATCH.values()]
    conditions += [steps.RANKS[rank] for rank, *_ in steps.START.values()]
    counts = ",\n               ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    return f"""CREATE OR REPLACE FUNCTION search.seen(q search.query, s search.scope, newest int, n int) RETURNS int[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    total int;
    since timestamptz;
    seen  int[];
BEGIN
    SELECT count(*), min(r.moment), ARRAY[
               {counts}]
    INTO   total, since, seen
    FROM  (SELECT r.moment, r.entry, r.vector
           FROM  (SELECT r.moment, r.entry, r.vector FROM search.records r
                  WHERE  r.table_no = ANY (s.tables)
                  ORDER  BY r.moment DESC, r.id DESC
                  LIMIT  newest) r
           WHERE  r.vector @@ q.by_any
           LIMIT  n) r;
    IF total = n THEN
        SELECT count(*) INTO newest
        FROM  (SELECT FROM search.records r WHERE r.table_no = ANY (s.tables) AND r.moment >= since LIMIT newest) r;
    END IF;
    RETURN seen || newest;
END
$$"""


# Rank to what has to begin with the query, what has to be just that, and what else its step needs.
NEEDED = {
    1: ("number_starts", None, None),
    2: ("name_starts", "names", None),
    3: ("name_starts", "name_words", "q.word"),
    4: ("name_starts", None, None),
    5: ("number_starts", None, None),
    6: ("kana_starts", "kana", None),
    7: ("kana_starts", "kana_words", "q.kana_word"),
    8: ("kana_starts", None, None),
    9: ("romaji_starts", "romaji", None),
    10: ("romaji_starts", "romaji_words", "q.romaji_word"),
    11: ("romaji_starts", None, None),
    12: ("place_starts", "places", None),
    13: ("place_starts", None, None),
}
# Several words are looked for in GIN instead.
BY_WORDS = {3: "q.by_name", 10: "q.by_reading"}
# Where one word is asked for, whole names are not counted.
WHOLE_NAMES = {"names", "kana", "romaji"}
# A record may stand so often in a range of terms: by its whole name and two words of it.
MOST_TERMS = 3


def probe(steps: ModuleType) -> str:
    """Return the look for what the query can be: the steps worth taking, and whether they fill a page.

    It is filled by a `crowd` that begins so, and `fills` says that this very name, word of a name or workplace does.
    """
    starts = "\n".join(
        f"""    IF {low} IS NOT NULL THEN
        PERFORM FROM search.{view} r
        WHERE   r.term >= {low} AND r.term < {high} AND r.table_no = ANY (s.tables)
        LIMIT   1;
        {name} := FOUND;
    END IF;"""
        for name, (_, view, low, high) in steps.START.items()
    )
    crowds = "\n".join(
        f"""    IF {name} AND NOT (fills OR crowd) THEN
        PERFORM FROM search.{view} r
        WHERE   r.term >= {low} AND r.term < {high} AND r.table_no = ANY (s.tables)
        OFFSET  {MOST_TERMS} * n
        LIMIT   1;
        crowd := FOUND;
    END IF;"""
        for name, (_, view, low, high) in steps.START.items()
    )
    terms = {view: term for _, view, term in steps.EQUAL.values()}
    counted = {
        view: f"{start} AND q.word IS NULL" if view in WHOLE_NAMES else start
        for start, view, _ in NEEDED.values()
        if view
    }
    exact = "\n".join(
        f"""    IF {condition} AND {terms[view]} IS NOT NULL AND NOT fills THEN
        SELECT count(*) INTO {view}
        FROM  (SELECT FROM search.{view} r
               WHERE  r.term = {terms[view]} AND r.table_no = ANY (s.tables)
               LIMIT  n + 1) r;
        fills := {view} > n;
    END IF;"""
        for view, condition in counted.items()
    )
    return f"""CREATE FUNCTION search.probe(
    q search.query, s search.scope, n int, OUT steps int[], OUT crowd boolean, OUT fills boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
{"".join(f"    {name} boolean := false;{chr(10)}" for name in steps.START)}\
{"".join(f"    {view} int;{chr(10)}" for view in counted)}\
BEGIN
    crowd := false;
    fills := false;
{starts}
{exact}
{crowds}
    steps := array_remove(ARRAY[
        {f",{chr(10)}        ".join(f"CASE WHEN {worth(rank)} THEN {rank} END" for rank in NEEDED)},
        14, 15], NULL);
END
$$"""


def worth(rank: int) -> str:
    """Return the condition that the step of this rank may find something."""
    start, exact, needed = NEEDED[rank]
    condition = start
    if exact:
        condition += f" AND {exact} IS DISTINCT FROM 0"
    if needed:
        condition += f" AND {needed} IS NOT NULL"
    return f"{condition} OR {BY_WORDS[rank]} IS NOT NULL" if rank in BY_WORDS else condition


def replaced(statement: str) -> str:
    return statement.replace("CREATE", "CREATE OR REPLACE", 1)
