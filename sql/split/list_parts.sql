-- Purpose: the parts of a split, with their number of cells.
-- Grain: one row per part. Parameters: $split. Reads: split_cell.
-- Example: $split = 'unseen-questions'
SELECT part, count(*) AS n_cells
FROM split_cell
WHERE split = $split
GROUP BY part
ORDER BY part;
