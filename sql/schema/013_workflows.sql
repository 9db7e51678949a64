-- What workflows have done, so that a step whose inputs have not changed is skipped.

CREATE TABLE workflow_step (
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    begun_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    result_sha256 VARCHAR,
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE workflow_step IS 'One row per kind and name of what a step of a workflow made, as `surveycli run` did it last.';
COMMENT ON COLUMN workflow_step.name IS 'The survey file, split or run that the step makes, or the file that it writes.';
COMMENT ON COLUMN workflow_step.fingerprint IS 'SHA-256 of all that the step follows from: what it asks for, the files that it reads and the steps before it.';
COMMENT ON COLUMN workflow_step.finished_at IS 'When it came to its end (UTC); NULL where it was begun alone.';
COMMENT ON COLUMN workflow_step.result_sha256 IS 'SHA-256 of the file that it wrote; NULL where what it makes is in the store.';
