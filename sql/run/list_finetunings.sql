-- Purpose: the fine-tunings of the store, to find those that were begun with given settings.
-- Grain: one row per fine-tuning, in the order of their names. Parameters: none. Reads: run.
SELECT run_id, status, configuration FROM run WHERE kind = 'finetune' ORDER BY run_id;
