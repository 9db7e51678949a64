-- Purpose: every metric of every scored cell, for other tools.
-- Grain: one row per run, part of its split, item, population and language, as the view scored_cell has them.
-- Parameters: $run_ids (list; NULL: all), $language of the texts.
-- Reads: scored_cell, item, population_text.
-- Example: $language = 'en', $run_ids = ['item-mean-1', 'uniform-1']
SELECT s.*, i.dimension, n.name AS population
FROM scored_cell AS s
JOIN item AS i
    ON i.survey_id = s.survey_id
    AND i.item_id = s.item_id
LEFT JOIN population_text AS n
    ON n.population_id = s.population_id
    AND n.language = $language
WHERE $run_ids IS NULL OR list_contains($run_ids, s.run_id)
ORDER BY s.run_id, s.part, s.survey_id, i.position, s.population_id, s.language;
