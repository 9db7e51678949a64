-- Purpose: how far the predictions of a run are from each other in two languages.
-- Grain: one row per item, population and pair of languages. Parameters: $run_id. Reads: language_difference.
-- Cells that are not scored in both languages are left out.
-- Example: $run_id = 'item-mean-1'
SELECT survey_id, item_id, population_id, language AS first, other_language AS second, total_variation
FROM language_difference
WHERE run_id = $run_id AND difference_paper_one_minus_jsd IS NOT NULL;
