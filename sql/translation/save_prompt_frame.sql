-- Purpose: keep a user's prompt sentences, replacing those given before.
-- Reads: incoming (columns of prompt_frame). Writes: prompt_frame.
INSERT OR REPLACE INTO prompt_frame BY NAME
SELECT language, frame::JSON AS frame, file_name, added_at FROM incoming;
