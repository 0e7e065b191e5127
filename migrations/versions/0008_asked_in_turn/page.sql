-- A page of hits, best first, that come after `a`; null for the first page. A few more than `n` may come, where they tie.
CREATE FUNCTION search.hits(typed text, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q     search.query := search.parse(typed);
    hits  search.hit[];
    crowd boolean;
    short int;
BEGIN
    IF q.key IS NULL THEN
        RETURN;
    END IF;
    s.records := search.records(s.tables);
    s.glance := least(greatest(sqrt(s.records), 200), 4000);
    IF a.rank IS NULL THEN
        a := (0, false, 'infinity', '', 0);
    END IF;
    -- What begins so is looked for kind after kind, until there is a crowd that fills the page: 1 numbers, 2 names, 3 kana,
    -- 4 romaji, 5 workplaces.
    FOR kind IN 1 .. 5 LOOP
        s.starting[kind] := search.starting(kind, q, s, search.crowd(n) + 1);
        crowd := s.starting[kind] > search.crowd(n);
        EXIT WHEN crowd;
    END LOOP;
    IF q.word IS NULL AND search.fills(q, s, n) THEN
        -- Of several words, hardly anything is to be found before that page.
        s.glance := 0;
    ELSIF q.word IS NULL OR NOT crowd THEN
        q := search.with_lexemes(q);
        -- The first glance is short, because most queries are rare, several words all the more. Where there are many
        -- records, one hit in it is many.
        short := least(s.glance / 2, CASE WHEN q.by_name IS NULL THEN 700 ELSE 250 END);
        s.seen := search.seen(q, s, short, n);
        IF s.seen[4] = 0 THEN
            IF s.seen[11] > 0 THEN
                -- What tells most tells little here.
                q.telling := NULL;
            END IF;
            hits := search.all_of_few(q, s, a);
            IF hits IS NULL AND q.telling IS NOT NULL THEN
                q.telling := NULL;
                hits := search.all_of_few(q, s, a);
            END IF;
        END IF;
        IF hits IS NULL AND s.seen[4] <= 2 THEN
            s.seen := search.seen(q, s, s.glance, n);
        ELSIF s.seen[4] < n THEN
            s.glance := short;
        END IF;
        IF s.seen[4] = 0 THEN
            s.glance := 0;
        END IF;
    END IF;
    IF hits IS NULL THEN
        RETURN QUERY SELECT * FROM search.step_by_step(q, s, a, n);
    ELSE
        RETURN QUERY SELECT * FROM unnest(hits) LIMIT n;
    END IF;
END
$$;

-- So many terms that begin alike fill a page: a record may stand among them by its whole name and two words of it. Of
-- less than sixty all are sorted, so that as many are counted.
CREATE FUNCTION search.crowd(n int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(3 * n, 60)
$$;

-- The long way, for what is common: each rank from its own index, and only while the page is short.
-- Older leave accounts come after everything else.
CREATE FUNCTION search.step_by_step(q search.query, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    -- Of each step, the kind of terms it looks up.
    kinds    CONSTANT int[] := '{1,2,2,2,1,3,3,3,4,4,4,5,5}';
    begin_at search.hit := a;
    missing  int := n;
    kind     int;
    came     int;
BEGIN
    FOR age IN a.older::int .. 1 LOOP
        IF age = 1 THEN
            EXIT WHEN s.year IS NOT NULL OR NOT 1 = ANY (s.tables);
            s.tables := '{1}';
            s.seen := NULL;
        END IF;
        FOR step IN greatest(begin_at.rank, 1) .. 15 LOOP
            IF begin_at.rank <> step THEN
                begin_at := (step, age = 1, 'infinity', '', 0);
            END IF;
            kind := kinds[step];
            IF step > 13 AND q.by_any IS NULL THEN
                q := search.with_lexemes(q);
            ELSIF step <= 13 AND s.starting[kind] IS NULL THEN
                s.starting[kind] := search.starting(kind, q, s, search.crowd(n) + 1);
            END IF;
            CONTINUE WHEN s.starting[kind] = 0 AND (step NOT IN (3, 10) OR q.by_name IS NULL);
            RETURN QUERY SELECT * FROM search.step(step, q, s, begin_at, missing);
            GET DIAGNOSTICS came = ROW_COUNT;
            missing := missing - came;
            IF missing <= 0 THEN
                RETURN;
            END IF;
        END LOOP;
        begin_at := (0, true, 'infinity', '', 0);
    END LOOP;
END
$$;

-- The hits of one rank; none where the query has nothing that the rank looks up.
CREATE FUNCTION search.step(step int, q search.query, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF step = 1 THEN
        RETURN QUERY SELECT * FROM search.number_is(q, s, a, n);
    ELSIF step = 2 THEN
        RETURN QUERY SELECT * FROM search.name_is(q, s, a, n);
    ELSIF step = 3 AND q.word IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.name_has_word(q, s, a, n);
    ELSIF step = 3 AND q.by_name IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.name_has_all(q, s, a, n);
    ELSIF step = 4 THEN
        RETURN QUERY SELECT * FROM search.name_starts(q, s, a, n);
    ELSIF step = 5 THEN
        RETURN QUERY SELECT * FROM search.number_starts(q, s, a, n);
    ELSIF step = 6 THEN
        RETURN QUERY SELECT * FROM search.kana_is(q, s, a, n);
    ELSIF step = 7 AND q.kana_word IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.kana_has_word(q, s, a, n);
    ELSIF step = 8 THEN
        RETURN QUERY SELECT * FROM search.kana_starts(q, s, a, n);
    ELSIF step = 9 AND q.romaji IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.romaji_is(q, s, a, n);
    ELSIF step = 10 AND q.romaji_word IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.romaji_has_word(q, s, a, n);
    ELSIF step = 10 AND q.by_reading IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.reading_has_all(q, s, a, n);
    ELSIF step = 11 THEN
        RETURN QUERY SELECT * FROM search.romaji_starts(q, s, a, n);
    ELSIF step = 12 THEN
        RETURN QUERY SELECT * FROM search.place_is(q, s, a, n);
    ELSIF step = 13 THEN
        RETURN QUERY SELECT * FROM search.place_starts(q, s, a, n);
    ELSIF step = 14 THEN
        RETURN QUERY SELECT * FROM search.place_has_all(q, s, a, n);
    ELSIF step = 15 THEN
        RETURN QUERY SELECT * FROM search.record_has_all(q, s, a, n);
    END IF;
END
$$;

-- A page of hits in their order: what the application calls. Tables are numbered 1 employees, 2 genzai, 3 ukeoi, 4 staff;
-- all `after_` are null for the first page, otherwise those of the last hit seen. Of scores, higher is better: by rank
-- alone, since within a rank newer comes first; older leave accounts are below all others.
CREATE FUNCTION search.page(
    typed          text,
    tables         smallint[]  DEFAULT '{1,2,3,4}',
    statuses       text[]      DEFAULT NULL,
    year           int         DEFAULT NULL,
    employed_on    date        DEFAULT NULL,
    n              int         DEFAULT 20,
    after_rank     smallint    DEFAULT NULL,
    after_older    boolean     DEFAULT NULL,
    after_moment   timestamptz DEFAULT NULL,
    after_id       text        DEFAULT NULL,
    after_table_no smallint    DEFAULT NULL
)
RETURNS TABLE (rank smallint, older boolean, moment timestamptz, id text, table_no smallint, score float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20 AS $$
#variable_conflict use_column
DECLARE
    s search.scope := (tables, statuses, year, employed_on, NULL, NULL, NULL, NULL);
    a search.hit := (after_rank, after_older, after_moment, after_id, after_table_no);
BEGIN
    RETURN QUERY
        SELECT h.rank, h.older, h.moment, h.id, h.table_no,
               CASE WHEN h.older THEN (16 - h.rank) / 320.0 ELSE (16 - h.rank) / 16.0 END::float8
        FROM   search.hits(typed, s, a, n) h
        ORDER  BY h.older, h.rank, h.moment DESC, h.id DESC, h.table_no DESC
        LIMIT  n;
END
$$;

-- How many records match, table by table; counting stops at `most` in each.
CREATE FUNCTION search.counts(
    typed       text,
    tables      smallint[] DEFAULT '{1,2,3,4}',
    statuses    text[]     DEFAULT NULL,
    year        int        DEFAULT NULL,
    employed_on date       DEFAULT NULL,
    most        int        DEFAULT 1000
)
RETURNS TABLE (table_no smallint, records bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 4
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q search.query := search.with_lexemes(search.parse(typed));
    s search.scope := (NULL, statuses, year, employed_on, NULL, NULL, NULL, NULL);
BEGIN
    FOREACH table_no IN ARRAY tables LOOP
        s.tables := ARRAY[table_no];
        records := search.count(q, s, most);
        RETURN NEXT;
    END LOOP;
END
$$;
