"""The functions that look into the views: what a query begins, a glance, and a function for each step of a search.

Ranks, views, and what a statement of hits looks like are those of migration 0003.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

# The kinds of terms in the order of their ranks: the step by start that looks into each.
KINDS = {1: "number_starts", 2: "name_starts", 3: "kana_starts", 4: "romaji_starts", 5: "place_starts"}

# Whole names and workplaces: kind to view and term.
WHOLE = {2: ("names", "q.name_start"), 3: ("kana", "q.kana"), 4: ("romaji", "q.romaji"), 5: ("places", "q.key")}

# Whatever matches `by_any` matches this, and of several words sooner; what it finds may not match.
SOUGHT = "r.vector @@ coalesce(q.telling, q.by_any)"

# A letter that is no ASCII is anywhere in a workplace where that has its lexeme.
ONE_LETTER = ("length(q.key) = 1 AND octet_length(q.key) > 1", "position(q.key IN r.entry[2]) > 0")


def statements(first: ModuleType) -> Iterator[str]:
    for name, (rank, view, term) in first.EQUAL.items():
        yield first.equal(name, rank, view, term)
    for step in paged(first):
        yield among_newest(first, step)
        yield sorted_or_newest(first, step)
    yield starting(first)
    yield fills()
    yield moment_of(first)
    yield seen(first)
    yield all_of_few(first)
    yield first.suggested()
    yield first.counted()


@dataclass(frozen=True)
class Paged:
    """A step whose hits no index gives in order: it sorts them, or finds a page among the newest where they are common.

    `found` looks them up in an index, and `once` takes a record by the first of its terms. In a walk, `test` tells a
    hit, and `on_index` does so from the index alone, where its first part holds. `share` is how many hits the glance
    holds, at first and after each look; from `least` on it tells how far to look. It is looked for anew where it is
    `unknown`, and what is `few` is sorted. To look up costs as much as to walk `looked` records, and `listed` more for
    each match: 1 to 2 µs a record walked, 0.14 to 0.19 µs an entry of GIN were measured.
    """

    name: str
    rank: int
    source: str
    found: str
    once: str
    test: str
    on_index: tuple[str, str] | None
    share: tuple[str, str]
    least: int
    unknown: str
    few: str
    looked: int
    listed: str
    farthest: int
    settings: str


def paged(first: ModuleType) -> Iterator[Paged]:
    """Yield those steps; the place in `scope.seen` is what the glance counted for each."""
    for place, (name, (rank, query)) in enumerate(first.MATCH.items(), 1):
        seen_so_many = f"s.seen[{place}]"
        found = f"r.vector @@ {query}"
        yield Paged(
            name,
            rank,
            "search.records",
            found=found,
            once="",
            test=found,
            on_index=ONE_LETTER if query == "q.by_place" else None,
            share=(seen_so_many, "cardinality(newest)"),
            least=2,
            # GIN makes its whole list before it gives the first: two of a short glance tell little.
            unknown=f"{seen_so_many} IS NULL OR {seen_so_many} >= n OR {seen_so_many} < 2 AND s.seen[10] < s.glance",
            few="s.glance = 0",
            looked=300,
            # Of several words, the lists are longer than what is on all of them.
            listed="CASE WHEN q.by_name IS NULL THEN 0.15 ELSE 1.5 END",
            farthest=first.FARTHEST_BY_GIN,
            settings=first.BITMAP,
        )
    kind_of = {name: kind for kind, name in KINDS.items()}
    for place, (name, (rank, view, low, high)) in enumerate(first.START.items(), len(first.MATCH) + 1):
        seen_so_many = f"s.seen[{place}]"
        terms = [term.replace("t.search_entries", "r.entry") for term in first.VIEWS[view]]
        yield Paged(
            name,
            rank,
            f"search.{view}",
            found=f"r.term >= {low} AND r.term < {high}",
            once=first.once(view, low),
            test=f"({first.RANKS[rank]})",
            on_index=("true", f"({' OR '.join(f'{term} >= {low} AND {term} < {high}' for term in terms)})"),
            # To look in a range of terms costs next to nothing, so that it pays where the glance has seen none.
            share=(f"greatest({seen_so_many}, 1)", "greatest(cardinality(newest), 1)"),
            least=1,
            unknown=f"{seen_so_many} IS NULL OR {seen_so_many} >= n",
            few=f"s.glance = 0 OR s.starting[{kind_of[name]}] <= {first.FEW}",
            looked=300,
            listed="0.06",
            farthest=first.FARTHEST,
            settings=first.SORTED,
        )


def among_newest(first: ModuleType, step: Paged) -> str:
    """Return the function that walks through so many of the newest records and finds the hits of a step among them."""
    on_index = ""
    if step.on_index:
        where, test = step.on_index
        on_index = f"""IF {where} AND q.by_name IS NULL
       AND s.statuses IS NULL AND s.year IS NULL AND s.employed_on IS NULL THEN
        RETURN QUERY
            {first.newest_by_index(step.rank, test)};
        RETURN;
    END IF;
    """
    return f"""CREATE FUNCTION search.{step.name}_newest(
    q search.query, s search.scope, a search.hit, n int, records int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE{first.INDEX} AS $$
BEGIN
    {on_index}RETURN QUERY
        {first.newest(step.rank, step.test)};
END
$$"""


def sorted_or_newest(first: ModuleType, step: Paged) -> str:
    def sorting(found: str) -> str:
        return first.ordered(step.rank, step.source, found, from_index=False, once=step.once)

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
            IF further <= {step.looked} + ({step.listed}) * s.records * share / farther THEN
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
    return first.function(step.name, body, step.settings)


def starting(first: ModuleType) -> str:
    """Return the count of the terms of a kind that begin with the query, up to `most`."""
    kinds = "\n    ELSIF ".join(
        f"""kind = {kind} AND {low} IS NOT NULL THEN
        RETURN (
            SELECT count(*)
            FROM  (SELECT FROM search.{view} r
                   WHERE  r.term >= {low} AND r.term < {high} AND r.table_no = ANY (s.tables)
                   LIMIT  most) r);"""
        for kind, (_, view, low, high) in ((kind, first.START[name]) for kind, name in KINDS.items())
    )
    return f"""CREATE FUNCTION search.starting(kind int, q search.query, s search.scope, most int) RETURNS int
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF {kinds}
    END IF;
    RETURN 0;
END
$$"""


def fills() -> str:
    """Return the look for a page of hits that are this whole name or workplace; `starting` counts at least as many."""
    looks = "\n".join(
        f"""    IF s.starting[{kind}] > n AND {term} IS NOT NULL THEN
        PERFORM FROM search.{view} r WHERE r.term = {term} AND r.table_no = ANY (s.tables) OFFSET n LIMIT 1;
        IF FOUND THEN
            RETURN true;
        END IF;
    END IF;"""
        for kind, (view, term) in WHOLE.items()
    )
    return f"""CREATE FUNCTION search.fills(q search.query, s search.scope, n int) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
{looks}
    RETURN false;
END
$$"""


def moment_of(first: ModuleType) -> str:
    """Return the function that tells since when about so many records came; null where there are not so many.

    The largest table speaks for all, asked without the view: to merge four costs more, and it need not be exact.
    """
    counts = ", ".join(f"({number}, 'public.{name}'::regclass)" for number, (name, _) in first.TABLES.items())
    tables = "\n    ELSIF ".join(
        f"""largest = {number} THEN
        RETURN (
            SELECT t.last_updated
            FROM   public.{name} t
            WHERE  t.last_updated <= a.moment
            ORDER  BY t.last_updated DESC
            OFFSET nth
            LIMIT  1);"""
        for number, (name, _) in first.TABLES.items()
    )
    return f"""CREATE FUNCTION search.moment_of(s search.scope, a search.hit, nth int) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE{first.INDEX} AS $$
DECLARE
    largest smallint;
BEGIN
    SELECT t.table_no, nth * c.reltuples / sum(c.reltuples) OVER ()
    INTO   largest, nth
    FROM   (VALUES {counts}) AS t (table_no, oid)
    JOIN   pg_catalog.pg_class c ON c.oid = t.oid AND c.reltuples > 0
    WHERE  t.table_no = ANY (s.tables)
    ORDER  BY c.reltuples DESC
    LIMIT  1;
    IF {tables}
    END IF;
    RETURN NULL;
END
$$"""


def seen(first: ModuleType) -> str:
    """Return the function that counts what each step matches among the newest records, up to a page of hits.

    Places 1 to 4 are those of the steps by words, 5 to 9 those by a start, 10 how many records that took, and 11 how
    many of them what is looked up would find.
    """
    conditions = [f"r.vector @@ {query}" for _, query in first.MATCH.values()]
    conditions += [first.RANKS[rank] for rank, *_ in first.START.values()]
    counts = ",\n               ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    return f"""CREATE FUNCTION search.seen(q search.query, s search.scope, newest int, n int) RETURNS int[]
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
           WHERE  {SOUGHT}
           LIMIT  n) r;
    IF total = n THEN
        SELECT count(*) INTO newest
        FROM  (SELECT FROM search.records r WHERE r.table_no = ANY (s.tables) AND r.moment >= since LIMIT newest) r;
    END IF;
    RETURN seen || newest || total;
END
$$"""


def all_of_few(first: ModuleType) -> str:
    """Return the short way: all that match, ranked and sorted; null where what is looked up finds more than a few."""
    # What only `telling` finds has no rank.
    conditions = {**first.RANKS, 15: f"q.telling IS NULL OR {first.RANKS[15]}"}
    ranks = "\n".join(f"               WHEN {condition} THEN {rank}" for rank, condition in conditions.items())
    return f"""CREATE FUNCTION search.all_of_few(q search.query, s search.scope, a search.hit) RETURNS search.hit[]
LANGUAGE plpgsql STABLE PARALLEL SAFE{first.BITMAP} AS $$
DECLARE
    -- What tells most may find as many again that do not match.
    few   int := greatest(s.glance, {first.FEW_RANKED}) * CASE WHEN q.telling IS NULL THEN 1 ELSE 2 END;
    hits  search.hit[];
    total int;
BEGIN
    SELECT count(*), array_agg(
               ROW(h.rank, h.older, h.moment, h.id, h.table_no)::search.hit
               ORDER BY h.older, h.rank, h.moment DESC, h.id DESC, h.table_no DESC)
           FILTER (
               WHERE h.rank IS NOT NULL
                 AND ((h.older, h.rank) > (a.older, a.rank)
                      OR (h.older, h.rank) = (a.older, a.rank)
                         AND (h.moment, h.id, h.table_no) < (a.moment, a.id, a.table_no)))
    INTO   total, hits
    FROM  (SELECT (CASE
{ranks}
               END)::smallint AS rank, s.year IS NULL AND {first.OLDER} AS older, r.moment, r.id, r.table_no
           FROM  (SELECT {first.RECORD}
                  FROM   search.records r
                  WHERE  {SOUGHT}
                    AND  {first.IN_SCOPE}
                  LIMIT  few + 1) r
           OFFSET 0) h;
    RETURN CASE WHEN total <= few THEN coalesce(hits, '{{}}') END;
END
$$"""
