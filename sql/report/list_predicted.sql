-- Purpose: what several runs predicted for the cells that all of them predicted.
-- Grain: one row per survey, item and population; predicted has a list per run, in the order of $run_ids, of
--        probabilities in option-code order, each the mean over the run's languages.
-- Parameters: $run_ids (list). Reads: prediction.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
WITH by_option AS (
    SELECT run_id, survey_id, item_id, population_id, option_code, avg(probability) AS probability
    FROM prediction
    WHERE list_contains($run_ids, run_id)
    GROUP BY run_id, survey_id, item_id, population_id, option_code
),
by_run AS (
    SELECT
        run_id,
        survey_id,
        item_id,
        population_id,
        list(probability ORDER BY option_code) AS probabilities
    FROM by_option
    GROUP BY run_id, survey_id, item_id, population_id
)
SELECT
    survey_id,
    item_id,
    population_id,
    list(probabilities ORDER BY list_position($run_ids, run_id)) AS predicted
FROM by_run
GROUP BY survey_id, item_id, population_id
HAVING count(*) = len($run_ids)
ORDER BY survey_id, item_id, population_id;
