-- One opening of one service: the same service and instant, whatever version of the package.
CREATE TABLE waiting_opening (
  id       %INT%   PRIMARY KEY,
  service  %TEXT%  NOT NULL,
  from_at  %INT%   NOT NULL,
  seed     %BYTES% NOT NULL,             -- laid open when drawn
  secret   %BYTES% NOT NULL,             -- signs tickets, on every node; never laid open
  drawn_at %INT%   NOT NULL,             -- 0 before
  UNIQUE (service, from_at)
) %STRICT%;

-- One row an account: more windows, browsers and devices share it.
CREATE TABLE waiting_ticket (
  id         %INT% PRIMARY KEY,
  opening    %INT% NOT NULL,
  account    %INT% NOT NULL,
  arrived_at %INT% NOT NULL,
  ord        %INT% NOT NULL,             -- place in the order; all who came before stand before all others
  dossier    %INT% NOT NULL,             -- filed with it; 0 before
  UNIQUE (opening, account)
) %STRICT%;
CREATE INDEX waiting_ticket_line ON waiting_ticket (opening, ord) WHERE dossier = 0;
CREATE INDEX waiting_ticket_new ON waiting_ticket (opening, arrived_at);

-- Who was let in: everybody up to a place in the order. Rows are only added, by whichever node is first.
CREATE TABLE waiting_batch (
  opening %INT% NOT NULL,
  seq     %INT% NOT NULL,
  upto    %INT% NOT NULL,
  n       %INT% NOT NULL,
  at      %INT% NOT NULL,
  PRIMARY KEY (opening, seq)
) %STRICT%;

-- Who holds which place, until it is given back. A place is a number below the quota: no two
-- rows can be the same place, and those who file at once wait for no common row.
CREATE TABLE waiting_place (
  dossier  %INT%  PRIMARY KEY,
  opening  %INT%  NOT NULL,
  quota    %TEXT% NOT NULL,              -- the answer that is counted by; '' where there is one quota
  n        %INT%  NOT NULL,
  holder   %TEXT% NOT NULL,              -- keyed digest of the account or the answer
  taken_at %INT%  NOT NULL,
  UNIQUE (opening, quota, n),
  UNIQUE (opening, holder)
) %STRICT%;
