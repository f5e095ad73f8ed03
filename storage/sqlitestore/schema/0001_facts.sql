CREATE TABLE fact(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, -- order of commits; a number is never given twice, or a reader of changes would miss a fact
  born INTEGER, -- seq of the fact that this one redacts; NULL: none
  key BLOB NOT NULL,
  class INTEGER NOT NULL,
  at INTEGER NOT NULL, -- microseconds since 1970
  received INTEGER NOT NULL, -- the same; the least integer where there is none
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL, -- of a touch
  idset BLOB NOT NULL,
  hash BLOB NOT NULL, -- of body: tells conflict from duplicate, and is its checksum
  body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX fact_key ON fact(key);
CREATE INDEX fact_set ON fact(idset, kind, at, born);
CREATE INDEX fact_at ON fact(at);
-- A set of identifiers that a source named together; ids are their keys, one after another.
CREATE TABLE idset(idset BLOB PRIMARY KEY, class INTEGER NOT NULL, source TEXT NOT NULL, ids BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE member(ident BLOB NOT NULL, idset BLOB NOT NULL, PRIMARY KEY(ident, idset)) STRICT, WITHOUT ROWID;
CREATE TABLE suppression(
  tag BLOB PRIMARY KEY, keyid TEXT NOT NULL, at INTEGER NOT NULL, policy INTEGER NOT NULL, generation INTEGER NOT NULL, salt BLOB NOT NULL,
  called INTEGER NOT NULL, call TEXT NOT NULL -- instant and id of the newest erasure that named the tag: its policy holds
) STRICT, WITHOUT ROWID;
CREATE TABLE erasing(key BLOB PRIMARY KEY, erasure TEXT NOT NULL) STRICT, WITHOUT ROWID; -- facts that committed erasures have still to purge
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('name', lower(hex(randomblob(8)))), ('erase_epoch', '0');
