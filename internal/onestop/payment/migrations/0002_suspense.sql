-- Money that matched no order, until two people gave it to one or sent it back. The text is what
-- the payer wrote: it goes when the money is settled and its term is over.
CREATE TABLE payment_suspense (
  notice    %INT%  NOT NULL PRIMARY KEY,   -- of payment_notice
  unit      %INT%  NOT NULL,               -- whose account got it
  way       %TEXT% NOT NULL,
  external  %TEXT% NOT NULL,
  amount    %INT%  NOT NULL CHECK (amount > 0),
  told_at   %INT%  NOT NULL,
  text      %TEXT% NOT NULL,               -- purpose, as the bank passed it on
  state     %TEXT% NOT NULL,               -- lying, asked, returning, assigned, returned
  aim       %TEXT% NOT NULL,               -- assign, return; '' while it lies
  order_id  %INT%  NOT NULL,               -- of assign
  why       %TEXT% NOT NULL,
  asked_id  %INT%  NOT NULL,
  asked_by  %TEXT% NOT NULL,
  second_id %INT%  NOT NULL,
  second_by %TEXT% NOT NULL,
  ref       %TEXT% NOT NULL,               -- of the transfer back
  ended_at  %INT%  NOT NULL,               -- 0: not settled
  version   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX payment_suspense_open ON payment_suspense (unit, told_at, notice) WHERE ended_at = 0;
CREATE INDEX payment_suspense_ended ON payment_suspense (ended_at) WHERE ended_at <> 0;

INSERT INTO payment_suspense (notice, unit, way, external, amount, told_at, text, state, aim, order_id, why, asked_id, asked_by, second_id, second_by, ref, ended_at, version)
 SELECT id, unit, way, external, amount, told_at, '', 'lying', '', 0, '', 0, '', 0, '', '', 0, 1 FROM payment_notice WHERE order_id = 0 AND amount > 0;
