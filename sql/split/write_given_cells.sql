-- Purpose: write the cells that a user assigned to parts; those that the survey did not ask are left out.
-- Grain written: one row per part and cell. Parameters: $split.
-- Reads: cell, and the table given_cell (part, survey_id, item_id, population_id). Writes: split_cell.
-- Example: $split = 'unseen-questions'
-- Example: given_cell AS SELECT 'mine' AS part, survey_id, item_id, population_id FROM cell LIMIT 5
INSERT INTO split_cell BY NAME
SELECT DISTINCT
    $split AS split,
    g.part,
    g.survey_id,
    g.item_id,
    g.population_id
FROM given_cell AS g
SEMI JOIN cell USING (survey_id, item_id, population_id);
