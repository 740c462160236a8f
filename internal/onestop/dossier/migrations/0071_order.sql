-- Both lists of a leader are read from the index alone: what stands elsewhere by its owner,
-- and of what stands here whose it is.
DROP INDEX dossier_task_owner;
DROP INDEX dossier_task_unit;
CREATE INDEX dossier_task_owner ON dossier_task (owner, due_at, id, unit) WHERE open AND unit <> 0 AND unit <> owner;
CREATE INDEX dossier_task_unit ON dossier_task (unit, due_at, id, owner) WHERE open;

-- Orders of leaders on dossiers: who is to answer, until when, and what they said. What was
-- ordered and answered before stands in the journal.
CREATE TABLE dossier_order (
  id          %INT%  NOT NULL PRIMARY KEY,
  dossier_id  %INT%  NOT NULL,
  code        %TEXT% NOT NULL,
  unit        %INT%  NOT NULL,               -- agency whose leader orders
  leader      %INT%  NOT NULL,               -- account
  leader_name %TEXT% NOT NULL,
  officer     %INT%  NOT NULL,               -- account that is to answer
  officer_name %TEXT% NOT NULL,
  note        %TEXT% NOT NULL,
  due_at      %INT%  NOT NULL,
  made_at     %INT%  NOT NULL,
  state       %TEXT% NOT NULL,               -- open, answered, closed
  answer      %TEXT% NOT NULL,
  forecast    %TEXT% NOT NULL,               -- day on which the officer now expects the result
  answered_at %INT%,
  rounds      %INT%  NOT NULL,               -- 1, and one more each time the leader insisted
  version     %INT%  NOT NULL
) %STRICT%;
CREATE INDEX dossier_order_unit ON dossier_order (unit, due_at, id) WHERE state <> 'closed';
CREATE INDEX dossier_order_officer ON dossier_order (officer, due_at, id) WHERE state <> 'closed';
CREATE INDEX dossier_order_dossier ON dossier_order (dossier_id);
