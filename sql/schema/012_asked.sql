-- What a cell was asked by, so that predicting more never computes again what is there, nor keeps what was asked of
-- other texts.

ALTER TABLE prediction_cell ADD COLUMN asked VARCHAR;
COMMENT ON COLUMN prediction_cell.asked IS 'Fingerprint of the texts (question, options, population, prompt) that the cell was asked by; NULL for predictors that read none, and for predictions of surveycli 0.1.0.';
