-- Numbers of papers, without gaps: one row a one-stop, year and kind of paper, moved in the
-- transaction of the act that makes the paper.
CREATE TABLE dossier_paper_number (
  unit  %INT%  NOT NULL,                     -- agency that gives the paper
  year  %INT%  NOT NULL,
  paper %TEXT% NOT NULL,
  last  %INT%  NOT NULL,
  PRIMARY KEY (unit, year, paper)
) %STRICT%;
