-- Jobs are claimed kind by kind: a backlog of one does not lie before the others.
DROP INDEX jobs_job_due;
CREATE INDEX jobs_job_kind_due ON jobs_job (kind, run_at, id) WHERE NOT dead;
