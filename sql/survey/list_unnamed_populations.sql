-- Purpose: the populations that have no name in a language.
-- Grain: one row per population. Parameters: $language. Reads: population, population_text.
-- Example: $language = 'en'
SELECT population_id
FROM population
WHERE population_id NOT IN (SELECT population_id FROM population_text WHERE language = $language)
ORDER BY population_id;
