-- Purpose: the scores of runs, with everything that tables group them by.
-- Grain: one row per run, part of its split, item, population and language, as the view scored_cell has them.
--        seen: which of a cell's item and population the training part of the run's split has.
-- Parameters: $run_ids (list). Reads: scored_cell, run, split_cell, item, population, country.
WITH train AS (
    SELECT split, survey_id, item_id, population_id
    FROM split_cell
    WHERE part = 'train'
),
train_item AS (
    SELECT DISTINCT split, survey_id, item_id
    FROM train
),
train_population AS (
    SELECT DISTINCT split, population_id
    FROM train
)
SELECT
    s.run_id,
    s.predictor,
    r.shares,
    s.split,
    s.part,
    s.kind,
    s.language,
    s.survey_id,
    s.item_id,
    s.population_id,
    coalesce(i.dimension, 'none') AS dimension,
    i.position,
    i.battery_id,
    coalesce(k.un_region, 'unknown') AS region,
    coalesce(p.iso3, s.population_id) AS country,
    CASE
        WHEN s.split IS NULL THEN 'no split'
        WHEN ti.item_id IS NOT NULL AND tp.population_id IS NOT NULL THEN 'item and population'
        WHEN ti.item_id IS NOT NULL THEN 'item'
        WHEN tp.population_id IS NOT NULL THEN 'population'
        ELSE 'neither'
    END AS seen,
    s.* EXCLUDE (run_id, predictor, split, part, kind, language, survey_id, item_id, population_id)
FROM scored_cell AS s
JOIN run AS r ON r.run_id = s.run_id
LEFT JOIN item AS i
    ON i.survey_id = s.survey_id
    AND i.item_id = s.item_id
LEFT JOIN train_item AS ti
    ON ti.split = s.split
    AND ti.survey_id = s.survey_id
    AND ti.item_id = s.item_id
LEFT JOIN train_population AS tp
    ON tp.split = s.split
    AND tp.population_id = s.population_id
LEFT JOIN population AS p ON p.population_id = s.population_id
LEFT JOIN country AS k ON k.iso3 = p.iso3
WHERE list_contains($run_ids, s.run_id)
ORDER BY list_position($run_ids, s.run_id), s.part, s.language, i.position, s.item_id, s.population_id;
