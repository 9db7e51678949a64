-- Purpose: the questions and countries that runs predict worst.
-- Grain: one row per run and cell, twenty in all. Reads: scored_cell, item_text, population_text.
SELECT s.run_id, s.part, s.item_id, p.name AS population, s.total_variation, t.wording
FROM scored_cell AS s
JOIN item_text AS t USING (survey_id, item_id)
JOIN population_text AS p USING (population_id)
WHERE t.language = 'en' AND p.language = 'en' AND s.part NOT IN ('train', 'validation')
ORDER BY s.total_variation DESC, s.run_id, s.item_id, population
LIMIT 20;
