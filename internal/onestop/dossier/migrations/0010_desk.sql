-- One index serves every list of a unit's open tasks: a filter by state, procedure or holder
-- is answered from it, and so are the counts beside the filters.
CREATE INDEX dossier_task_desk ON dossier_task (unit, role, due_at, id, assignee, state, procedure) WHERE open;
DROP INDEX dossier_task_queue;
