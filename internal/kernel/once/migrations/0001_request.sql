-- id is drawn from the SHA-256 of actor and key; body is the SHA-256 of what was asked.
CREATE TABLE once_request (
    id     %INT% NOT NULL PRIMARY KEY,
    body   %BYTES% NOT NULL,
    result %INT% NOT NULL,
    at     %INT% NOT NULL
) %STRICT%;

CREATE INDEX once_request_at ON once_request (at);
