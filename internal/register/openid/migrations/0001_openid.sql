-- Programs that sign people in through the city, or ask its API. Of a secret only the SHA-256 is kept.
CREATE TABLE openid_client (
  id      %INT%  NOT NULL PRIMARY KEY,
  code    %TEXT% NOT NULL UNIQUE,          -- client_id
  body    %TEXT% NOT NULL,                 -- what was registered
  secrets %TEXT% NOT NULL,                 -- digests with the end of each
  account %INT%  NOT NULL,                 -- acts for the client alone; 0 where it never does
  created %INT%  NOT NULL,
  removed %INT%  NOT NULL                  -- 0 while it stands
) %STRICT%;

-- Keys that sign tokens. sealed is the private key under the key file.
CREATE TABLE openid_key (
  id     %TEXT%  NOT NULL PRIMARY KEY,
  alg    %TEXT%  NOT NULL,
  sealed %BYTES% NOT NULL,
  starts %INT%   NOT NULL,                 -- signs from then on; published before
  ends   %INT%   NOT NULL,                 -- published until then; 0: open
  made   %INT%   NOT NULL
) %STRICT%;

-- Counts changes of clients and keys, so that every node sees them.
CREATE TABLE openid_version (
  one %INT% NOT NULL PRIMARY KEY,
  n   %INT% NOT NULL
) %STRICT%;
INSERT INTO openid_version (one, n) VALUES (1, 0);

-- Codes that were redeemed, and the refresh tokens that follow from each: turn counts them.
CREATE TABLE openid_permit (
  id      %INT%  NOT NULL PRIMARY KEY,
  client  %INT%  NOT NULL,
  account %INT%  NOT NULL,
  session %INT%  NOT NULL,                 -- ends with it; 0: it stays when the session ends
  terms   %TEXT% NOT NULL,
  turn    %INT%  NOT NULL,                 -- of the refresh token that is good; -1: ended, 0: none was given
  created %INT%  NOT NULL,
  expires %INT%  NOT NULL
) %STRICT%;
CREATE INDEX openid_permit_expires ON openid_permit (expires);
CREATE INDEX openid_permit_account ON openid_permit (account, client) WHERE turn > 0;

-- Requests that a client has left before it sends the browser (RFC 9126).
CREATE TABLE openid_pushed (
  id      %TEXT% NOT NULL PRIMARY KEY,
  client  %INT%  NOT NULL,
  body    %TEXT% NOT NULL,
  expires %INT%  NOT NULL
) %STRICT%;

-- Devices without a browser that wait for somebody (RFC 8628).
CREATE TABLE openid_device (
  id       %INT%   NOT NULL PRIMARY KEY,
  secret   %BYTES% NOT NULL UNIQUE,        -- SHA-256 of the device code
  code     %TEXT%  NOT NULL UNIQUE,        -- what somebody types
  client   %INT%   NOT NULL,
  scopes   %TEXT%  NOT NULL,
  state    %TEXT%  NOT NULL,               -- waiting, allowed, refused, used
  terms    %TEXT%  NOT NULL,               -- of whoever allowed it
  account  %INT%   NOT NULL,
  session  %INT%   NOT NULL,
  asked    %INT%   NOT NULL,
  expires  %INT%   NOT NULL
) %STRICT%;

-- What somebody allowed a client.
CREATE TABLE openid_consent (
  account %INT%  NOT NULL,
  client  %INT%  NOT NULL,
  scopes  %TEXT% NOT NULL,
  given   %INT%  NOT NULL,
  PRIMARY KEY (account, client)
) %CLUSTERED%;

-- Clients that want to hear when a session ends in which they signed somebody in.
CREATE TABLE openid_login (
  account %INT% NOT NULL,
  session %INT% NOT NULL,
  client  %INT% NOT NULL,
  at      %INT% NOT NULL,
  PRIMARY KEY (account, session, client)
) %CLUSTERED%;

-- Accounts by what an identity above the city calls their owner. number is a keyed index of the personal number; '' where none was told.
CREATE TABLE openid_link (
  issuer  %TEXT% NOT NULL,
  subject %TEXT% NOT NULL,
  number  %TEXT% NOT NULL,
  account %INT%  NOT NULL,
  at      %INT%  NOT NULL,
  PRIMARY KEY (issuer, subject)
) %CLUSTERED%;
CREATE INDEX openid_link_number ON openid_link (number) WHERE number <> '';
CREATE INDEX openid_link_account ON openid_link (account);
