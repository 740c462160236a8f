-- Who can sign in. login is folded to lower case; password is an argon2id text or '' (no sign-in by password).
CREATE TABLE auth_account (
    id       %INT% NOT NULL PRIMARY KEY,
    login    %TEXT% NOT NULL UNIQUE,
    name     %TEXT% NOT NULL,
    kind     %TEXT% NOT NULL CHECK (kind IN ('citizen', 'officer', 'system')),
    password %TEXT% NOT NULL,
    disabled %BOOL% NOT NULL,
    created  %INT% NOT NULL
) %STRICT%;

-- A role within a scope, from a day up to and including another; '' is open.
CREATE TABLE auth_grant (
    account %INT% NOT NULL REFERENCES auth_account (id),
    role    %TEXT% NOT NULL,
    scope   %TEXT% NOT NULL,
    starts  %TEXT% NOT NULL,
    ends    %TEXT% NOT NULL,
    PRIMARY KEY (account, role, scope, starts)
) %CLUSTERED%;

CREATE INDEX auth_grant_scope ON auth_grant (scope, role);

-- Sessions of browsers and tokens of programs. Only the SHA-256 of the secret is kept.
CREATE TABLE auth_session (
    id      %INT% NOT NULL PRIMARY KEY,
    secret  %BYTES% NOT NULL UNIQUE,
    account %INT% NOT NULL REFERENCES auth_account (id),
    kind    %TEXT% NOT NULL CHECK (kind IN ('session', 'token')),
    label   %TEXT% NOT NULL,
    network %TEXT% NOT NULL,
    created %INT% NOT NULL,
    seen    %INT% NOT NULL,
    expires %INT% NOT NULL
) %STRICT%;

CREATE INDEX auth_session_account ON auth_session (account);
CREATE INDEX auth_session_expires ON auth_session (expires);

-- Accounts whose rights or sessions changed lately; every node reads it each second and forgets what it cached.
CREATE TABLE auth_change (
    id      %INT% NOT NULL PRIMARY KEY,
    account %INT% NOT NULL
) %STRICT%;
