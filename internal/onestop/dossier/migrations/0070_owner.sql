-- The agency that decides the dossier, so that a leader finds what stands at other units, and
-- what others let stand here, without a join. A closed row takes it when it is used again.
ALTER TABLE dossier_task ADD COLUMN owner %INT% NOT NULL DEFAULT 0;
UPDATE dossier_task SET owner = (SELECT d.competent_unit FROM dossier_dossier d WHERE d.id = dossier_task.dossier_id) WHERE open;
-- What stands elsewhere than at its owner, be it an office of the owner. Most tasks do not.
CREATE INDEX dossier_task_owner ON dossier_task (owner, due_at, id) WHERE open AND unit <> 0 AND unit <> owner;
CREATE INDEX dossier_task_unit ON dossier_task (unit, due_at, id) WHERE open;
