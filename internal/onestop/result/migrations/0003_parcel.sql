-- One row a result that goes by post (ADR 0252). Its state only goes forward.
CREATE TABLE result_parcel (
  result   %INT%  NOT NULL PRIMARY KEY,
  dossier  %INT%  NOT NULL,
  code     %TEXT% NOT NULL,   -- of the dossier
  number   %TEXT% NOT NULL,   -- of the result
  desk     %INT%  NOT NULL,   -- the agency whose counter it comes back to
  tracking %TEXT% NOT NULL,
  state    %TEXT% NOT NULL,   -- ordered, on_way, delivered, returned, lost, refused, back
  at       %INT%  NOT NULL,   -- of the state, as the post says
  note     %TEXT% NOT NULL,
  asked_at %INT%  NOT NULL,   -- when the post was last heard or asked
  version  %INT%  NOT NULL
) %STRICT%;
CREATE INDEX result_parcel_dossier ON result_parcel (dossier, result);
CREATE INDEX result_parcel_desk ON result_parcel (desk, result);
CREATE INDEX result_parcel_open ON result_parcel (asked_at) WHERE state IN ('ordered', 'on_way');
