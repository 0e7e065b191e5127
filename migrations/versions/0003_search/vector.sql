-- What a row is looked up by, in one array: 1 number, 2 workplace, 3 to 6 name, 7 to 10 kana, 11 to 14 romaji
-- (of the kana or, where there are none, of the name); of the last three: whole, first word, second word, last word.
CREATE FUNCTION search.entries(number text, name text, kana text, place text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    name_words text := search.normal(name);
    kana_words text := nullif(search.normal_kana(kana), '');
BEGIN
    RETURN ARRAY[
            nullif(replace(search.normal(number), ' ', ''), ''),
            nullif(replace(search.normal(place), ' ', ''), '')
        ]
        || search.looked_up(name_words)
        || search.looked_up(kana_words)
        || search.romaji_looked_up(coalesce(kana_words, name_words));
END
$$;

-- Lexemes, what the GIN index holds, as the text form of a tsvector; normal form has neither quotes nor backslashes.
-- Each begins with a letter that says where it is from: n number and name, k kana and romaji, w workplace, o the rest.
-- (GIN knows no weights: with those, every record with the lexeme anywhere would be fetched to be looked at.)
-- No dictionary cuts Japanese names right, so what is not ASCII is held as its pairs of neighbouring letters and its
-- last letter: any part of it can be found, and one kana by prefix. Words are joined first, so that 橋邉 finds 髙橋 邉.
-- Every other letter is held alone too: by prefix, a common kanji would be gathered from thousands of pairs.
-- ASCII words are held as they are, and joined. The two replacements take the pairs from the first letter and from the
-- second on; one of them ends with the last letter alone.
CREATE FUNCTION search.lexemes(normal text, origin text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    run     text := regexp_replace(left(normal, 400) COLLATE "C", '[ -~]+', '', 'g');
    quoted  text := '''' || origin || '\&'' ';
    next    text := ''' ''' || origin;
    letters text;
    ascii   text;
    result  text := '';
BEGIN
    IF run <> '' THEN
        result := regexp_replace(run COLLATE "C", '..?', quoted, 'g')
               || regexp_replace(substr(run, 2) COLLATE "C", '..?', quoted, 'g');
        letters := regexp_replace(run COLLATE "C", '[ぁ-ゖー]+', '', 'g');
        IF letters <> '' THEN
            result := result || '''' || origin || array_to_string(string_to_array(letters, NULL), next) || ''' ';
        END IF;
    END IF;
    IF octet_length(run) < octet_length(normal) THEN
        ascii := btrim(regexp_replace(left(normal, 400) COLLATE "C", '[^!-~]+', ' ', 'g'));
        IF ascii <> '' THEN
            result := result || '''' || origin || replace(ascii, ' ', next) || ''' ';
        END IF;
        IF position(' ' IN ascii) > 0 THEN
            result := result || '''' || origin || replace(ascii, ' ', '') || ''' ';
        END IF;
    END IF;
    RETURN result;
END
$$;

CREATE FUNCTION search.vector(number text, name text, kana text, place text, rest text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    name_words text := search.normal(name);
    kana_words text := nullif(search.normal_kana(kana), '');
    romaji     text := array_to_string(search.romaji_looked_up(coalesce(kana_words, name_words)), ' ');
BEGIN
    RETURN (
        search.lexemes(search.normal(number), 'n')
        || search.lexemes(name_words, 'n')
        || coalesce(search.lexemes(kana_words, 'k'), '')
        || CASE WHEN romaji <> '' THEN '''k' || replace(romaji, ' ', ''' ''k') || ''' ' ELSE '' END
        || coalesce(search.lexemes(search.normal(place), 'w'), '')
        || coalesce(search.lexemes(search.normal(rest), 'o'), '')
    )::tsvector;
END
$$;

-- A lexeme of any of these origins. Among kana there are neither kanji nor, but for romaji, ASCII.
CREATE FUNCTION search.from_any(lexeme text, origins text, suffix text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '(' || string_agg('''' || origin || lexeme || '''' || suffix, ' | ') || ')'
    FROM   string_to_table(origins, NULL) AS origin
    WHERE  origin <> 'k' OR origins = 'k' OR lexeme COLLATE "C" ~ '^[ぁ-ゖー]+$'
$$;

-- One word of a query, with its neighbours in normal form, as a tsquery over lexemes of these origins.
-- Its romaji is another way to be found, where kana and romaji are among the origins.
CREATE FUNCTION search.word_query(normal text, origins text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    run    text := regexp_replace(normal COLLATE "C", '[ -~]+', '', 'g');
    ascii  text := btrim(regexp_replace(normal COLLATE "C", '[^ -~]+', ' ', 'g'));
    start  text := search.romaji_start(replace(normal, ' ', ''));
    result text := '';
    word   text;
BEGIN
    FOREACH word IN ARRAY string_to_array(ascii, ' ') LOOP
        result := result || ' & ' || search.from_any(word, origins, ':*');
    END LOOP;
    IF length(run) = 1 THEN
        result := result || ' & '
               || search.from_any(run, origins, CASE WHEN run COLLATE "C" ~ '[ぁ-ゖー]' THEN ':*' ELSE '' END);
    END IF;
    FOR i IN 1 .. length(run) - 1 LOOP
        result := result || ' & ' || search.from_any(substr(run, i, 2), origins, '');
    END LOOP;
    result := substr(result, 4);
    IF start IS NOT NULL AND position('k' IN origins) > 0 THEN
        RETURN '((' || result || ') | ''k' || start || ''':*)';
    END IF;
    RETURN '(' || result || ')';
END
$$;
