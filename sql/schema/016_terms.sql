-- On what terms the data of a survey may be used by language models, and when they were got.

ALTER TABLE survey ADD COLUMN ai_policy VARCHAR DEFAULT 'unknown';
ALTER TABLE survey ADD COLUMN accessed_on DATE;
COMMENT ON COLUMN survey.ai_policy IS 'local-only: its data may not be sent to servers elsewhere; hosted-allowed: they may; unknown: its publisher''s terms are not recorded.';
COMMENT ON COLUMN survey.accessed_on IS 'When its data were got from their publisher, as the user says; NULL where not said.';
