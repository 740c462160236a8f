-- A way back into an account. account is 0 where the login that was typed is nobody's: it looks the same from outside.
CREATE TABLE auth_recovery (
    id      %INT% NOT NULL PRIMARY KEY,
    account %INT% NOT NULL,
    how     %TEXT% NOT NULL CHECK (how IN ('self', 'counter')),
    state   %TEXT% NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    by      %INT% NOT NULL,
    opens   %INT% NOT NULL,
    expires %INT% NOT NULL,
    created %INT% NOT NULL
) %STRICT%;

CREATE INDEX auth_recovery_account ON auth_recovery (account, state);

-- Browsers from which an account was used, by a hash of the browser's own token.
CREATE TABLE auth_device (
    account %INT% NOT NULL REFERENCES auth_account (id),
    browser %TEXT% NOT NULL,
    network %TEXT% NOT NULL,
    seen    %INT% NOT NULL,
    PRIMARY KEY (account, browser, network)
) %CLUSTERED%;
