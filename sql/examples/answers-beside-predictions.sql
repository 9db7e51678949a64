-- Purpose: what people answered to a question beside what runs predicted; put your question and population in its place.
-- Grain: one row per run and option. Reads: answer.
SELECT run_id, population, option, observed, predicted, predicted - observed AS difference, wording
FROM answer
WHERE item_id = 'Q57' AND predicted IS NOT NULL
ORDER BY run_id, population, option_code;
