-- How sure the city is of who owns the account, how a session was opened (RFC 8176 names, by space) and when its owner was last asked to prove it.
ALTER TABLE auth_account ADD COLUMN level %TEXT% NOT NULL DEFAULT 'registered';
ALTER TABLE auth_session ADD COLUMN methods %TEXT% NOT NULL DEFAULT '';
ALTER TABLE auth_session ADD COLUMN proved %INT% NOT NULL DEFAULT 0;
