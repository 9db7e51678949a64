-- Purpose: find the item, population and response option that each row of somebody's predictions means.
--          An item is known by its id; a population by its id or by its name in any language; an option by its code, its
--          label in any language, or its letter (A is the first in code order). Case and outer blanks do not matter.
-- Grain: one row per row of `incoming`, whether matched or not; reason is NULL where it is.
-- Parameters: $survey_id (NULL: whichever survey has the item). Frame: incoming (row, survey, item, population, option).
-- Reads: item, population, population_text, response_option, option_text.
-- Example: $survey_id = 'wvs7'
-- Example: incoming AS SELECT 1 AS row, NULL::VARCHAR AS survey, 'q57' AS item, 'kenya' AS population, 'a' AS option
WITH wanted AS (
    SELECT
        "row",
        lower(trim(coalesce($survey_id, survey))) AS survey,
        lower(trim(item)) AS item,
        lower(trim(population)) AS population,
        lower(trim(option)) AS option
    FROM incoming
),
item_match AS (
    SELECT w.item, w.survey, min(i.survey_id) AS survey_id, min(i.item_id) AS item_id, count(*) AS n_found
    FROM (SELECT DISTINCT item, survey FROM wanted) AS w
    JOIN item AS i
        ON lower(i.item_id) = w.item
        AND (w.survey IS NULL OR lower(i.survey_id) = w.survey)
    GROUP BY w.item, w.survey
),
population_name AS (
    SELECT lower(population_id) AS name, population_id, 0 AS rank FROM population
    UNION ALL
    SELECT lower(name), population_id, 1 FROM population_text
),
population_match AS (
    SELECT name, arg_min(population_id, rank) AS population_id, count(DISTINCT population_id) AS n_found
    FROM population_name
    WHERE name IN (SELECT population FROM wanted)
    GROUP BY name
),
option_name AS (
    SELECT survey_id, item_id, option_code, option_code::VARCHAR AS name, 0 AS rank FROM response_option
    UNION ALL
    SELECT survey_id, item_id, option_code, lower(trim(label)), 1 FROM option_text
    UNION ALL
    SELECT survey_id, item_id, option_code, chr(97 + position), 2 FROM response_option WHERE position < 26
),
option_match AS (
    SELECT survey_id, item_id, name, arg_min(option_code, rank) AS option_code
    FROM option_name
    GROUP BY survey_id, item_id, name
)
SELECT
    w.row,
    i.survey_id,
    i.item_id,
    p.population_id,
    o.option_code,
    CASE
        WHEN i.item_id IS NULL THEN 'no such item'
        WHEN i.n_found > 1 THEN 'several surveys have the item'
        WHEN p.population_id IS NULL THEN 'no such population'
        WHEN o.option_code IS NULL THEN 'no such option'
    END AS reason
FROM wanted AS w
LEFT JOIN item_match AS i
    ON i.item = w.item
    AND i.survey IS NOT DISTINCT FROM w.survey
LEFT JOIN population_match AS p ON p.name = w.population
LEFT JOIN option_match AS o
    ON o.survey_id = i.survey_id
    AND o.item_id = i.item_id
    AND o.name = w.option
ORDER BY w.row;
