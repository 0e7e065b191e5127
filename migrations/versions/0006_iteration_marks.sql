-- Iteration marks become what they repeat, however many there are: 佐々木 is 佐佐木, and 佐々々木 is 佐佐佐木. Nothing is left
-- that would change if it were folded once more. There is hardly ever more than one; long runs go by large steps.
CREATE FUNCTION search.without_iteration_marks(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    step int;
BEGIN
    value := regexp_replace(value COLLATE "C", '([^ 々ゝゞヽヾ〃仝])[々ゝゞヽヾ〃仝]', '\1\1', 'g');
    FOREACH step IN ARRAY '{100,10,1}'::int[] LOOP
        EXIT WHEN value COLLATE "C" !~ '[^ 々ゝゞヽヾ〃仝][々ゝゞヽヾ〃仝]';
        WHILE value COLLATE "C" ~ format('[^ 々ゝゞヽヾ〃仝][々ゝゞヽヾ〃仝]{%s}', step) LOOP
            value := regexp_replace(value COLLATE "C",
                format('([^ 々ゝゞヽヾ〃仝])[々ゝゞヽヾ〃仝]{%s}', step), repeat('\1', 1 + step), 'g');
        END LOOP;
    END LOOP;
    RETURN value;
END
$$;

-- As it was before, but for those marks.
CREATE OR REPLACE FUNCTION search.without_marks(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value COLLATE "C" ~ '[\u00C0-\u024F\u0300-\u036F\u1E00-\u1EFF]' THEN
        value := regexp_replace(pg_catalog.normalize(value, 'NFKD') COLLATE "C", '[\u0300-\u036F]+', '', 'g');
        value := pg_catalog.normalize(value, 'NFKC');
        value := translate(value, 'đĐðÐøØłŁıŋŊħĦŧŦ', 'ddddoollinnhhtt');
        value := replace(replace(replace(value, 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'ae');
        value := replace(replace(replace(replace(value, 'œ', 'oe'), 'Œ', 'oe'), 'þ', 'th'), 'Þ', 'th');
    END IF;
    value := regexp_replace(value COLLATE "C", '[\u200B-\u200F\u2060\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF]', '', 'g');
    value := regexp_replace(value COLLATE "C", '([ぁ-ゖァ-ヺー])[\u2010-\u2015\u2212]', '\1ー', 'g');
    value := search.without_iteration_marks(value);
    RETURN lower(translate(value, '’‘ʼ′´`', '''''''''''''') COLLATE "C");
END
$$;
