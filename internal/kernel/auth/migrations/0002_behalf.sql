-- Whom a deputy stands in for, as shown; '' where the post is one's own.
ALTER TABLE auth_grant ADD COLUMN for_name %TEXT% NOT NULL DEFAULT '';
