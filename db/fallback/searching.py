"""The statements of a search in a database file: the ranks, the order and the filters of `search.page` in PostgreSQL.

All that matches is ranked and sorted. That is what a few hundred thousand records allow; PostgreSQL reads the hits from
its indexes in their order.
"""

import json
from functools import cache
from typing import Any, Final

from db.fallback.query import END, Query
from db.other_store import Scope
from db.search.registry import BY_NUMBER

IN_SCOPE: Final = """r.table_no IN (SELECT value FROM json_each(:tables))
      AND (:statuses IS NULL OR r.status IN (SELECT value FROM json_each(:statuses)))
      AND (:year IS NULL OR r.year IS NULL OR r.year = :year)
      AND (:employed_on IS NULL OR r.table_no = 1
           OR r.hired <= :employed_on AND (r.gone IS NULL OR r.gone > :employed_on))"""

# The ranks of migrations/versions/0003_search/steps.py; what begins with a key lies from it to its end.
FOUND: Final = f"""
    SELECT CASE
               WHEN r.number = :number THEN 1
               WHEN r.name = :name_start THEN 2
               WHEN :word IN (r.name_1, r.name_2, r.name_last)
                 OR :by_name IS NOT NULL
                    AND r.record IN (SELECT rowid FROM search_lexemes WHERE search_lexemes MATCH :by_name) THEN 3
               WHEN r.name      >= :name_start AND r.name      < :name_end
                 OR r.name_2    >= :name_start AND r.name_2    < :name_end
                 OR r.name_last >= :name_start AND r.name_last < :name_end THEN 4
               WHEN r.number >= :number AND r.number < :number_end THEN 5
               WHEN r.kana = :kana THEN 6
               WHEN :kana_word IN (r.kana_1, r.kana_2, r.kana_last) THEN 7
               WHEN r.kana      >= :kana AND r.kana      < :kana_end
                 OR r.kana_2    >= :kana AND r.kana_2    < :kana_end
                 OR r.kana_last >= :kana AND r.kana_last < :kana_end THEN 8
               WHEN r.romaji = :romaji THEN 9
               WHEN :romaji_word IN (r.romaji_1, r.romaji_2, r.romaji_last)
                 OR :by_reading IS NOT NULL
                    AND r.record IN (SELECT rowid FROM search_lexemes WHERE search_lexemes MATCH :by_reading) THEN 10
               WHEN r.romaji      >= :romaji_start AND r.romaji      < :romaji_end
                 OR r.romaji_2    >= :romaji_start AND r.romaji_2    < :romaji_end
                 OR r.romaji_last >= :romaji_start AND r.romaji_last < :romaji_end THEN 11
               WHEN r.place = :key THEN 12
               WHEN r.place >= :key AND r.place < :key_end THEN 13
               WHEN r.record IN (SELECT rowid FROM search_lexemes WHERE search_lexemes MATCH :by_place) THEN 14
               ELSE 15
           END AS rank,
           :year IS NULL AND r.table_no = 1 AND EXISTS (
               SELECT 1 FROM employees newer
               WHERE  newer.employee_num = r.number_text AND newer.year > r.year) AS older,
           r.moment, r.id, r.table_no
    FROM   search_lexemes(:by_any) l
    JOIN   search_records r ON r.record = l.rowid
    WHERE  {IN_SCOPE}"""

PAGE: Final = f"""
    WITH found AS MATERIALIZED ({FOUND})
    SELECT rank, older, moment, id, table_no,
           CASE WHEN older THEN (16 - rank) / 320.0 ELSE (16 - rank) / 16.0 END AS score
    FROM   found
    WHERE  :after_rank IS NULL
       OR (older, rank) > (:after_older, :after_rank)
       OR (older, rank) = (:after_older, :after_rank)
          AND (moment, id, table_no) < (:after_moment, :after_id, :after_table)
    ORDER  BY older, rank, moment DESC, id DESC, table_no DESC
    LIMIT  :most OFFSET :offset"""

COUNTS: Final = f"""
    SELECT wanted.value,
           (SELECT count(*) FROM (
                SELECT 1
                FROM   search_lexemes(:by_any) l
                JOIN   search_records r ON r.record = l.rowid
                WHERE  r.table_no = wanted.value
                  AND {IN_SCOPE}
                LIMIT  :most))
    FROM   json_each(:tables) wanted"""

# Each distinct term once, with the text of a record that has it: of the first table, the oldest, as PostgreSQL's merge
# of its indexes has it.
SUGGESTIONS: Final = """
    WITH kinds AS (
        SELECT * FROM (
            SELECT 1 AS kind, name AS term, name_text AS suggestion, min(table_no || moment || id)
            FROM   search_records WHERE name >= :key AND name < :key_end GROUP BY name ORDER BY name LIMIT :most)
        UNION ALL SELECT * FROM (
            SELECT 2, place, place_text, min(table_no || moment || id)
            FROM   search_records WHERE place >= :key AND place < :key_end GROUP BY place ORDER BY place LIMIT :most)
        UNION ALL SELECT * FROM (
            SELECT 3, number, number_text, min(table_no || moment || id)
            FROM   search_records WHERE number >= :key AND number < :key_end
            GROUP  BY number ORDER BY number LIMIT :most)
        UNION ALL SELECT * FROM (
            SELECT 4, kana, name_text, min(table_no || moment || id)
            FROM   search_records WHERE kana >= :kana AND kana < :kana_end GROUP BY kana ORDER BY kana LIMIT :most)
        UNION ALL SELECT * FROM (
            SELECT 5, romaji, name_text, min(table_no || moment || id)
            FROM   search_records WHERE romaji >= :romaji_start AND romaji < :romaji_end
            GROUP  BY romaji ORDER BY romaji LIMIT :most)
    )
    SELECT suggestion
    FROM   kinds
    ORDER  BY row_number() OVER (PARTITION BY kind ORDER BY term), kind"""


def parameters(query: Query) -> dict[str, Any]:
    return {
        "key": query.key,
        "key_end": query.key + END,
        "number": query.number,
        "number_end": _end(query.number),
        "word": query.word,
        "name_start": query.name_start,
        "name_end": _end(query.name_start),
        "kana": query.kana,
        "kana_end": _end(query.kana),
        "kana_word": query.kana_word,
        "romaji": query.romaji,
        "romaji_word": query.romaji_word,
        "romaji_start": query.romaji_start,
        "romaji_end": _end(query.romaji_start),
        "by_name": query.by_name,
        "by_reading": query.by_reading,
        "by_place": query.by_place,
        "by_any": query.by_any,
    }


def scoped(scope: Scope) -> dict[str, Any]:
    return {
        "tables": json.dumps(list(scope.tables)),
        "statuses": None if scope.statuses is None else json.dumps(list(scope.statuses)),
        "year": scope.year,
        "employed_on": None if scope.employed_on is None else scope.employed_on.isoformat(),
    }


@cache
def page_with_rows(columns: tuple[tuple[int, tuple[str, ...]], ...]) -> str:
    """Return the statement that also fetches these columns of the tables, which are called by their numbers."""
    tables = [(BY_NUMBER[number].name, number, names) for number, names in columns]
    selected = "".join(f", {table}.{name}" for table, _, names in tables for name in names)
    joins = "\n".join(
        f"LEFT JOIN {table} ON {table}.id = CASE hit.table_no WHEN {number} THEN hit.id END"
        for table, number, _ in tables
    )
    return f"""
        SELECT hit.*{selected}
        FROM  ({PAGE}) hit
        {joins}
        ORDER  BY hit.older, hit.rank, hit.moment DESC, hit.id DESC, hit.table_no DESC
    """


def _end(key: str | None) -> str | None:
    return None if key is None else key + END
