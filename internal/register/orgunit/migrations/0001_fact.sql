-- What a city added to the embedded facts: lines of the grammar in the package
-- comment, each with the block that it stands in. Never updated, never deleted.
CREATE TABLE orgunit_fact (
    id       %INT% NOT NULL PRIMARY KEY,
    number   %INT%,           -- of a unit that the line declares; NULL for changes and successions
    block    %TEXT% NOT NULL, -- "@1001 from 2027-01-01"
    line     %TEXT% NOT NULL,
    source   %TEXT% NOT NULL,
    recorded %INT% NOT NULL,
    UNIQUE (block, line)
) %STRICT%;

CREATE UNIQUE INDEX orgunit_fact_number ON orgunit_fact (number) WHERE number IS NOT NULL;

-- Goes up by one with every change, so that each node sees when to read again.
CREATE TABLE orgunit_epoch (
    one %INT% NOT NULL PRIMARY KEY,
    n   %INT% NOT NULL
) %STRICT%;

INSERT INTO orgunit_epoch (one, n) VALUES (1, 0);
