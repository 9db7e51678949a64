-- Purpose: names and descriptions of a split's populations in the languages asked for.
-- Grain: one row per population and language. Parameters: $split, $languages. Reads: split_cell, population_text.
-- Example: $languages = ['en', 'zh'], $split = 'unseen-questions'
SELECT p.population_id, p.language, p.name, p.description, p.context
FROM population_text AS p
WHERE list_contains($languages::VARCHAR[], p.language)
    AND p.population_id IN (SELECT population_id FROM split_cell WHERE split = $split)
ORDER BY p.population_id, p.language;
