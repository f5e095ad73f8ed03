-- Every text is COLLATE "C": another collation would break the order of equal instants.
-- Instants are microseconds since 1970.
create table {}fact (
  gen smallint not null,                               -- the life of the cluster that xid counts in
  xid xid8 not null default pg_current_xact_id(),
  seq integer not null,                                -- place in the transaction
  since xid8,                                          -- of a redacted fact: the xid it was first written with
  class smallint not null,
  at bigint not null,
  received bigint not null,
  key uuid not null,
  idset uuid not null,                                 -- the identifiers it names, see member
  hash uuid not null,                                  -- of body
  source text collate "C" not null,
  id text collate "C" not null,
  kind text collate "C" not null,                      -- of a touch; else empty
  body bytea not null,
  primary key (key)
);
create index fact_set on {}fact (idset, kind, at);
create index fact_at on {}fact (at);
create index fact_change on {}fact (gen, xid, seq);

-- One row an identifier of a set; a set lives as long as a fact points to it.
create table {}member (
  ident uuid not null,
  idset uuid not null,
  primary key (ident, idset)
);
create index member_set on {}member (idset);

-- A pure function of the erasures: see storage.SuppressionList.
create table {}suppression (
  tag uuid not null primary key,
  keyid text collate "C" not null,
  at bigint not null,
  policy smallint not null,
  generation bigint not null,
  salt uuid not null,
  called_at bigint not null,                           -- of the erasure that gave the policy
  call text collate "C" not null
);

-- The work list: facts that are erased and not yet purged. No read shows them.
create table {}erasing (
  key uuid not null primary key,
  erasure text collate "C" not null,
  idset uuid not null
);

-- One row.
create table {}meta (
  one boolean not null primary key default true check (one),
  store text collate "C" not null,                     -- random: what cursors belong to
  erase_epoch bigint not null default 0,
  gen smallint not null default 1,
  system text collate "C" not null default '',
  timeline text collate "C" not null default ''
);
