-- Tasks that a deputy, or the queue, has for the time of a leave. A row goes when the task
-- is given back, or its leave ends after the task was done.
CREATE TABLE dossier_standin (
  leave     %INT%  NOT NULL,
  task_id   %INT%  NOT NULL,
  opened_at %INT%  NOT NULL,                 -- of the task as it was: another opening is another piece of work
  PRIMARY KEY (leave, task_id)
) %STRICT%;
