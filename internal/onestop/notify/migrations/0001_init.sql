CREATE TABLE notify_message (
  id         %INT%  PRIMARY KEY,
  cause      %TEXT% NOT NULL,               -- what it tells of; one message a cause and address
  address    %TEXT% NOT NULL,
  name       %TEXT% NOT NULL,
  subject    %TEXT% NOT NULL,
  body       %TEXT% NOT NULL,
  state      %TEXT% NOT NULL,               -- waiting, sent, failed
  created_at %INT%  NOT NULL,
  sent_at    %INT%,
  UNIQUE (cause, address)
) %STRICT%;
