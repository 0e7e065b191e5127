-- Lexemes: what the GIN index holds. No dictionary cuts Japanese names right, so text that is not ASCII is
-- held as its pairs of neighbouring letters and its last letter: any part of it can be found, one letter by prefix.

-- Words of one script: 第3ライン becomes 第 3 ライン.
CREATE FUNCTION search.by_script(normal text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF normal COLLATE "C" ~ '[a-z0-9][^ -~]|[^ -~][a-z0-9]' THEN
        normal := regexp_replace(normal COLLATE "C", '([a-z0-9])([^ -~])', '\1 \2', 'g');
        normal := regexp_replace(normal COLLATE "C", '([^ -~])([a-z0-9])', '\1 \2', 'g');
    END IF;
    RETURN normal;
END
$$;

-- Lexemes of a text in normal form. What is not ASCII is joined first: 高橋 邉 is also found as 橋邉.
-- ASCII words are held as they are, and joined.
CREATE FUNCTION search.lexemes(normal text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    result text[] := '{}';
    run    text := '';
    word   text;
    letter text[];
    total  int;
BEGIN
    FOREACH word IN ARRAY string_to_array(search.by_script(left(normal, 400)), ' ') LOOP
        IF octet_length(word) = length(word) THEN
            result := result || word;
        ELSE
            run := run || word;
        END IF;
    END LOOP;
    IF cardinality(result) > 1 THEN
        result := result || array_to_string(result, '');
    END IF;
    IF run <> '' THEN
        letter := string_to_array(run, NULL);
        total := cardinality(letter);
        FOR i IN 1 .. total - 1 LOOP
            result := result || (letter[i] || letter[i + 1]);
        END LOOP;
        result := result || letter[total];
    END IF;
    RETURN result;
END
$$;

-- Lexemes with one weight, as the text form of a tsvector. Normal form has neither quotes nor backslashes.
CREATE FUNCTION search.weighted(lexemes text[], weight text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce('''' || array_to_string(lexemes, ''':1' || weight || ' ''') || ''':1' || weight || ' ', '')
$$;

-- What a row is found by: A number and name, B kana and romaji, C workplace, D the rest.
CREATE FUNCTION search.vector(number text, name text, kana text, place text, rest text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    name_normal text := search.normal(name);
    kana_normal text := coalesce(search.normal(kana), '');
    entry       text[];
    a           text[];
    b           text[];
BEGIN
    a := search.lexemes(name_normal) || search.lexemes(search.normal(number));
    IF kana_normal <> '' THEN
        b := search.lexemes(kana_normal);
    END IF;
    entry := search.romaji_entries(kana, name);
    IF entry IS NOT NULL THEN
        b := b || array_remove(entry, NULL);
    END IF;
    RETURN (
        search.weighted(a, 'A')
        || search.weighted(b, 'B')
        || search.weighted(search.lexemes(nullif(search.normal(place), '')), 'C')
        || search.weighted(search.lexemes(nullif(search.normal(rest), '')), 'D')
    )::tsvector;
END
$$;

-- One word of a query, with its neighbours in normal form, as a tsquery over lexemes of these weights.
-- Its romaji is another way to be found, where kana and romaji are among the weights; no weights mean all.
CREATE FUNCTION search.word_query(normal text, weights text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    result text := '';
    word   text;
    run    text := '';
    start  text := search.romaji_start(replace(normal, ' ', ''));
BEGIN
    FOREACH word IN ARRAY string_to_array(normal, ' ') LOOP
        IF octet_length(word) = length(word) THEN
            result := result || ' & ''' || word || ''':*' || weights;
        ELSE
            run := run || word;
        END IF;
    END LOOP;
    IF length(run) = 1 THEN
        result := result || ' & ''' || run || ''':*' || weights;
    ELSE
        FOR i IN 1 .. length(run) - 1 LOOP
            result := result || ' & ''' || substr(run, i, 2) || ''':' || weights;
        END LOOP;
    END IF;
    result := substr(result, 4);
    IF start IS NOT NULL AND (weights = '' OR position('B' IN weights) > 0) THEN
        RETURN '((' || result || ') | ''' || start || ''':*B)';
    END IF;
    RETURN '(' || result || ')';
END
$$;
