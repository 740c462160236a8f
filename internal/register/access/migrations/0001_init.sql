-- A look of an officer or a program. The id is that of its journal entry. about is 0 where a
-- list showed several: those stand in access_shown.
CREATE TABLE access_look (
  id    %INT%  NOT NULL PRIMARY KEY,
  at    %INT%  NOT NULL,
  actor %INT%  NOT NULL,
  unit  %INT%  NOT NULL,
  post  %TEXT% NOT NULL,                     -- role of the post; '' of a program
  what  %TEXT% NOT NULL,
  basis %TEXT% NOT NULL,
  why   %TEXT% NOT NULL,                     -- duty, citation or choice
  words %TEXT% NOT NULL,                     -- of a reason
  type  %TEXT% NOT NULL,
  about %INT%  NOT NULL,
  n     %INT%  NOT NULL                      -- how many a list showed
) %STRICT%;
CREATE INDEX access_look_actor ON access_look (actor, at);
CREATE INDEX access_look_about ON access_look (about, id) WHERE about <> 0;
CREATE INDEX access_look_reason ON access_look (unit, id) WHERE basis = 'reason';

-- What lists showed: one row for a thing, an officer and a day.
CREATE TABLE access_shown (
  about   %INT%  NOT NULL,
  day     %TEXT% NOT NULL,
  actor   %INT%  NOT NULL,
  look    %INT%  NOT NULL,                   -- the first of the day
  last_at %INT%  NOT NULL,
  unit    %INT%  NOT NULL,
  post    %TEXT% NOT NULL,
  what    %TEXT% NOT NULL,
  basis   %TEXT% NOT NULL,
  why     %TEXT% NOT NULL,
  type    %TEXT% NOT NULL,
  n       %INT%  NOT NULL,
  PRIMARY KEY (about, day, actor)
) %CLUSTERED%;
CREATE INDEX access_shown_day ON access_shown (day);

-- Reasons that were given, each good for one thing and a while.
CREATE TABLE access_reason (
  id     %INT%  NOT NULL PRIMARY KEY,
  actor  %INT%  NOT NULL,
  about  %INT%  NOT NULL,
  unit   %INT%  NOT NULL,
  choice %TEXT% NOT NULL,
  words  %TEXT% NOT NULL,
  at     %INT%  NOT NULL,
  until  %INT%  NOT NULL
) %STRICT%;
CREATE INDEX access_reason_about ON access_reason (about, actor, until);

-- Looks that a rule of patterns.yaml found unusual. mark keeps a rule from saying it twice.
CREATE TABLE access_flag (
  id           %INT%  NOT NULL PRIMARY KEY,
  rule         %TEXT% NOT NULL,
  mark         %TEXT% NOT NULL UNIQUE,
  actor        %INT%  NOT NULL,
  unit         %INT%  NOT NULL,
  at           %INT%  NOT NULL,
  look         %INT%  NOT NULL,
  type         %TEXT% NOT NULL,
  about        %INT%  NOT NULL,
  n            %INT%  NOT NULL,
  verdict      %TEXT% NOT NULL,              -- '' until settled
  note         %TEXT% NOT NULL,
  settler      %INT%  NOT NULL,
  settler_name %TEXT% NOT NULL,
  settled_at   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX access_flag_unit ON access_flag (unit, id);
CREATE INDEX access_flag_open ON access_flag (id) WHERE verdict = '';
