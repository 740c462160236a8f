-- Sentences for the reasons of acts, kept to be used again.
CREATE TABLE desk_phrase (
  id        %INT%  NOT NULL PRIMARY KEY,
  account   %INT%  NOT NULL,             -- whose own it is; 0: of a unit or the city
  unit      %INT%  NOT NULL,             -- whose it is; 0 with account 0: the city's
  procedure %TEXT% NOT NULL,             -- national code; '': any
  action    %TEXT% NOT NULL,             -- '': any that asks for a reason
  vi        %TEXT% NOT NULL,
  en        %TEXT% NOT NULL,             -- '' where nobody has put it into English
  version   %INT%  NOT NULL,
  kept_by   %TEXT% NOT NULL,             -- name as shown
  kept_at   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX desk_phrase_owner ON desk_phrase (account, unit, id);
