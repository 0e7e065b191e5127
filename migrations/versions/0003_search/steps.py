"""The views that see the four tables as one, and a function for each step of a search.

A leaf of a view is one table, without conditions, so that the planner merges the tables' indexes in the order of
the hits and stops at the limit. A step finds the records of one rank, newest first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PEOPLE = {
    "status": "t.status",
    "year": "NULL::smallint",
    "hired": "t.hire_date",
    "gone": "t.leave_date",
    "dated": "true",
}
ACCOUNTS = {
    "status": "NULL::text",
    "year": "t.year",
    "hired": "NULL::date",
    "gone": "NULL::date",
    "dated": "false",
    "place_text": "t.haken",
}
TABLES = {
    1: ("employees", ACCOUNTS),
    2: ("genzai", {**PEOPLE, "place_text": "t.dispatch_name"}),
    3: ("ukeoi", {**PEOPLE, "place_text": "t.contract_business"}),
    4: ("staff", {**PEOPLE, "place_text": "t.office"}),
}

# View to the expressions that its column `term` stands for: one leaf for each.
VIEWS = {
    "records": ["NULL::text"],
    "numbers": ["t.search_entries[1]"],
    "names": ["t.search_entries[3]"],
    "name_words": ["t.search_entries[4]", "t.search_entries[5]", "t.search_entries[6]"],
    "name_starts": ["t.search_entries[3]", "t.search_entries[5]", "t.search_entries[6]"],
    "kana": ["t.search_entries[7]"],
    "kana_words": ["t.search_entries[8]", "t.search_entries[9]", "t.search_entries[10]"],
    "kana_starts": ["t.search_entries[7]", "t.search_entries[9]", "t.search_entries[10]"],
    "romaji": ["t.search_entries[11]"],
    "romaji_words": ["t.search_entries[12]", "t.search_entries[13]", "t.search_entries[14]"],
    "romaji_starts": ["t.search_entries[11]", "t.search_entries[13]", "t.search_entries[14]"],
    "places": ["t.search_entries[2]"],
}

# Which records each rank takes in, best first; a record has the first rank that takes it.
RANKS = {
    1: "r.entry[1] = q.number",
    2: "r.entry[3] = q.name_start",
    3: "q.word IN (r.entry[4], r.entry[5], r.entry[6]) OR r.vector @@ q.by_name",
    4: "starts_with(r.entry[3], q.name_start) OR starts_with(r.entry[5], q.name_start)"
    " OR starts_with(r.entry[6], q.name_start)",
    5: "starts_with(r.entry[1], q.number)",
    6: "r.entry[7] = q.kana",
    7: "q.kana_word IN (r.entry[8], r.entry[9], r.entry[10])",
    8: "starts_with(r.entry[7], q.kana) OR starts_with(r.entry[9], q.kana) OR starts_with(r.entry[10], q.kana)",
    9: "r.entry[11] = q.romaji",
    10: "q.romaji_word IN (r.entry[12], r.entry[13], r.entry[14]) OR r.vector @@ q.by_reading",
    11: "starts_with(r.entry[11], q.romaji_start) OR starts_with(r.entry[13], q.romaji_start)"
    " OR starts_with(r.entry[14], q.romaji_start)",
    12: "r.entry[2] = q.key",
    13: "starts_with(r.entry[2], q.key)",
    14: "r.vector @@ q.by_place",
    15: "r.vector @@ q.by_any",
}

# Step to its rank, its view and the term looked up: the index gives the hits in their order.
EQUAL = {
    "number_is": (1, "numbers", "q.number"),
    "name_is": (2, "names", "q.name_start"),
    "name_has_word": (3, "name_words", "q.word"),
    "kana_is": (6, "kana", "q.kana"),
    "kana_has_word": (7, "kana_words", "q.kana_word"),
    "romaji_is": (9, "romaji", "q.romaji"),
    "romaji_has_word": (10, "romaji_words", "q.romaji_word"),
    "place_is": (12, "places", "q.key"),
}

# Step to its rank, its view, and the range of terms.
START = {
    "name_starts": (4, "name_starts", "q.name_start", "q.key_end"),
    "number_starts": (5, "numbers", "q.number", "q.key_end"),
    "kana_starts": (8, "kana_starts", "q.kana", "q.key_end"),
    "romaji_starts": (11, "romaji_starts", "q.romaji_start", "q.romaji_start_end"),
    "place_starts": (13, "places", "q.key", "q.key_end"),
}

# Step to its rank and the query for the GIN index.
MATCH = {
    "name_has_all": (3, "q.by_name"),
    "reading_has_all": (10, "q.by_reading"),
    "place_has_all": (14, "q.by_place"),
    "record_has_all": (15, "q.by_any"),
}

# Of a range of terms, what matches so few records is simply sorted.
FEW = 60
# Otherwise a glance at the newest records tells whether it is so common that a page of hits is soon found among them.
# With N records of which a share f matches, to sort all costs about 2·f·N and to walk until 20 are found 20/f, in
# microseconds; they are equal at f = √(10/N), and of √N records then √10 match.
COMMON = 3
# Where the glance sees none, all are ranked and sorted, if they are no more than a glance, or than this.
FEW_RANKED = 1000
# What a glance does not hold a page of is looked for among as many of the newest as should hold two: one by one again
# where they are few and GIN would read long lists, else in its own index. Farther than so many glances, one sorts.
FARTHEST_WALK = 4
FARTHEST_BY_GIN = 20
FARTHEST = 40
SMALLEST_GLANCE = 200
LARGEST_GLANCE = 4000
# A GIN index is read by bitmap only; the others give their rows in order, which a bitmap would lose.
BITMAP = "\nSET enable_bitmapscan = on SET enable_indexscan = off SET work_mem = '32MB'"
SORTED = "\nSET work_mem = '32MB'"
INDEX = "\nSET enable_bitmapscan = off SET enable_indexscan = on"

IN_SCOPE = """r.table_no = ANY (s.tables)
          AND (s.statuses IS NULL OR r.status = ANY (s.statuses))
          AND (s.year IS NULL OR r.year IS NULL OR r.year = s.year)
          AND (s.employed_on IS NULL OR NOT r.dated
               OR r.hired <= s.employed_on AND (r.gone IS NULL OR r.gone > s.employed_on))"""

AFTER = """(r.moment, r.id) <= (a.moment, a.id)
                 AND  (r.moment, r.id, r.table_no) < (a.moment, a.id, a.table_no)"""

# Whether there is an account of the same person for a later year. Dear, so looked at last and only for hits.
OLDER = """(r.table_no = 1 AND EXISTS (
               SELECT FROM public.employees newer
               WHERE  newer.employee_num = r.number_text AND newer.year > r.year))"""
AGE = f"(s.year IS NOT NULL OR a.older = {OLDER})"
AGE_BY_ID = """a.older = (r.table_no = 1 AND EXISTS (
               SELECT FROM public.employees own
               JOIN   public.employees newer ON newer.employee_num = own.employee_num AND newer.year > own.year
               WHERE  own.id = r.id))"""

# What a step needs of a record beyond finding it.
RECORD = "r.moment, r.id, r.table_no, r.entry, r.vector, r.number_text, r.year"


def view(name: str, terms: Sequence[str]) -> str:
    leaves = [
        f"SELECT {number}::smallint AS table_no, t.id, t.last_updated AS moment, {term} AS term,"
        " t.search_entries AS entry, t.search_vector AS vector, t.name AS name_text, t.employee_num AS number_text,"
        f" {', '.join(f'{expression} AS {column}' for column, expression in columns.items())}"
        f" FROM public.{table} t"
        for number, (table, columns) in TABLES.items()
        for term in terms
        if columns is not ACCOUNTS or not name.startswith("kana")
    ]
    return f"CREATE VIEW search.{name} AS\n" + "\nUNION ALL\n".join(leaves)


def better(rank: int) -> str:
    """Return the condition that leaves out records of the ranks before this one."""
    earlier = [condition for number, condition in RANKS.items() if number < rank]
    return "".join(f"\n          AND ({condition}) IS NOT TRUE" for condition in earlier)


def function(name: str, body: str, settings: str = "") -> str:
    return f"""CREATE FUNCTION search.{name}(q search.query, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE{settings} AS $$
{body}
$$"""


def ordered(rank: int, source: str, condition: str, *, from_index: bool = True, once: str = "") -> str:
    """Return the statement for the hits of a rank, in their order, after `a`.

    OFFSET 0 keeps the outer conditions out of the leaves. They are long, and would be prepared for each index; and they
    are dear, so they are looked at in the order of the hits and only until the page is full. Where no index gives that
    order, the position is among them too: else the planner makes a bitmap of everything older.
    """
    after = f"AND  {AFTER}"
    return f"""SELECT {rank}::smallint, a.older, r.moment, r.id, r.table_no
        FROM  (SELECT {RECORD}{", r.term" if once else ""}
               FROM   {source} r
               WHERE  {condition}
                 AND  {IN_SCOPE}
                 {after if from_index else ""}
               ORDER  BY r.moment DESC, r.id DESC
               OFFSET 0) r
        WHERE  true {"" if from_index else after}{once}{better(rank)}
          AND {AGE}
        ORDER  BY r.moment DESC, r.id DESC
        FETCH  FIRST (n) ROWS WITH TIES"""


def newest(rank: int, condition: str) -> str:
    """Return the statement for the hits of a rank among the `records` newest records after `a`."""
    walk = f"""(
            SELECT * FROM search.records r
            WHERE  r.table_no = ANY (s.tables) AND {AFTER}
            ORDER  BY r.moment DESC, r.id DESC
            FETCH  FIRST (records) ROWS WITH TIES)"""
    return ordered(rank, walk, condition)


def newest_by_index(rank: int, condition: str) -> str:
    """Return the same for one word without filters: all that is looked at stands in the index over the newest."""
    earlier = better(rank).replace(" OR r.vector @@ q.by_name", "").replace(" OR r.vector @@ q.by_reading", "")
    return f"""SELECT {rank}::smallint, a.older, r.moment, r.id, r.table_no
        FROM  (SELECT r.moment, r.id, r.table_no, r.entry
               FROM  (SELECT r.moment, r.id, r.table_no, r.entry
                      FROM   search.records r
                      WHERE  r.table_no = ANY (s.tables) AND {AFTER}
                      ORDER  BY r.moment DESC, r.id DESC
                      FETCH  FIRST (records) ROWS WITH TIES) r
               WHERE  {condition}
               ORDER  BY r.moment DESC, r.id DESC
               OFFSET 0) r
        WHERE  true{earlier}
          AND {AGE_BY_ID}
        ORDER  BY r.moment DESC, r.id DESC
        FETCH  FIRST (n) ROWS WITH TIES"""


def equal(name: str, rank: int, source: str, term: str) -> str:
    return function(
        name,
        f"""BEGIN
    RETURN QUERY
        {ordered(rank, f"search.{source}", f"r.term = {term}")};
END""",
    )


def once(source: str, start: str) -> str:
    """Return the condition that a record found by more than one of its terms is taken by the first."""
    terms = [term.replace("t.search_entries", "r.entry") for term in VIEWS[source]]
    if len(terms) == 1:
        return ""
    cases = " ".join(f"WHEN starts_with({term}, {start}) THEN {term}" for term in terms[:-1])
    return f"\n          AND r.term = CASE {cases} ELSE {terms[-1]} END"


@dataclass(frozen=True)
class Step:
    """A step whose hits no index gives in order.

    `lookup` finds them in an index and `test` tells them in a walk. `seen` is the place in `scope.seen` of what a
    glance has counted for it; without that the step looks for itself.
    """

    name: str
    rank: int
    source: str
    lookup: str
    test: str
    once: str = ""
    seen: int | None = None


def sorted_or_newest(step: Step) -> Iterator[str]:
    """Yield a step that sorts what matches, or finds a page of it among the newest records where it is common."""
    name, rank, source, lookup = step.name, step.rank, step.source, step.lookup
    by_index = (
        ""
        if "r.vector" in step.test
        else f"""IF q.by_name IS NULL AND s.statuses IS NULL AND s.year IS NULL AND s.employed_on IS NULL THEN
        RETURN QUERY
            {newest_by_index(rank, step.test)};
        RETURN;
    END IF;
    """
    )
    yield f"""CREATE FUNCTION search.{name}_newest(q search.query, s search.scope, a search.hit, n int, records int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE{INDEX} AS $$
BEGIN
    {by_index}RETURN QUERY
        {newest(rank, step.test)};
END
$$"""
    # Whether a range of terms is short is soon known; GIN makes its whole list before it gives the first.
    few = (
        "s.glance = 0"
        if step.seen
        else "s.glance = 0 OR NOT EXISTS ("
        f"SELECT FROM {source} r WHERE {lookup} AND r.table_no = ANY (s.tables) OFFSET {FEW})"
    )

    def by_sorting(found: str) -> str:
        return ordered(rank, source, found, from_index=False, once=step.once)

    # To look in a range of terms costs next to nothing, so that it pays where the glance has seen none, or hardly any.
    share = f"s.seen[{step.seen}]" if step.seen else f"CASE WHEN s.seen[4] < {COMMON} THEN 1 END"
    least = "cardinality(newest)" if step.seen else "greatest(cardinality(newest), 1)"
    farthest = FARTHEST_BY_GIN if step.seen else FARTHEST
    walk = f"SELECT search.{name}_newest(q, s, a, n, farther)"
    among_newest = f"""SELECT ROW(h.*)::search.hit
                FROM  ({by_sorting(f"{lookup} AND r.moment >= since AND r.moment <= a.moment")}) h"""
    yield function(
        name,
        f"""DECLARE
    newest  search.hit[];
    share   int := {share};
    farther int := s.glance;
    since   timestamptz;
BEGIN
    IF NOT ({few}) THEN
        IF share IS NULL THEN
            newest := ARRAY({walk});
            share := {least};
        END IF;
        WHILE share BETWEEN {2 if step.seen else 1} AND n - 1 AND farther < s.glance * {farthest} LOOP
            farther := least(farther * 2 * n / share, s.glance * {farthest});
            IF farther <= s.glance * {FARTHEST_WALK if step.seen else 0} THEN
                newest := ARRAY({walk});
            ELSE
                since := search.moment_of(s, a, farther);
                newest := ARRAY({among_newest});
            END IF;
            share := cardinality(newest);
        END LOOP;
        IF cardinality(newest) >= n THEN
            RETURN QUERY SELECT * FROM unnest(newest);
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
        {by_sorting(lookup)};
END""",
        BITMAP if step.seen else SORTED,
    )


def statements() -> Iterator[str]:
    for name, terms in VIEWS.items():
        yield view(name, terms)
    for name, (rank, source, term) in EQUAL.items():
        yield equal(name, rank, source, term)
    for name, (rank, source, low, high) in START.items():
        in_range = f"r.term >= {low} AND r.term < {high}"
        step = Step(name, rank, f"search.{source}", in_range, f"({RANKS[rank]})", once=once(source, low))
        yield from sorted_or_newest(step)
    for place, (name, (rank, query)) in enumerate(MATCH.items(), 1):
        matches = f"r.vector @@ {query}"
        yield from sorted_or_newest(Step(name, rank, "search.records", matches, matches, seen=place))
    yield known()
    yield glance()
    yield moment_of()
    yield fills_page()
    yield seen_newest()
    yield all_of_few()
    yield suggested()
    yield counted()


def known() -> str:
    """Return the function that tells which kinds of terms begin with the query, so that steps in vain are left out."""
    probes = "\n".join(
        f"""    IF {low} IS NOT NULL THEN
        PERFORM FROM search.{source} r
        WHERE   r.term >= {low} AND r.term < {high} AND r.table_no = ANY (s.tables)
        LIMIT   1;
        result := result || (CASE WHEN FOUND THEN '{name}' END);
    END IF;"""
        for name, (_, source, low, high) in START.items()
    )
    return f"""CREATE FUNCTION search.known(q search.query, s search.scope) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    result text[] := '{{}}';
BEGIN
{probes}
    RETURN result;
END
$$"""


def fills_page() -> str:
    """Return the look for a page of hits that are just this name, word of a name, or workplace."""
    wholes = {"names": "q.name_start", "kana": "q.kana", "romaji": "q.romaji", "places": "q.key"}
    words = {"name_words": "q.word", "kana_words": "q.kana_word", "romaji_words": "q.romaji_word"}
    probes = "\n".join(
        f"""    IF {"q.word IS NULL AND " if source in {"names", "kana", "romaji"} else ""}{term} IS NOT NULL THEN
        PERFORM FROM search.{source} r WHERE r.term = {term} AND r.table_no = ANY (s.tables) OFFSET n LIMIT 1;
        IF FOUND THEN
            RETURN true;
        END IF;
    END IF;"""
        for source, term in (wholes | words).items()
    )
    return f"""CREATE FUNCTION search.fills_page(q search.query, s search.scope, n int) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
{probes}
    RETURN false;
END
$$"""


def seen_newest() -> str:
    """Return the function that counts what each step matches among the newest records; null where that is a page."""
    counts = ", ".join(f"count(*) FILTER (WHERE r.vector @@ {query})" for _, query in MATCH.values())
    return f"""CREATE FUNCTION search.seen(q search.query, s search.scope, newest int, n int) RETURNS int[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    total int;
    seen  int[];
BEGIN
    SELECT count(*), ARRAY[{counts}]
    INTO   total, seen
    FROM  (SELECT r.vector
           FROM  (SELECT r.vector FROM search.records r
                  WHERE  r.table_no = ANY (s.tables)
                  ORDER  BY r.moment DESC, r.id DESC
                  LIMIT  newest) r
           WHERE  r.vector @@ q.by_any
           LIMIT  n) r;
    RETURN CASE WHEN total < n THEN seen END;
END
$$"""


def moment_of() -> str:
    """Return the function that tells since when about so many records came; null where there are not so many.

    The largest table speaks for all: to merge them would cost four times as much, and the answer need not be exact.
    """
    counts = ", ".join(f"({number}, 'public.{name}'::regclass)" for number, (name, _) in TABLES.items())
    return f"""CREATE FUNCTION search.moment_of(s search.scope, a search.hit, nth int) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE{INDEX} AS $$
DECLARE
    largest smallint;
    moment  timestamptz;
BEGIN
    SELECT t.table_no, nth * c.reltuples / sum(c.reltuples) OVER ()
    INTO   largest, nth
    FROM   (VALUES {counts}) AS t (table_no, oid)
    JOIN   pg_catalog.pg_class c ON c.oid = t.oid AND c.reltuples > 0
    WHERE  t.table_no = ANY (s.tables)
    ORDER  BY c.reltuples DESC
    LIMIT  1;
    SELECT r.moment
    INTO   moment
    FROM   search.records r
    WHERE  r.table_no = largest AND r.moment <= a.moment
    ORDER  BY r.moment DESC, r.id DESC
    OFFSET nth
    LIMIT  1;
    RETURN moment;
END
$$"""


def glance() -> str:
    """Return the function that tells how many records are a glance: the root of how many there are, as last counted."""
    counts = " + ".join(
        f"(SELECT CASE WHEN {number} = ANY (tables) THEN greatest(c.reltuples, 0) ELSE 0 END"
        f" FROM pg_catalog.pg_class c WHERE c.oid = 'public.{name}'::regclass)"
        for number, (name, _) in TABLES.items()
    )
    return f"""CREATE FUNCTION search.glance(tables smallint[]) RETURNS int
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN least(greatest(sqrt({counts}), {SMALLEST_GLANCE}), {LARGEST_GLANCE});
END
$$"""


def all_of_few() -> str:
    """Return the short way: all that match, ranked and sorted; null where they are not few."""
    ranks = "\n".join(f"               WHEN {condition} THEN {rank}" for rank, condition in RANKS.items())
    return f"""CREATE FUNCTION search.all_of_few(q search.query, s search.scope, a search.hit) RETURNS search.hit[]
LANGUAGE plpgsql STABLE PARALLEL SAFE{BITMAP} AS $$
DECLARE
    few   int := greatest(s.glance, {FEW_RANKED});
    hits  search.hit[];
    total int;
BEGIN
    SELECT count(*), array_agg(
               ROW(h.rank, h.older, h.moment, h.id, h.table_no)::search.hit
               ORDER BY h.older, h.rank, h.moment DESC, h.id DESC, h.table_no DESC)
           FILTER (
               WHERE (h.older, h.rank) > (a.older, a.rank)
                  OR (h.older, h.rank) = (a.older, a.rank)
                     AND (h.moment, h.id, h.table_no) < (a.moment, a.id, a.table_no))
    INTO   total, hits
    FROM  (SELECT (CASE
{ranks}
               END)::smallint AS rank, s.year IS NULL AND {OLDER} AS older, r.moment, r.id, r.table_no
           FROM  (SELECT {RECORD}
                  FROM   search.records r
                  WHERE  r.vector @@ q.by_any
                    AND  {IN_SCOPE}
                  LIMIT  few + 1) r
           OFFSET 0) h;
    RETURN CASE WHEN total <= few THEN coalesce(hits, '{{}}') END;
END
$$"""


# What is suggested: kind to the view it is looked up in, the range of terms, and the text shown.
SUGGESTED = {
    1: ("names", "q.key", "q.key_end", "name_text"),
    2: ("places", "q.key", "q.key_end", "place_text"),
    3: ("numbers", "q.key", "q.key_end", "number_text"),
    4: ("kana", "q.kana", "q.key_end", "name_text"),
    5: ("romaji", "q.romaji_start", "q.romaji_start_end", "name_text"),
}


def suggested() -> str:
    """Return the function that steps from each distinct term to the next, however many records share one."""
    kinds = "\n".join(
        f"""    last := {low};
    FOR rank IN 1 .. n LOOP
        SELECT r.term, r.{text} INTO term, suggestion
        FROM   search.{source} r
        WHERE  r.term >= last AND r.term < {high}
        ORDER  BY r.term
        LIMIT  1;
        EXIT WHEN NOT FOUND;
        kind := {kind};
        place := rank;
        RETURN NEXT;
        last := term || U&'\\0001';
    END LOOP;"""
        for kind, (source, low, high, text) in SUGGESTED.items()
    )
    return f"""CREATE FUNCTION search.suggestions(typed text, n int)
RETURNS TABLE (suggestion text, place int, kind int)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q    search.query := search.parse(typed);
    last text COLLATE "C";
    term text COLLATE "C";
BEGIN
{kinds}
END
$$"""


def counted() -> str:
    return f"""CREATE FUNCTION search.count(q search.query, s search.scope, most int)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM (
            SELECT FROM search.records r
            WHERE  r.vector @@ q.by_any
              AND {IN_SCOPE}
            LIMIT  most) AS counted);
END
$$"""
