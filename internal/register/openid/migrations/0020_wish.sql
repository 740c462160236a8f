-- What somebody asks for about a program, and what a second person decided. No secret stands here: it is made when its
-- proposer collects it.
CREATE TABLE openid_wish (
  id            %INT%  NOT NULL PRIMARY KEY,
  kind          %TEXT% NOT NULL,          -- add, rotate, remove
  code          %TEXT% NOT NULL,          -- client_id; '' before a program is added
  body          %TEXT% NOT NULL,          -- the registration that is asked for
  basis         %TEXT% NOT NULL,          -- legal basis, or the reason
  state         %TEXT% NOT NULL,          -- proposed, approved, rejected, collected
  proposer      %INT%  NOT NULL,
  proposer_name %TEXT% NOT NULL,
  proposed_at   %INT%  NOT NULL,
  decider       %INT%  NOT NULL,
  decider_name  %TEXT% NOT NULL,
  decided_at    %INT%  NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX openid_wish_open ON openid_wish (kind, code) WHERE state = 'proposed' AND code <> '';
CREATE INDEX openid_wish_state ON openid_wish (state, id);
