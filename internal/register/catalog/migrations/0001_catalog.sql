-- A version of a procedure's catalogue row (part 'row') or full record ('full').
-- Dates are ISO text; '' is an open end. A version whose two dates are equal was
-- replaced by a correction of the same day and is read by its number only.
CREATE TABLE catalog_version (
    code        %TEXT% NOT NULL,
    part        %TEXT% NOT NULL CHECK (part IN ('row', 'full')),
    revision    %INT%  NOT NULL,
    valid_from  %TEXT% NOT NULL,
    valid_to    %TEXT% NOT NULL,
    source      %TEXT% NOT NULL,
    derived     %BOOL% NOT NULL, -- a row taken from a full record, no catalogue known
    digest      %TEXT% NOT NULL,
    recorded_at %INT%  NOT NULL,
    body        %BYTES% NOT NULL, -- JSON; deflated where part is 'full'
    PRIMARY KEY (code, part, revision)
) %STRICT%;

-- Computed level of a procedure's service in a unit ('' for the whole city).
CREATE TABLE catalog_offering (
    procedure  %TEXT% NOT NULL,
    unit       %TEXT% NOT NULL,
    valid_from %TEXT% NOT NULL,
    valid_to   %TEXT% NOT NULL,
    level      %INT%  NOT NULL CHECK (level BETWEEN 1 AND 4),
    why_vi     %TEXT% NOT NULL,
    why_en     %TEXT% NOT NULL,
    PRIMARY KEY (procedure, unit, valid_from)
) %STRICT%;

-- Moves with every change above; whoever caches compares it.
CREATE TABLE catalog_epoch (
    id %INT% PRIMARY KEY CHECK (id = 1),
    n  %INT% NOT NULL
) %STRICT%;

INSERT INTO catalog_epoch (id, n) VALUES (1, 1);
