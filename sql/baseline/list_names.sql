-- Purpose: the names of populations in one language, and what is known of them, for predictors that read them.
-- Grain: one row per population of the frame; name is NULL where the population has none in that language.
-- Parameters: $language. Frame: wanted (population_id). Reads: population_text.
-- Example: $language = 'en'
-- Example: wanted AS SELECT population_id FROM population
SELECT w.population_id, t.name, t.context
FROM wanted AS w
LEFT JOIN population_text AS t
    ON t.population_id = w.population_id
    AND t.language = $language
ORDER BY w.population_id;
