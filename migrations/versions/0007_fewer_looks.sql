-- A page of hits, best first, that come after `a`; null for the first page. A few more than `n` may come, where they tie.
CREATE OR REPLACE FUNCTION search.hits(typed text, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q     search.query := search.parse(typed);
    hits  search.hit[];
    steps int[];
    crowd boolean;
    fills boolean;
    short int;
BEGIN
    IF q.key IS NULL THEN
        RETURN;
    END IF;
    s.glance := search.glance(s.tables);
    IF a.rank IS NULL THEN
        a := (0, false, 'infinity', '', 0);
    END IF;
    SELECT p.steps, p.crowd, p.fills INTO steps, crowd, fills FROM search.probe(q, s, n) p;
    IF fills THEN
        -- Of several words, or of a workplace, hardly anything is to be found before that page.
        IF q.word IS NULL THEN
            s.glance := 0;
        END IF;
    ELSIF q.word IS NULL OR NOT crowd THEN
        -- The first glance is short, because most queries are rare, several words all the more. Where there are many
        -- records, one hit in it is many.
        short := least(s.glance / 2, CASE WHEN q.by_name IS NULL THEN 700 ELSE 250 END);
        s.seen := search.seen(q, s, short, n);
        IF s.seen[4] = 0 THEN
            hits := search.all_of_few(q, s, a);
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
        RETURN QUERY SELECT * FROM search.step_by_step(q, s, a, n, steps);
    ELSE
        RETURN QUERY SELECT * FROM unnest(hits) LIMIT n;
    END IF;
END
$$;

-- The long way, for what is common: each rank from its own index, and only while the page is short.
-- Older leave accounts come after everything else.
CREATE FUNCTION search.step_by_step(q search.query, s search.scope, a search.hit, n int, steps int[])
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    begin_at search.hit := a;
    missing  int := n;
    step     int;
    came     int;
BEGIN
    FOR age IN a.older::int .. 1 LOOP
        IF age = 1 THEN
            EXIT WHEN s.year IS NOT NULL OR NOT 1 = ANY (s.tables);
            s.tables := '{1}';
            s.seen := NULL;
        END IF;
        FOREACH step IN ARRAY steps LOOP
            CONTINUE WHEN step < begin_at.rank;
            IF begin_at.rank <> step THEN
                begin_at := (step, age = 1, 'infinity', '', 0);
            END IF;
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

-- The hits of one rank.
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
    ELSIF step = 3 THEN
        RETURN QUERY SELECT * FROM search.name_has_all(q, s, a, n);
    ELSIF step = 4 THEN
        RETURN QUERY SELECT * FROM search.name_starts(q, s, a, n);
    ELSIF step = 5 THEN
        RETURN QUERY SELECT * FROM search.number_starts(q, s, a, n);
    ELSIF step = 6 THEN
        RETURN QUERY SELECT * FROM search.kana_is(q, s, a, n);
    ELSIF step = 7 THEN
        RETURN QUERY SELECT * FROM search.kana_has_word(q, s, a, n);
    ELSIF step = 8 THEN
        RETURN QUERY SELECT * FROM search.kana_starts(q, s, a, n);
    ELSIF step = 9 THEN
        RETURN QUERY SELECT * FROM search.romaji_is(q, s, a, n);
    ELSIF step = 10 AND q.romaji_word IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.romaji_has_word(q, s, a, n);
    ELSIF step = 10 THEN
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
