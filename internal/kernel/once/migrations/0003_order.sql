-- Keys that tell when they were made (UUID, version 7) stand in that order from now on. Those made
-- up to a day after the last command stay where a program of before would have put them, so that a
-- command sent again across the upgrade, also by a client whose clock is fast, is known.
CREATE TABLE once_order (
    since %INT% NOT NULL
) %STRICT%;

INSERT INTO once_order (since) SELECT COALESCE(max(at) + 86400000, 0) FROM once_request;
