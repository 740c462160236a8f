-- Officers. A row is never deleted: its number is never given again.
CREATE TABLE identity_officer (
  account %INT%  NOT NULL PRIMARY KEY,
  number  %TEXT% NOT NULL UNIQUE,          -- CB0000123-45
  login   %TEXT% NOT NULL,
  name    %TEXT% NOT NULL,
  email   %TEXT% NOT NULL,
  phone   %TEXT% NOT NULL,
  folded  %TEXT% NOT NULL,                 -- name, login and number as a search reads them
  since   %INT%  NOT NULL
) %STRICT%;

CREATE TABLE identity_number (
  one %INT% NOT NULL PRIMARY KEY,
  n   %INT% NOT NULL
) %STRICT%;
INSERT INTO identity_number (one, n) VALUES (1, 0);

-- What the register knows of a grant beside its days.
CREATE TABLE identity_post (
  account   %INT%  NOT NULL,
  unit      %INT%  NOT NULL,
  role      %TEXT% NOT NULL,
  starts    %TEXT% NOT NULL,               -- as the grant's
  decision  %TEXT% NOT NULL,
  sign      %TEXT% NOT NULL,               -- '', own, kt, tl, tuq
  change_id %INT%  NOT NULL,
  PRIMARY KEY (account, unit, role, starts)
) %STRICT%;

-- What somebody asked for and somebody else decided. A row changes when it is sent and when it is decided.
CREATE TABLE identity_change (
  id            %INT%  NOT NULL PRIMARY KEY,
  kind          %TEXT% NOT NULL,           -- appoint, end, import, office, post
  unit          %INT%  NOT NULL,           -- under whose authority
  account       %INT%  NOT NULL,           -- whose post; 0 where nobody's or of several
  subject       %TEXT% NOT NULL,           -- what no second open change may be about; '' for nothing
  body          %TEXT% NOT NULL,
  status        %TEXT% NOT NULL,           -- draft, proposed, approved, rejected, withdrawn
  proposer      %INT%  NOT NULL,
  proposer_name %TEXT% NOT NULL,
  proposed_at   %INT%  NOT NULL,
  decider       %INT%  NOT NULL,
  decider_name  %TEXT% NOT NULL,
  decided_at    %INT%,
  reason        %TEXT% NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX identity_change_subject ON identity_change (subject) WHERE status = 'proposed' AND subject <> '';
CREATE INDEX identity_change_status ON identity_change (status, id);
CREATE INDEX identity_change_account ON identity_change (account, id) WHERE account <> 0;

CREATE TABLE identity_leave (
  id           %INT%  NOT NULL PRIMARY KEY,
  account      %INT%  NOT NULL,
  name         %TEXT% NOT NULL,
  deputy       %INT%  NOT NULL,
  deputy_name  %TEXT% NOT NULL,
  starts       %TEXT% NOT NULL,
  ends         %TEXT% NOT NULL,            -- last day
  reason       %TEXT% NOT NULL,
  grants       %TEXT% NOT NULL,            -- given to the deputy for it
  status       %TEXT% NOT NULL,            -- planned, running, ended, cancelled
  moved        %INT%  NOT NULL,            -- tasks that went to the deputy or the queue
  entered_by   %INT%  NOT NULL,
  entered_name %TEXT% NOT NULL,
  entered_at   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX identity_leave_account ON identity_leave (account, starts);
CREATE INDEX identity_leave_deputy ON identity_leave (deputy, starts);
