-- Results that wait for their owners at a counter, the longest waiting first. The state is
-- written out (9, done): an index that holds nothing else costs only the step that makes a result.
CREATE INDEX dossier_task_ready ON dossier_task (unit, opened_at, id) WHERE open AND state = 9;
