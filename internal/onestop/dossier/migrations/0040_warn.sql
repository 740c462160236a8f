-- The next instant at which somebody is told that a task's term runs out: 0 asks to count it,
-- NULL is never. It moves with the term, and on its own when a rule was told.
ALTER TABLE dossier_task ADD COLUMN warn_at %INT%;
CREATE INDEX dossier_task_warn ON dossier_task (warn_at, id) WHERE open AND warn_at IS NOT NULL;
UPDATE dossier_task SET warn_at = 0 WHERE open AND role <> '';

-- Who is to be told of which term by which rule, once each; told in one notice a person and day.
CREATE TABLE dossier_warning (
  subject    %INT%  NOT NULL,                -- the task, or of the promise the dossier
  due_at     %INT%  NOT NULL,                -- the term
  mark       %TEXT% NOT NULL,                -- the rule
  account    %INT%  NOT NULL,
  task_id    %INT%  NOT NULL,
  promise    %BOOL% NOT NULL,                -- the term is the dossier's promised date
  created_at %INT%  NOT NULL,
  told_at    %INT%,
  PRIMARY KEY (subject, due_at, mark, account)
) %STRICT%;
CREATE INDEX dossier_warning_account ON dossier_warning (account, told_at);
CREATE INDEX dossier_warning_age ON dossier_warning (created_at);
