-- A declared act: a plan that two people answer for, or the undoing of an act.
CREATE TABLE reorganise_act (
  id         %INT%  NOT NULL PRIMARY KEY,
  kind       %TEXT% NOT NULL,                -- carry, undo
  plan       %TEXT% NOT NULL,                -- its id
  digest     %TEXT% NOT NULL,
  body       %TEXT% NOT NULL,                -- the file as declared
  undoes     %INT%  NOT NULL,                -- the act that an undoing takes back, else 0
  status     %TEXT% NOT NULL,                -- proposed, rejected, approved, running, done
  stage      %TEXT% NOT NULL,                -- of a running act: posts, dossiers, sweep
  place      %INT%  NOT NULL,                -- dossier after which the next batch begins
  total      %INT%  NOT NULL,                -- open dossiers when it began
  proposer   %INT%  NOT NULL,
  proposed_by %TEXT% NOT NULL,
  proposed_at %INT% NOT NULL,
  decider    %INT%  NOT NULL,
  decided_by %TEXT% NOT NULL,
  decided_at %INT%,
  started_at %INT%,
  ended_at   %INT%,
  reason     %TEXT% NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX reorganise_act_running ON reorganise_act (kind) WHERE status = 'running';

-- What an act did with each dossier: one row, written with the move.
CREATE TABLE reorganise_item (
  act       %INT%  NOT NULL,
  dossier   %INT%  NOT NULL,
  code      %TEXT% NOT NULL,
  outcome   %TEXT% NOT NULL,                 -- moved, stays, failed, undone
  why       %TEXT% NOT NULL,
  problem   %TEXT% NOT NULL,
  from_unit %INT%  NOT NULL,                 -- receiving agency before and after
  to_unit   %INT%  NOT NULL,
  version   %INT%  NOT NULL,                 -- of the dossier after the move
  shift     %TEXT% NOT NULL,                 -- JSON: what an undoing needs
  at        %INT%  NOT NULL,
  PRIMARY KEY (act, dossier)
) %CLUSTERED%;
CREATE INDEX reorganise_item_outcome ON reorganise_item (act, outcome, why);
CREATE INDEX reorganise_item_code ON reorganise_item (code);

-- Dossiers of divided communes of which nobody has said yet where they belong.
CREATE TABLE reorganise_split (
  dossier   %INT%  NOT NULL PRIMARY KEY,
  act       %INT%  NOT NULL,
  code      %TEXT% NOT NULL,
  procedure %TEXT% NOT NULL,
  applicant %TEXT% NOT NULL,
  address   %TEXT% NOT NULL,
  commune   %INT%  NOT NULL,                 -- divided, of the day before
  holder    %INT%  NOT NULL,                 -- agency that acts on it now
  heirs     %TEXT% NOT NULL,                 -- JSON: territories among which it is asked
  due_at    %INT%  NOT NULL,
  status    %TEXT% NOT NULL,                 -- open, settled, over
  settled_by %TEXT% NOT NULL,
  settled_at %INT%,
  reason    %TEXT% NOT NULL
) %STRICT%;
CREATE INDEX reorganise_split_holder ON reorganise_split (holder, due_at, dossier) WHERE status = 'open';

-- Which posts ended and began by an act.
CREATE TABLE reorganise_post (
  act       %INT%  NOT NULL,
  account   %INT%  NOT NULL,
  role      %TEXT% NOT NULL,
  from_unit %INT%  NOT NULL,
  to_role   %TEXT% NOT NULL,                 -- '' where nothing follows
  to_unit   %INT%  NOT NULL,
  name      %TEXT% NOT NULL,
  PRIMARY KEY (act, account, role, from_unit, to_unit)
) %CLUSTERED%;
