-- Purpose: the items of a survey that somebody answered, with their battery, dimension and published item set.
-- Grain: one row per item. paper_set is NULL where the published work has no such set; in_protocol is false for the
-- items that it leaves out of all sets.
-- Parameters: $survey_id. Reads: item, survey, cell.
-- Source: Cao et al. 2025 (arXiv 2502.07068): Q1 = Q1-Q163, Q2 = Q164-Q198, Q3 = Q199-Q259, without Q82, Q223, Q94-Q105.
-- Example: $survey_id = 'wvs7'
WITH answered AS (
    SELECT DISTINCT item_id FROM cell WHERE survey_id = $survey_id
),
numbered AS (
    SELECT
        item_id,
        battery_id,
        dimension,
        position,
        s.codebook = 'wvs7' AS is_wvs7,
        CASE WHEN s.codebook = 'wvs7' THEN try_cast(regexp_extract(item_id, '^Q(\d+)$', 1) AS INTEGER) END AS number
    FROM item
    JOIN survey AS s USING (survey_id)
    JOIN answered USING (item_id)
    WHERE survey_id = $survey_id
),
judged AS (
    SELECT *, coalesce(number IN (82, 223) OR number BETWEEN 94 AND 105, false) AS is_excluded FROM numbered
)
SELECT
    item_id,
    battery_id,
    coalesce(dimension, '') AS dimension,
    CASE
        WHEN is_excluded THEN NULL
        WHEN number BETWEEN 1 AND 163 THEN 'Q1'
        WHEN number BETWEEN 164 AND 198 THEN 'Q2'
        WHEN number BETWEEN 199 AND 259 THEN 'Q3'
    END AS paper_set,
    NOT is_excluded AND (NOT coalesce(is_wvs7, false) OR number BETWEEN 1 AND 259) IS NOT FALSE AS in_protocol
FROM judged
ORDER BY position, item_id;
