-- A fee whose order expired or was taken back is asked for again by a new order, one at a time.
ALTER TABLE payment_order ADD COLUMN renews %INT% NOT NULL DEFAULT 0; -- in whose place it asks; 0: the first
CREATE UNIQUE INDEX payment_order_renews ON payment_order (renews) WHERE renews <> 0;
