-- Predictions that were fixed before the answers came, and how often a split's parts have been looked at.

CREATE TABLE prediction_lock (
    run_id VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    n_cells BIGINT NOT NULL,
    n_answered BIGINT NOT NULL,
    locked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (run_id)
);
COMMENT ON TABLE prediction_lock IS 'One row per run that `surveycli lock` locked: SHA-256 of its predictions, how many cells they are of, and of how many of these the store had answers at that time (UTC).';
COMMENT ON COLUMN prediction_lock.sha256 IS 'Of one line per prediction: survey, item, population, language, option code and probability, with tabs between them, in this order.';

CREATE TABLE scoring (
    run_id VARCHAR NOT NULL,
    split VARCHAR NOT NULL,
    part VARCHAR NOT NULL,
    predicted_at TIMESTAMP NOT NULL,
    scored_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE scoring IS 'One row per run, split, part and time at which it was predicted, the first time that these predictions were scored: how often somebody has looked at a test part.';
