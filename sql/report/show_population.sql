-- Purpose: how prompts speak of a population.
-- Grain: one row, none where it has no name in the language. Parameters: $population_id, $language.
-- Reads: population_text.
-- Example: $population_id = 'KEN', $language = 'en'
SELECT name, description, context
FROM population_text
WHERE population_id = $population_id AND language = $language;
