-- The last day of somebody who left the service; '' while they serve.
ALTER TABLE identity_officer ADD COLUMN left_on %TEXT% NOT NULL DEFAULT '';
