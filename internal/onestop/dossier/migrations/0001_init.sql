CREATE TABLE dossier_dossier (
  id             %INT%  PRIMARY KEY,
  code           %TEXT% NOT NULL UNIQUE,
  service        %TEXT% NOT NULL,            -- declared service
  package        %TEXT% NOT NULL,            -- digest of the version it is pinned to
  procedure      %TEXT% NOT NULL,            -- national code
  variant        %TEXT% NOT NULL,            -- case of the procedure
  state          %INT%  NOT NULL,            -- core state = national status code, 1 to 10
  channel        %TEXT% NOT NULL,
  reception_unit %INT%  NOT NULL,            -- place of reception
  receiving_unit %INT%  NOT NULL,            -- agency whose one-stop handles it
  competent_unit %INT%  NOT NULL,            -- agency that decides
  submitter      %INT%  NOT NULL,            -- account, 0 where nobody signed in
  applicant      %TEXT% NOT NULL,            -- name as shown
  phone          %TEXT% NOT NULL,            -- digits, second key of public tracking
  mail           %BOOL% NOT NULL,            -- the applicant gave an e-mail address
  submitted_at   %INT%  NOT NULL,
  receive_by     %INT%  NOT NULL,            -- until when the one-stop must accept, ask or refuse
  accepted_at    %INT%,
  due_at         %INT%,                      -- the promised date; none before acceptance
  closed_at      %INT%,
  paused_at      %INT%,                      -- the count stands still since
  process        %TEXT% NOT NULL,            -- state of the process instance
  version        %INT%  NOT NULL
) %STRICT%;
CREATE INDEX dossier_dossier_submitter ON dossier_dossier (submitter, id) WHERE submitter <> 0;

CREATE TABLE dossier_content (
  dossier_id %INT%  PRIMARY KEY,
  answers    %TEXT% NOT NULL,
  papers     %TEXT% NOT NULL,
  filing     %TEXT% NOT NULL,                -- applicant, submitter, delivery, copies
  officer    %TEXT% NOT NULL                 -- what officers filled in
) %STRICT%;

CREATE TABLE dossier_task (
  id         %INT%  PRIMARY KEY,
  dossier_id %INT%  NOT NULL,
  token      %INT%  NOT NULL,                -- where the branch stands in the instance
  step       %TEXT% NOT NULL,
  role       %TEXT% NOT NULL,                -- '' where the task is the applicant's
  unit       %INT%  NOT NULL,
  assignee   %INT%  NOT NULL,                -- account, 0 while nobody took it
  open       %BOOL% NOT NULL,
  due_at     %INT%  NOT NULL,                -- of the task: what the queue is sorted by
  opened_at  %INT%  NOT NULL,
  code       %TEXT% NOT NULL,
  package    %TEXT% NOT NULL,
  procedure  %TEXT% NOT NULL,
  applicant  %TEXT% NOT NULL,
  state      %INT%  NOT NULL,
  promised   %INT%,                          -- the dossier's due date
  version    %INT%  NOT NULL,
  last_by    %TEXT% NOT NULL,                -- who acted last, and when: the answer to a conflict
  last_at    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX dossier_task_queue ON dossier_task (unit, role, due_at, id) WHERE open;
CREATE INDEX dossier_task_mine ON dossier_task (assignee, due_at, id) WHERE open AND assignee <> 0;
CREATE INDEX dossier_task_dossier ON dossier_task (dossier_id);

CREATE TABLE dossier_code (
  series %TEXT% PRIMARY KEY,                 -- everything of the code before the number
  next   %INT%  NOT NULL
) %STRICT%;
