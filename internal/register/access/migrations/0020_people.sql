-- What an officer looked at within a time, from the index alone.
CREATE INDEX access_look_people ON access_look (actor, at, about);
DROP INDEX access_look_actor;
