-- A unit's list in the order of its terms; a filter by state, procedure or holder is answered
-- from the index.
CREATE INDEX dossier_task_desk ON dossier_task (unit, role, due_at, id, assignee, state, procedure) WHERE open;
DROP INDEX dossier_task_queue;
-- The counts beside the filters, in the order in which they are grouped, without the rows.
CREATE INDEX dossier_task_piles ON dossier_task (unit, role, state, procedure, assignee, due_at, open) WHERE open;
