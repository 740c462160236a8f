-- Demands for money. Who opened one and what happened stands in the journal.
CREATE TABLE payment_order (
  id          %INT%  NOT NULL PRIMARY KEY,
  source_type %TEXT% NOT NULL,             -- dossier
  source_id   %INT%  NOT NULL,
  source_code %TEXT% NOT NULL,
  payer       %TEXT% NOT NULL,
  account     %INT%  NOT NULL,             -- of the payer; 0 without one
  unit        %INT%  NOT NULL,             -- who gets it
  lines       %TEXT% NOT NULL,
  amount      %INT%  NOT NULL CHECK (amount > 0),
  state       %TEXT% NOT NULL,
  reference   %TEXT% NOT NULL,
  opened_at   %INT%  NOT NULL,
  expires_at  %INT%  NOT NULL,             -- 0: never
  paid_at     %INT%  NOT NULL,             -- 0: not yet
  version     %INT%  NOT NULL,
  got         %TEXT% NOT NULL,             -- by way, less what went back
  void        %TEXT% NOT NULL,             -- cancelled, expired, refunded; '' while it stands
  refund      %TEXT% NOT NULL,
  dispute     %TEXT% NOT NULL,
  why         %TEXT% NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX payment_order_reference ON payment_order (reference);
CREATE INDEX payment_order_source ON payment_order (source_id, source_type);
CREATE INDEX payment_order_unit ON payment_order (unit, id);
CREATE INDEX payment_order_waits ON payment_order (id) WHERE state IN ('open', 'partial');

-- What came, and what went back (less than zero), each once.
CREATE TABLE payment_notice (
  id        %INT%  NOT NULL PRIMARY KEY,
  way       %TEXT% NOT NULL,               -- bank, gateway, cash, card
  external  %TEXT% NOT NULL,               -- the bank's own number
  digest    %TEXT% NOT NULL,
  order_id  %INT%  NOT NULL,               -- 0: nobody knows what for
  unit      %INT%  NOT NULL,
  amount    %INT%  NOT NULL CHECK (amount <> 0),
  told_at   %INT%  NOT NULL,               -- when it came, as told
  at        %INT%  NOT NULL,
  via       %TEXT% NOT NULL,               -- notice, statement, sweep, desk
  shift     %INT%  NOT NULL,               -- of the cashier; 0 elsewhere
  by_id     %INT%  NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX payment_notice_once ON payment_notice (way, external);
CREATE INDEX payment_notice_day ON payment_notice (unit, told_at);
CREATE INDEX payment_notice_order ON payment_notice (order_id) WHERE order_id <> 0;
CREATE INDEX payment_notice_shift ON payment_notice (shift) WHERE shift <> 0;

-- The ledger. A row debits one account by what it credits another: half of a booking has no
-- row to stand in. Rows are only ever added.
CREATE TABLE payment_move (
  id       %INT%  NOT NULL PRIMARY KEY,
  txn      %INT%  NOT NULL,
  debit    %TEXT% NOT NULL,                -- unit:kind
  credit   %TEXT% NOT NULL,
  amount   %INT%  NOT NULL CHECK (amount > 0),
  order_id %INT%  NOT NULL,
  CHECK (debit <> credit)
) %STRICT%;
CREATE INDEX payment_move_debit ON payment_move (debit, id, amount);
CREATE INDEX payment_move_credit ON payment_move (credit, id, amount);

-- Balances up to a move; what is younger is summed. Written by a job, never by a payment.
CREATE TABLE payment_snapshot (
  account %TEXT% NOT NULL,
  upto    %INT%  NOT NULL,
  balance %INT%  NOT NULL,
  PRIMARY KEY (account, upto)
) %STRICT%;

-- A cashier's time at the box.
CREATE TABLE payment_shift (
  id        %INT%  NOT NULL PRIMARY KEY,
  unit      %INT%  NOT NULL,
  cashier   %INT%  NOT NULL,
  name      %TEXT% NOT NULL,
  opened_at %INT%  NOT NULL,
  float     %INT%  NOT NULL,               -- change in the box at its begin
  closed_at %INT%  NOT NULL,               -- 0: open
  expected  %INT%  NOT NULL,
  counted   %INT%  NOT NULL,
  why       %TEXT% NOT NULL                -- of the difference
) %STRICT%;
CREATE UNIQUE INDEX payment_shift_open ON payment_shift (cashier) WHERE closed_at = 0;
CREATE INDEX payment_shift_unit ON payment_shift (unit, id);

-- What banks stated. A line is kept once, however often its file is imported.
CREATE TABLE payment_line (
  id      %INT%  NOT NULL PRIMARY KEY,
  unit    %INT%  NOT NULL,
  ref     %TEXT% NOT NULL,
  amount  %INT%  NOT NULL,
  at      %INT%  NOT NULL,
  text    %TEXT% NOT NULL,
  verdict %TEXT% NOT NULL                  -- known, found, unknown, settlement, deposit, other, out
) %STRICT%;
CREATE UNIQUE INDEX payment_line_once ON payment_line (unit, ref);
CREATE INDEX payment_line_day ON payment_line (unit, at);
