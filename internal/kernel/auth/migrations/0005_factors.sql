-- second: the password alone signs nobody in. renew: the owner must choose another password first.
ALTER TABLE auth_account ADD COLUMN second %BOOL% NOT NULL DEFAULT FALSE;
ALTER TABLE auth_account ADD COLUMN renew %BOOL% NOT NULL DEFAULT FALSE;

-- Passkeys. record is the credential as the library keeps it, sealed.
CREATE TABLE auth_passkey (
    id         %INT% NOT NULL PRIMARY KEY,
    account    %INT% NOT NULL REFERENCES auth_account (id),
    credential %BYTES% NOT NULL UNIQUE,
    record     %BYTES% NOT NULL,
    label      %TEXT% NOT NULL,
    cloned     %BOOL% NOT NULL,
    created    %INT% NOT NULL,
    used       %INT% NOT NULL
) %STRICT%;

CREATE INDEX auth_passkey_account ON auth_passkey (account);

-- The application that shows codes: one an account. step is the last period whose code was taken.
CREATE TABLE auth_totp (
    account %INT% NOT NULL PRIMARY KEY REFERENCES auth_account (id),
    secret  %BYTES% NOT NULL,
    step    %INT% NOT NULL,
    created %INT% NOT NULL,
    used    %INT% NOT NULL
) %STRICT%;

-- Recovery codes, each good once. mark is a keyed hash.
CREATE TABLE auth_recovery_code (
    account %INT% NOT NULL REFERENCES auth_account (id),
    mark    %TEXT% NOT NULL,
    used    %INT% NOT NULL,
    PRIMARY KEY (account, mark)
) %CLUSTERED%;

-- Where codes may be sent: one e-mail address and one telephone an account, each confirmed by a code. address is sealed.
CREATE TABLE auth_contact (
    account   %INT% NOT NULL REFERENCES auth_account (id),
    kind      %TEXT% NOT NULL CHECK (kind IN ('email', 'phone')),
    address   %BYTES% NOT NULL,
    second    %BOOL% NOT NULL,
    confirmed %INT% NOT NULL,
    PRIMARY KEY (account, kind)
) %CLUSTERED%;

-- Ceremonies and codes that were used, so that none counts twice. tries counts wrong answers.
CREATE TABLE auth_spent (
    id      %TEXT% NOT NULL PRIMARY KEY,
    tries   %INT% NOT NULL,
    done    %BOOL% NOT NULL,
    expires %INT% NOT NULL
) %STRICT%;

CREATE INDEX auth_spent_expires ON auth_spent (expires);
