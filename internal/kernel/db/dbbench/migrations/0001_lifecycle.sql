CREATE TABLE bench_request (
    actor %INT% NOT NULL, key %TEXT% NOT NULL, body %BYTES% NOT NULL, result %INT% NOT NULL, at %INT% NOT NULL,
    PRIMARY KEY (actor, key)
) %CLUSTERED%;

CREATE TABLE bench_dossier (
    id %INT% NOT NULL PRIMARY KEY, code %TEXT% NOT NULL UNIQUE, procedure %TEXT% NOT NULL, unit %TEXT% NOT NULL,
    state %TEXT% NOT NULL, due %INT%, applicant %TEXT% NOT NULL, version %INT% NOT NULL
) %STRICT%;

CREATE TABLE bench_form (dossier %INT% NOT NULL PRIMARY KEY, answers %JSON% NOT NULL) %STRICT%;
CREATE TABLE bench_paper (dossier %INT% NOT NULL PRIMARY KEY, list %JSON% NOT NULL) %STRICT%;
CREATE TABLE bench_instance (id %INT% NOT NULL PRIMARY KEY, state %TEXT% NOT NULL, version %INT% NOT NULL) %STRICT%;

CREATE TABLE bench_task (
    id %INT% NOT NULL PRIMARY KEY, dossier %INT% NOT NULL, code %TEXT% NOT NULL, applicant %TEXT% NOT NULL, unit %TEXT% NOT NULL,
    role %TEXT% NOT NULL, state %TEXT% NOT NULL, due %INT%, version %INT% NOT NULL
) %STRICT%;
CREATE INDEX bench_task_queue ON bench_task (unit, role, due, id) WHERE state = 'open';

CREATE TABLE bench_history (
    id %INT% NOT NULL PRIMARY KEY, dossier %INT% NOT NULL, actor %INT% NOT NULL, act %TEXT% NOT NULL, at %INT% NOT NULL
) %STRICT%;

CREATE TABLE bench_journal (
    id %INT% NOT NULL PRIMARY KEY, subject %INT% NOT NULL, kind %TEXT% NOT NULL, payload %BYTES% NOT NULL
) %STRICT%;
CREATE INDEX bench_journal_subject ON bench_journal (subject, id);
