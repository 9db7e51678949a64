-- Purpose: the scores of runs, with everything that tables group them by.
-- Grain: one row per run, part of its split, item, population and language, as the view scored_cell has them.
--        seen: which of a cell's item and population stand in cells that the run was trained or chosen on; "not known" where
--        that is not known. n_effective: of the respondents behind the shares that the run is scored against.
-- Parameters: $run_ids (list). Reads: scored_cell, run, seen_item, seen_population, unknown_training, item, cell,
-- population, country.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
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
    coalesce(k.un_region, 'unknown') AS un_region,
    coalesce(p.iso3, s.population_id) AS country,
    CASE
        WHEN u.run_id IS NOT NULL THEN 'not known'
        WHEN si.item_id IS NOT NULL AND sp.population_id IS NOT NULL THEN 'item and population'
        WHEN si.item_id IS NOT NULL THEN 'item'
        WHEN sp.population_id IS NOT NULL THEN 'population'
        ELSE 'neither'
    END AS seen,
    n.n_respondents,
    -- The precision of the shares that the run is scored against: see cell/list_shares.sql.
    coalesce(
        CASE WHEN r.shares = 'weighted' THEN n.n_effective END, n.n_effective_unweighted, n.n_respondents
    )::DOUBLE AS n_effective,
    s.* EXCLUDE (run_id, predictor, split, part, kind, language, survey_id, item_id, population_id)
FROM scored_cell AS s
JOIN run AS r ON r.run_id = s.run_id
LEFT JOIN item AS i
    ON i.survey_id = s.survey_id
    AND i.item_id = s.item_id
LEFT JOIN cell AS n
    ON n.survey_id = s.survey_id
    AND n.item_id = s.item_id
    AND n.population_id = s.population_id
LEFT JOIN seen_item AS si
    ON si.run_id = s.run_id
    AND si.survey_id = s.survey_id
    AND si.item_id = s.item_id
LEFT JOIN seen_population AS sp
    ON sp.run_id = s.run_id
    AND sp.population_id = s.population_id
LEFT JOIN unknown_training AS u ON u.run_id = s.run_id
LEFT JOIN population AS p ON p.population_id = s.population_id
LEFT JOIN country AS k ON k.iso3 = p.iso3
WHERE list_contains($run_ids, s.run_id)
ORDER BY list_position($run_ids, s.run_id), s.part, s.language, i.position, s.item_id, s.population_id;
