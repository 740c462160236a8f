-- idle: seconds after which a session ends unused; 0 is the house's own rule.
ALTER TABLE auth_session ADD COLUMN idle %INT% NOT NULL DEFAULT 0;

-- Browsers that stand in a public place. mark is the hash of the code until it was used, then of the cookie.
CREATE TABLE auth_kiosk (
    id      %INT% NOT NULL PRIMARY KEY,
    label   %TEXT% NOT NULL,
    mark    %TEXT% NOT NULL UNIQUE,
    state   %TEXT% NOT NULL CHECK (state IN ('waiting', 'on', 'off')),
    by      %INT% NOT NULL,
    created %INT% NOT NULL,
    expires %INT% NOT NULL
) %STRICT%;
