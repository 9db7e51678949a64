-- Purpose: in splits of new items, each item is answered in the training part by some country, and no country that is
-- tested on an item has answers to it there.
-- Grain: one row per split and item that breaks this. Reads: split, split_cell, population.
WITH placed AS (
    SELECT
        s.split,
        c.survey_id,
        c.item_id,
        coalesce(p.iso3, c.population_id) AS country,
        bool_or(c.part = 'train') AS in_train,
        bool_and(c.part = 'train') AS only_in_train
    FROM split AS s
    JOIN split_cell AS c USING (split)
    LEFT JOIN population AS p USING (population_id)
    WHERE s.recipe = 'new-items'
    GROUP BY ALL
)
SELECT split, survey_id, item_id
FROM placed
GROUP BY ALL
HAVING NOT bool_or(in_train) OR bool_or(in_train AND NOT only_in_train)
ORDER BY ALL;
