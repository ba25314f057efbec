#include "ledger/sqlite_schema.hpp"

namespace lic::sqlite {
namespace {

// Times are seconds since 1970 (UTC). Texts that may be absent are NULL, never ''.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE licenses (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL UNIQUE,
  serial INTEGER NOT NULL,
  product TEXT NOT NULL,
  plan TEXT NOT NULL,
  kind TEXT NOT NULL,
  customer TEXT NOT NULL,
  email TEXT,
  issued_at INTEGER NOT NULL,
  starts_at INTEGER NOT NULL,
  expires_at INTEGER,
  grace_days INTEGER NOT NULL,
  seats INTEGER NOT NULL,
  order_id TEXT,
  note TEXT,
  batch TEXT,
  suspended_at INTEGER,
  revoked_at INTEGER,
  revoke_reason TEXT
) STRICT;
CREATE INDEX licenses_by_customer ON licenses (customer COLLATE NOCASE);
CREATE INDEX licenses_by_email ON licenses (email COLLATE NOCASE) WHERE email IS NOT NULL;
CREATE INDEX licenses_by_batch ON licenses (batch) WHERE batch IS NOT NULL;
CREATE INDEX licenses_revoked ON licenses (id) WHERE revoked_at IS NOT NULL;
CREATE TRIGGER licenses_no_delete BEFORE DELETE ON licenses
BEGIN
  SELECT RAISE(ABORT, 'a license is never deleted, only revoked');
END;
CREATE TRIGGER licenses_no_replace BEFORE INSERT ON licenses
WHEN EXISTS (SELECT 1 FROM licenses WHERE number = NEW.number OR key = NEW.key OR id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'that license is in the ledger already');
END;
CREATE TRIGGER licenses_same_identity BEFORE UPDATE OF number, key, id, product ON licenses
WHEN NEW.number <> OLD.number OR NEW.key <> OLD.key OR NEW.id <> OLD.id OR NEW.product <> OLD.product
BEGIN
  SELECT RAISE(ABORT, 'key, id and product of a license never change');
END;
CREATE TRIGGER licenses_stay_revoked BEFORE UPDATE ON licenses
WHEN OLD.revoked_at IS NOT NULL AND
  (NEW.revoked_at IS NOT OLD.revoked_at OR NEW.revoke_reason IS NOT OLD.revoke_reason)
BEGIN
  SELECT RAISE(ABORT, 'a revoked license stays revoked');
END;

CREATE TABLE documents (
  license INTEGER PRIMARY KEY REFERENCES licenses (number),
  document TEXT NOT NULL
) STRICT;

CREATE TABLE history (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  key TEXT,
  reason TEXT,
  detail TEXT
) STRICT;
CREATE INDEX history_by_key ON history (key);
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
BEGIN
  SELECT RAISE(ABORT, 'history is never changed');
END;
CREATE TRIGGER history_no_delete BEFORE DELETE ON history
BEGIN
  SELECT RAISE(ABORT, 'history is never deleted');
END;
CREATE TRIGGER history_no_replace BEFORE INSERT ON history
WHEN EXISTS (SELECT 1 FROM history WHERE number = NEW.number)
BEGIN
  SELECT RAISE(ABORT, 'history is never changed');
END;

CREATE TABLE keys (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  purpose TEXT NOT NULL,
  public_key TEXT NOT NULL,
  roles TEXT NOT NULL,
  not_before INTEGER,
  not_after INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE products (
  version INTEGER PRIMARY KEY,
  catalog TEXT NOT NULL,
  product_file TEXT NOT NULL,
  imported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batches (
  name TEXT NOT NULL PRIMARY KEY,
  request TEXT NOT NULL,
  opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER counters_only_grow BEFORE UPDATE ON counters WHEN NEW.value <= OLD.value
BEGIN
  SELECT RAISE(ABORT, 'a counter never goes back');
END;
CREATE TRIGGER counters_no_delete BEFORE DELETE ON counters
BEGIN
  SELECT RAISE(ABORT, 'a counter never goes back');
END;
)sql";

// The later life of a license, and a history that shows when it was altered.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE licenses ADD COLUMN created_at INTEGER;
ALTER TABLE licenses ADD COLUMN maintenance_until INTEGER;
UPDATE licenses SET created_at = issued_at;
CREATE INDEX licenses_by_end ON licenses (expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE history ADD COLUMN link TEXT;
INSERT INTO counters (name, value) SELECT 'history-before-chain', count(*) FROM history;
INSERT INTO counters (name, value) SELECT 'history', coalesce(max(number), 0) FROM history;
)sql";

// Whether an order was issued already is asked for every row of a file.
constexpr const char* kVersion3 = R"sql(
CREATE INDEX licenses_by_order ON licenses (order_id) WHERE order_id IS NOT NULL;
)sql";

// Seats taken by activation requests, and given back.
constexpr const char* kVersion4 = R"sql(
CREATE TABLE activations (
  number INTEGER PRIMARY KEY,
  license INTEGER NOT NULL REFERENCES licenses (number),
  request TEXT NOT NULL UNIQUE,
  request_digest TEXT NOT NULL,
  receipt_hash TEXT NOT NULL,
  machine TEXT NOT NULL,
  serial INTEGER NOT NULL,
  answer TEXT NOT NULL,
  activated_at INTEGER NOT NULL,
  ended_at INTEGER,
  ended_by TEXT,
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX activations_by_license ON activations (license, ended_at);
CREATE TRIGGER activations_no_delete BEFORE DELETE ON activations
BEGIN
  SELECT RAISE(ABORT, 'an activation is never deleted, it only ends');
END;
CREATE TRIGGER activations_no_replace BEFORE INSERT ON activations
WHEN EXISTS (SELECT 1 FROM activations WHERE number = NEW.number OR request = NEW.request)
BEGIN
  SELECT RAISE(ABORT, 'that request was answered already');
END;
CREATE TRIGGER activations_only_end BEFORE UPDATE ON activations
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.number <> OLD.number OR NEW.license <> OLD.license OR
  NEW.request <> OLD.request OR NEW.request_digest <> OLD.request_digest OR NEW.receipt_hash <> OLD.receipt_hash OR
  NEW.machine <> OLD.machine OR NEW.serial <> OLD.serial OR NEW.answer <> OLD.answer OR
  NEW.activated_at <> OLD.activated_at
BEGIN
  SELECT RAISE(ABORT, 'an activation never changes, it only ends');
END;
)sql";

// A license's history by its number, which grows, in place of its key, which is random:
// to add a million entries costs a fraction.
constexpr const char* kVersion5 = R"sql(
ALTER TABLE history ADD COLUMN license INTEGER;
DROP TRIGGER history_no_update;
UPDATE history SET license = (SELECT number FROM licenses WHERE licenses.key = history.key) WHERE key IS NOT NULL;
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
BEGIN
  SELECT RAISE(ABORT, 'history is never changed');
END;
DROP INDEX history_by_key;
CREATE INDEX history_by_license ON history (license);
)sql";

// What devices say was used.
constexpr const char* kVersion6 = R"sql(
CREATE TABLE usage_statements (
  number INTEGER PRIMARY KEY,
  license INTEGER NOT NULL REFERENCES licenses (number),
  device TEXT NOT NULL,
  machine TEXT,
  seq INTEGER NOT NULL,
  digest TEXT NOT NULL,
  previous TEXT,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  imported_at INTEGER NOT NULL,
  UNIQUE (license, device, seq),
  CHECK ((seq = 1) = (previous IS NULL))
) STRICT;
CREATE TRIGGER usage_statements_no_delete BEFORE DELETE ON usage_statements
BEGIN
  SELECT RAISE(ABORT, 'a usage statement is never deleted');
END;
CREATE TRIGGER usage_statements_no_update BEFORE UPDATE ON usage_statements
BEGIN
  SELECT RAISE(ABORT, 'a usage statement never changes');
END;
CREATE TRIGGER usage_statements_no_replace BEFORE INSERT ON usage_statements
WHEN EXISTS (SELECT 1 FROM usage_statements WHERE number = NEW.number OR
  (license = NEW.license AND device = NEW.device AND seq = NEW.seq))
BEGIN
  SELECT RAISE(ABORT, 'that usage statement is in the ledger already');
END;
)sql";

// Seats and trials that machines asked the server for. The activation of a seat never changes; its lease,
// which does, is there until it ends. Marks are what a machine is looked for by.
constexpr const char* kVersion7 = R"sql(
CREATE TABLE leases (
  activation INTEGER PRIMARY KEY REFERENCES activations (number),
  license INTEGER NOT NULL REFERENCES licenses (number),
  machine TEXT NOT NULL,
  marks TEXT NOT NULL,
  refreshed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  secret_hash TEXT NOT NULL,
  previous_hash TEXT,
  clones INTEGER NOT NULL,
  UNIQUE (license, machine)
) STRICT;
CREATE INDEX leases_by_end ON leases (license, expires_at);
CREATE TABLE lease_marks (
  license INTEGER NOT NULL,
  mark TEXT NOT NULL,
  activation INTEGER NOT NULL,
  PRIMARY KEY (license, mark, activation)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER leases_of_live_activations BEFORE INSERT ON leases
WHEN NOT EXISTS (SELECT 1 FROM activations WHERE number = NEW.activation AND license = NEW.license AND ended_at IS NULL)
BEGIN
  SELECT RAISE(ABORT, 'a lease is of a live activation');
END;
CREATE TRIGGER leases_stay_with_theirs BEFORE UPDATE ON leases
WHEN NEW.activation <> OLD.activation OR NEW.license <> OLD.license OR NEW.clones < OLD.clones
BEGIN
  SELECT RAISE(ABORT, 'a lease stays with its activation');
END;
CREATE TRIGGER activations_end_without_lease BEFORE UPDATE ON activations
WHEN EXISTS (SELECT 1 FROM leases WHERE activation = OLD.number)
BEGIN
  SELECT RAISE(ABORT, 'a lease ends before its activation');
END;

CREATE TABLE trials (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  machine TEXT NOT NULL,
  marks TEXT NOT NULL,
  email TEXT,
  started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE trial_marks (
  mark TEXT NOT NULL,
  trial INTEGER NOT NULL,
  PRIMARY KEY (mark, trial)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER trials_no_delete BEFORE DELETE ON trials
BEGIN
  SELECT RAISE(ABORT, 'a trial is never deleted');
END;
CREATE TRIGGER trials_no_update BEFORE UPDATE ON trials
BEGIN
  SELECT RAISE(ABORT, 'a trial never changes');
END;
CREATE TRIGGER trials_no_replace BEFORE INSERT ON trials
WHEN EXISTS (SELECT 1 FROM trials WHERE number = NEW.number OR key = NEW.key)
BEGIN
  SELECT RAISE(ABORT, 'that trial is in the ledger already');
END;
)sql";

// Machines that wait for a seat of a license that floats.
constexpr const char* kVersion8 = R"sql(
CREATE TABLE waiting (
  number INTEGER PRIMARY KEY,
  license INTEGER NOT NULL REFERENCES licenses (number),
  machine TEXT NOT NULL,
  marks TEXT NOT NULL,
  since INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  offered_until INTEGER,
  UNIQUE (license, machine)
) STRICT;
CREATE INDEX waiting_in_order ON waiting (license, number);
)sql";

// Tokens of the vendor API, and what was answered to requests that may be sent again.
constexpr const char* kVersion9 = R"sql(
CREATE TABLE tokens (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  used_at INTEGER
) STRICT;
CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
BEGIN
  SELECT RAISE(ABORT, 'a token is never deleted, only revoked');
END;
CREATE TRIGGER tokens_no_replace BEFORE INSERT ON tokens
WHEN EXISTS (SELECT 1 FROM tokens WHERE number = NEW.number OR id = NEW.id OR hash = NEW.hash)
BEGIN
  SELECT RAISE(ABORT, 'that token is in the ledger already');
END;
CREATE TRIGGER tokens_stay_the_same BEFORE UPDATE ON tokens
WHEN NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.hash <> OLD.hash OR
  NEW.scopes <> OLD.scopes OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at OR
  (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at)
BEGIN
  SELECT RAISE(ABORT, 'a token never changes, it is only revoked');
END;
CREATE TABLE idempotency (
  token TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (token, key)
) STRICT;
CREATE INDEX idempotency_by_time ON idempotency (at);
)sql";

// Webhooks, and what they are to be told.
constexpr const char* kVersion10 = R"sql(
CREATE TABLE webhooks (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  actions TEXT,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;
CREATE TRIGGER webhooks_no_delete BEFORE DELETE ON webhooks
BEGIN
  SELECT RAISE(ABORT, 'a webhook is never deleted, only removed');
END;
CREATE TRIGGER webhooks_no_replace BEFORE INSERT ON webhooks
WHEN EXISTS (SELECT 1 FROM webhooks WHERE number = NEW.number OR id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'that webhook is in the ledger already');
END;
CREATE TRIGGER webhooks_stay_the_same BEFORE UPDATE ON webhooks
WHEN NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.url <> OLD.url OR
  NEW.secret <> OLD.secret OR NEW.actions IS NOT OLD.actions OR NEW.created_at <> OLD.created_at OR
  (OLD.removed_at IS NOT NULL AND NEW.removed_at IS NOT OLD.removed_at)
BEGIN
  SELECT RAISE(ABORT, 'a webhook never changes, it is only removed');
END;
CREATE TABLE outbox (
  webhook INTEGER NOT NULL REFERENCES webhooks (number),
  event INTEGER NOT NULL REFERENCES history (number),
  due_at INTEGER,
  attempts INTEGER NOT NULL,
  tried_at INTEGER,
  ended_at INTEGER,
  status INTEGER,
  trouble TEXT,
  PRIMARY KEY (webhook, event),
  CHECK ((due_at IS NULL) <> (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (webhook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;
)sql";

// The lease of a seat in the row of its activation, and one index of a license's activations, by the end of their
// leases (those without one by their own end): a seat that is taken or refreshed touches few pages. Marks are cut to
// what tells the machines of one license apart (sql_leases.cpp).
constexpr const char* kVersion11 = R"sql(
DROP TRIGGER activations_only_end;
DROP TRIGGER activations_end_without_lease;
DROP INDEX activations_by_license;
ALTER TABLE activations ADD COLUMN lease_machine TEXT;
ALTER TABLE activations ADD COLUMN marks TEXT;
ALTER TABLE activations ADD COLUMN refreshed_at INTEGER;
ALTER TABLE activations ADD COLUMN expires_at INTEGER;
ALTER TABLE activations ADD COLUMN secret_hash TEXT;
ALTER TABLE activations ADD COLUMN previous_hash TEXT;
ALTER TABLE activations ADD COLUMN clones INTEGER CHECK (CASE WHEN expires_at IS NULL
  THEN coalesce(lease_machine, marks, refreshed_at, secret_hash, previous_hash, clones) IS NULL
  ELSE ended_at IS NULL AND answer = '' AND lease_machine IS NOT NULL AND marks IS NOT NULL AND
    refreshed_at IS NOT NULL AND secret_hash IS NOT NULL AND clones IS NOT NULL END);
UPDATE activations SET (lease_machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones) =
  (SELECT machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones FROM leases
   WHERE activation = number AND leases.license = activations.license)
  WHERE ended_at IS NULL AND answer = '';
CREATE INDEX activations_by_license ON activations (license, expires_at, ended_at);
CREATE TABLE seat_marks (
  license INTEGER NOT NULL,
  mark TEXT NOT NULL,
  activation INTEGER NOT NULL,
  PRIMARY KEY (license, mark, activation)
) STRICT, WITHOUT ROWID;
INSERT INTO seat_marks (license, mark, activation)
  SELECT DISTINCT license, substr(mark, -8), activation FROM lease_marks ORDER BY 1, 2, 3;
INSERT INTO seat_marks (license, mark, activation)
  SELECT license, '=' || lease_machine, 0 FROM activations WHERE lease_machine IS NOT NULL ORDER BY 1, 2;
DROP TABLE leases;
DROP TABLE lease_marks;
CREATE TRIGGER activations_only_end BEFORE UPDATE ON activations
WHEN OLD.ended_at IS NOT NULL OR NEW.number <> OLD.number OR NEW.license <> OLD.license OR
  NEW.request <> OLD.request OR NEW.request_digest <> OLD.request_digest OR NEW.receipt_hash <> OLD.receipt_hash OR
  NEW.machine <> OLD.machine OR NEW.serial <> OLD.serial OR NEW.answer <> OLD.answer OR
  NEW.activated_at <> OLD.activated_at OR
  (NEW.ended_at IS NULL AND (OLD.expires_at IS NULL OR NEW.expires_at IS NULL OR NEW.clones < OLD.clones))
BEGIN
  SELECT RAISE(ABORT, 'an activation never changes, it only ends, and its lease with it');
END;
)sql";

// Marks as numbers, which index_leases() puts in: half as many pages change with a seat. Of another name, so that an
// older server, should one run, finds no table in place of no machines.
constexpr const char* kVersion12 = R"sql(
DROP TABLE seat_marks;
CREATE TABLE machine_marks (
  license INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  PRIMARY KEY (license, mark, activation)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kMigrations[] = {kVersion1, kVersion2, kVersion3, kVersion4,  kVersion5,  kVersion6,
                                       kVersion7, kVersion8, kVersion9, kVersion10, kVersion11, kVersion12};

}  // namespace

Migrations ledger_migrations() noexcept { return kMigrations; }

}  // namespace lic::sqlite
