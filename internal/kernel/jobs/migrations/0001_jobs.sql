-- A job that waits, runs or is dead; one that succeeded is gone. On PostgreSQL a
-- claim moves run_at to the end of its lease, so that a job whose node died comes back.
CREATE TABLE jobs_job (
    id         %INT%  NOT NULL PRIMARY KEY,
    kind       %TEXT% NOT NULL,
    args       %TEXT% NOT NULL,
    unique_key %TEXT%,
    run_at     %INT%  NOT NULL,
    attempts   %INT%  NOT NULL,
    dead       %BOOL% NOT NULL,
    error      %TEXT% NOT NULL,
    created    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX jobs_job_due ON jobs_job (run_at, id) WHERE NOT dead;
CREATE UNIQUE INDEX jobs_job_unique ON jobs_job (kind, unique_key) WHERE unique_key IS NOT NULL AND NOT dead;

-- When each periodic job is next enqueued; whoever moves it enqueues.
CREATE TABLE jobs_periodic (
    kind %TEXT% NOT NULL PRIMARY KEY,
    next %INT%  NOT NULL
) %CLUSTERED%;
