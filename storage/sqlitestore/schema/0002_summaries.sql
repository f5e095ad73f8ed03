-- Derived rows, thrown away and made again at any time. Instants are microseconds since
-- 1970; ids are the identifiers in the encoding of facts.
CREATE TABLE summary(
  model TEXT NOT NULL, subject BLOB NOT NULL, stage TEXT NOT NULL,
  entered INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, touches INTEGER NOT NULL, value INTEGER NOT NULL,
  account BLOB, -- NULL: none
  ids BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(model, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX summary_stage ON summary(model, stage, last);
CREATE INDEX summary_account ON summary(model, account) WHERE account IS NOT NULL;
-- One row an identifier of a summary.
CREATE TABLE summary_member(ident BLOB NOT NULL, model TEXT NOT NULL, subject BLOB NOT NULL, PRIMARY KEY(ident, model, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX summary_subject ON summary_member(model, subject);
-- Up to where the rows of a model are complete; '': from the beginning.
CREATE TABLE summary_model(model TEXT PRIMARY KEY, cursor TEXT NOT NULL) STRICT, WITHOUT ROWID;
