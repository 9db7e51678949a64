-- Purpose: what a run predicted, to be held against the human distributions; of items from $first to $last, so that a large run
--          can be gone through in blocks.
-- Grain: one row per item, population and language; lists are in option-code order.
-- Parameters: $run_id, $first and $last (item ids, in the order of their letters; NULL for no bound).
-- Reads: prediction, item.
-- Example: $run_id = 'item-mean-1', $first = NULL, $last = NULL
WITH gathered AS (
    SELECT
        survey_id,
        item_id,
        population_id,
        language,
        -- Sorting the gathered options costs a quarter of gathering them in order.
        list_sort(list({'option_code': option_code, 'probability': probability})) AS options
    FROM prediction
    WHERE run_id = $run_id
        AND ($first::VARCHAR IS NULL OR item_id >= $first)
        AND ($last::VARCHAR IS NULL OR item_id <= $last)
    GROUP BY survey_id, item_id, population_id, language
)
SELECT
    g.survey_id,
    g.item_id,
    g.population_id,
    g.language,
    i.scale,
    list_transform(g.options, lambda o: o.option_code) AS option_code,
    list_transform(g.options, lambda o: o.probability) AS probability
FROM gathered AS g
LEFT JOIN item AS i
    ON i.survey_id = g.survey_id
    AND i.item_id = g.item_id
ORDER BY g.survey_id, g.item_id, g.population_id, g.language;
