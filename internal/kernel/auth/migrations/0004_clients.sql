-- Tokens that a program of somebody else holds: the client, what it may ask for (by space), the session from which the owner let it in,
-- the permit that all tokens of one consent share, and the thumbprint of the key that must be proved with each request. 0 and '' where there is none.
ALTER TABLE auth_session ADD COLUMN client %INT% NOT NULL DEFAULT 0;
ALTER TABLE auth_session ADD COLUMN scopes %TEXT% NOT NULL DEFAULT '';
ALTER TABLE auth_session ADD COLUMN parent %INT% NOT NULL DEFAULT 0;
ALTER TABLE auth_session ADD COLUMN permit %INT% NOT NULL DEFAULT 0;
ALTER TABLE auth_session ADD COLUMN bound %TEXT% NOT NULL DEFAULT '';
