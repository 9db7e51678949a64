-- Purpose: give each cell to the parts whose item set and population set it belongs to.
-- Grain written: one row per part and cell. Parameters: $split.
-- Reads: cell, and the tables item_set (survey_id, item_id, item_set), population_set (population_id, population_set)
-- and part_rule (part, item_set, population_set). Writes: split_cell.
-- Example: $split = 'unseen-questions'
-- Example: item_set AS SELECT survey_id, item_id, 'all' AS item_set FROM item
-- Example: population_set AS SELECT population_id, 'all' AS population_set FROM population
-- Example: part_rule AS SELECT 'everything' AS part, 'all' AS item_set, 'all' AS population_set
INSERT INTO split_cell BY NAME
SELECT
    $split AS split,
    r.part,
    c.survey_id,
    c.item_id,
    c.population_id
FROM cell AS c
JOIN item_set AS i USING (survey_id, item_id)
JOIN population_set AS p USING (population_id)
JOIN part_rule AS r USING (item_set, population_set);
