-- Derived rows, thrown away and made again at any time. ids are the identifiers in the
-- encoding of facts.
create table {}summary (
  model text collate "C" not null,
  subject uuid not null,
  stage text collate "C" not null,
  entered bigint not null,
  first bigint not null,
  last bigint not null,
  touches bigint not null,
  value bigint not null,
  account uuid,                                        -- null: none
  ids bytea not null,
  body bytea not null,
  primary key (model, subject)
);
create index summary_stage on {}summary (model, stage, last, subject);
create index summary_account on {}summary (model, account) where account is not null;

-- One row an identifier of a summary.
create table {}summary_member (
  ident uuid not null,
  model text collate "C" not null,
  subject uuid not null,
  primary key (ident, model, subject)
);
create index summary_subject on {}summary_member (model, subject);

-- Up to where the rows of a model are complete; empty: from the beginning.
create table {}summary_model (
  model text collate "C" not null primary key,
  cursor text collate "C" not null
);
