-- A message goes one way at a time; what it falls to next stands in then_by.
ALTER TABLE notify_message ADD COLUMN channel %TEXT% NOT NULL DEFAULT 'email';
ALTER TABLE notify_message ADD COLUMN kind %TEXT% NOT NULL DEFAULT 'course';
ALTER TABLE notify_message ADD COLUMN account %INT% NOT NULL DEFAULT 0;
ALTER TABLE notify_message ADD COLUMN brief %TEXT% NOT NULL DEFAULT '';    -- text of an SMS
ALTER TABLE notify_message ADD COLUMN peek %TEXT% NOT NULL DEFAULT '';     -- text of a locked screen
ALTER TABLE notify_message ADD COLUMN then_by %TEXT% NOT NULL DEFAULT '';  -- JSON: further ways, first first
ALTER TABLE notify_message ADD COLUMN tries %INT% NOT NULL DEFAULT 0;
ALTER TABLE notify_message ADD COLUMN reason %TEXT% NOT NULL DEFAULT '';   -- class of the last failure
ALTER TABLE notify_message ADD COLUMN ref %TEXT% NOT NULL DEFAULT '';      -- the carrier's name for it
CREATE INDEX notify_message_state ON notify_message (state, id);
CREATE INDEX notify_message_ref ON notify_message (ref) WHERE ref <> '';

CREATE TABLE notify_inbox (
  id         %INT%  NOT NULL PRIMARY KEY,
  account    %INT%  NOT NULL,
  cause      %TEXT% NOT NULL,
  kind       %TEXT% NOT NULL,
  title      %TEXT% NOT NULL,
  body       %TEXT% NOT NULL,
  link       %TEXT% NOT NULL,
  created_at %INT%  NOT NULL,
  read_at    %INT%,
  UNIQUE (account, cause)
) %STRICT%;
CREATE INDEX notify_inbox_account ON notify_inbox (account, id);
CREATE INDEX notify_inbox_unread ON notify_inbox (account) WHERE read_at IS NULL;

-- What a person chose; who chose nothing has no row.
CREATE TABLE notify_person (
  account    %INT%  NOT NULL PRIMARY KEY,
  email      %TEXT% NOT NULL,
  phone      %TEXT% NOT NULL,
  lang       %TEXT% NOT NULL,                -- '' as the notice comes
  choices    %TEXT% NOT NULL,                -- JSON, by kind
  changed_at %INT%  NOT NULL
) %STRICT%;

-- Browsers that take pushed notices. The endpoint is a secret of the browser.
CREATE TABLE notify_browser (
  id         %INT%  NOT NULL PRIMARY KEY,
  account    %INT%  NOT NULL,
  endpoint   %TEXT% NOT NULL UNIQUE,
  p256dh     %BYTES% NOT NULL,
  auth       %BYTES% NOT NULL,
  label      %TEXT% NOT NULL,                -- kind of device, for the list of them
  created_at %INT%  NOT NULL
) %STRICT%;
CREATE INDEX notify_browser_account ON notify_browser (account);
