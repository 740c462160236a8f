-- Units that a reorganisation put in place of others: what an undoing goes back to.
ALTER TABLE counter_original ADD COLUMN unit_was %INT% NOT NULL DEFAULT 0;
ALTER TABLE counter_batch ADD COLUMN from_was %INT% NOT NULL DEFAULT 0;
ALTER TABLE counter_batch ADD COLUMN to_was %INT% NOT NULL DEFAULT 0;
ALTER TABLE counter_batch ADD COLUMN part_of %INT% NOT NULL DEFAULT 0;  -- batch that was parted, since its papers went to several units
CREATE INDEX counter_batch_part ON counter_batch (part_of, to_unit) WHERE part_of <> 0;
