#include "ledger/postgres_schema.hpp"

namespace lic::postgres {
namespace {

// Times are seconds since 1970 (UTC). Texts that may be absent are NULL, never ''. Texts are ordered by their bytes.
// Indexes are named, so that a fault can be told by a name that means something.
constexpr const char* kVersion7 = R"sql(
CREATE TABLE ledger (
  product TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (product = 'licgen'),
  version BIGINT NOT NULL,
  changes BIGINT NOT NULL
);
INSERT INTO ledger (product, version, changes) VALUES ('licgen', 0, 0);
CREATE TABLE changes (
  slot BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL
);

CREATE TABLE licenses (
  number BIGINT NOT NULL PRIMARY KEY,
  key TEXT COLLATE "C" NOT NULL UNIQUE,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  serial BIGINT NOT NULL,
  product TEXT COLLATE "C" NOT NULL,
  plan TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  customer TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C",
  issued_at BIGINT NOT NULL,
  starts_at BIGINT NOT NULL,
  expires_at BIGINT,
  grace_days BIGINT NOT NULL,
  seats BIGINT NOT NULL,
  order_id TEXT COLLATE "C",
  note TEXT COLLATE "C",
  batch TEXT COLLATE "C",
  suspended_at BIGINT,
  revoked_at BIGINT,
  revoke_reason TEXT COLLATE "C",
  created_at BIGINT,
  maintenance_until BIGINT
);
CREATE INDEX licenses_by_customer ON licenses (lower(customer COLLATE "C"), number);
CREATE INDEX licenses_by_email ON licenses (lower(email COLLATE "C")) WHERE email IS NOT NULL;
CREATE INDEX licenses_by_batch ON licenses (batch) WHERE batch IS NOT NULL;
CREATE INDEX licenses_revoked ON licenses (id) WHERE revoked_at IS NOT NULL;
CREATE INDEX licenses_by_end ON licenses (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX licenses_by_order ON licenses (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE documents (
  license BIGINT NOT NULL PRIMARY KEY REFERENCES licenses (number),
  document TEXT COLLATE "C" NOT NULL
);

CREATE TABLE history (
  number BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C",
  reason TEXT COLLATE "C",
  detail TEXT COLLATE "C",
  link TEXT COLLATE "C",
  license BIGINT
);
CREATE INDEX history_by_license ON history (license, number);

CREATE TABLE keys (
  number BIGINT NOT NULL PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  purpose TEXT COLLATE "C" NOT NULL,
  public_key TEXT COLLATE "C" NOT NULL,
  roles TEXT COLLATE "C" NOT NULL,
  not_before BIGINT,
  not_after BIGINT,
  created_at BIGINT NOT NULL
);

CREATE TABLE products (
  version BIGINT NOT NULL PRIMARY KEY,
  catalog TEXT COLLATE "C" NOT NULL,
  product_file TEXT COLLATE "C" NOT NULL,
  imported_at BIGINT NOT NULL
);

CREATE TABLE batches (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  request TEXT COLLATE "C" NOT NULL,
  opened_at BIGINT NOT NULL
);

CREATE TABLE counters (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('history-before-chain', 0), ('history', 0);

CREATE TABLE activations (
  number BIGINT NOT NULL PRIMARY KEY,
  license BIGINT NOT NULL REFERENCES licenses (number),
  request TEXT COLLATE "C" NOT NULL UNIQUE,
  request_digest TEXT COLLATE "C" NOT NULL,
  receipt_hash TEXT COLLATE "C" NOT NULL,
  machine TEXT COLLATE "C" NOT NULL,
  serial BIGINT NOT NULL,
  answer TEXT COLLATE "C" NOT NULL,
  activated_at BIGINT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT COLLATE "C",
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX activations_by_license ON activations (license, ended_at);

CREATE TABLE usage_statements (
  number BIGINT NOT NULL PRIMARY KEY,
  license BIGINT NOT NULL REFERENCES licenses (number),
  device TEXT COLLATE "C" NOT NULL,
  machine TEXT COLLATE "C",
  seq BIGINT NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  previous TEXT COLLATE "C",
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  document TEXT COLLATE "C" NOT NULL,
  imported_at BIGINT NOT NULL,
  UNIQUE (license, device, seq),
  CHECK ((seq = 1) = (previous IS NULL))
);

CREATE TABLE leases (  -- a trigger sees that the activation is there, and none is ever deleted
  activation BIGINT NOT NULL PRIMARY KEY,
  license BIGINT NOT NULL,
  machine TEXT COLLATE "C" NOT NULL,
  marks TEXT COLLATE "C" NOT NULL,
  refreshed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  secret_hash TEXT COLLATE "C" NOT NULL,
  previous_hash TEXT COLLATE "C",
  clones BIGINT NOT NULL,
  UNIQUE (license, machine)
);
CREATE INDEX leases_by_end ON leases (license, expires_at);
CREATE TABLE lease_marks (
  license BIGINT NOT NULL,
  mark TEXT COLLATE "C" NOT NULL,
  activation BIGINT NOT NULL,
  PRIMARY KEY (license, mark, activation)
);

CREATE TABLE trials (
  number BIGINT NOT NULL PRIMARY KEY,
  key TEXT COLLATE "C" NOT NULL UNIQUE,
  plan TEXT COLLATE "C" NOT NULL,
  machine TEXT COLLATE "C" NOT NULL,
  marks TEXT COLLATE "C" NOT NULL,
  email TEXT COLLATE "C",
  started_at BIGINT NOT NULL
);
CREATE TABLE trial_marks (
  mark TEXT COLLATE "C" NOT NULL,
  trial BIGINT NOT NULL,
  PRIMARY KEY (mark, trial)
);

CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = TG_ARGV[0];
END
$function$;
CREATE FUNCTION ledger_checks_lease() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  IF TG_TABLE_NAME = 'activations' THEN
    IF EXISTS (SELECT 1 FROM leases WHERE activation = OLD.number) THEN
      RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
        MESSAGE = 'a lease ends before its activation';
    END IF;
  ELSIF NOT EXISTS (SELECT 1 FROM activations AS a
                    WHERE a.number = NEW.activation AND a.license = NEW.license AND a.ended_at IS NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'a lease is of a live activation';
  END IF;
  RETURN NEW;
END
$function$;

CREATE TRIGGER licenses_no_delete BEFORE DELETE ON licenses
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a license is never deleted, only revoked');
CREATE TRIGGER licenses_same_identity BEFORE UPDATE ON licenses FOR EACH ROW
  WHEN (NEW.number <> OLD.number OR NEW.key <> OLD.key OR NEW.id <> OLD.id OR NEW.product <> OLD.product)
  EXECUTE FUNCTION ledger_refuses('key, id and product of a license never change');
CREATE TRIGGER licenses_stay_revoked BEFORE UPDATE ON licenses FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL AND
    (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.revoke_reason IS DISTINCT FROM OLD.revoke_reason))
  EXECUTE FUNCTION ledger_refuses('a revoked license stays revoked');
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('history is never changed');
CREATE TRIGGER history_no_delete BEFORE DELETE ON history
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('history is never deleted');
CREATE TRIGGER counters_only_grow BEFORE UPDATE ON counters FOR EACH ROW WHEN (NEW.value <= OLD.value)
  EXECUTE FUNCTION ledger_refuses('a counter never goes back');
CREATE TRIGGER counters_no_delete BEFORE DELETE ON counters
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a counter never goes back');
CREATE TRIGGER activations_no_delete BEFORE DELETE ON activations
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('an activation is never deleted, it only ends');
CREATE TRIGGER activations_only_end BEFORE UPDATE ON activations FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.number <> OLD.number OR NEW.license <> OLD.license OR
    NEW.request <> OLD.request OR NEW.request_digest <> OLD.request_digest OR NEW.receipt_hash <> OLD.receipt_hash OR
    NEW.machine <> OLD.machine OR NEW.serial <> OLD.serial OR NEW.answer <> OLD.answer OR
    NEW.activated_at <> OLD.activated_at)
  EXECUTE FUNCTION ledger_refuses('an activation never changes, it only ends');
CREATE TRIGGER activations_end_without_lease BEFORE UPDATE ON activations
  FOR EACH ROW EXECUTE FUNCTION ledger_checks_lease();
CREATE TRIGGER usage_statements_no_delete BEFORE DELETE ON usage_statements
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a usage statement is never deleted');
CREATE TRIGGER usage_statements_no_update BEFORE UPDATE ON usage_statements
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a usage statement never changes');
CREATE TRIGGER leases_of_live_activations BEFORE INSERT ON leases
  FOR EACH ROW EXECUTE FUNCTION ledger_checks_lease();
CREATE TRIGGER leases_stay_with_theirs BEFORE UPDATE ON leases FOR EACH ROW
  WHEN (NEW.activation <> OLD.activation OR NEW.license <> OLD.license OR NEW.clones < OLD.clones)
  EXECUTE FUNCTION ledger_refuses('a lease stays with its activation');
CREATE TRIGGER trials_no_delete BEFORE DELETE ON trials
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a trial is never deleted');
CREATE TRIGGER trials_no_update BEFORE UPDATE ON trials
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a trial never changes');
)sql";

// Machines that wait for a seat of a license that floats.
constexpr const char* kVersion8 = R"sql(
CREATE TABLE waiting (
  number BIGINT NOT NULL PRIMARY KEY,
  license BIGINT NOT NULL,
  machine TEXT COLLATE "C" NOT NULL,
  marks TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  offered_until BIGINT,
  UNIQUE (license, machine)
);
CREATE INDEX waiting_in_order ON waiting (license, number);
)sql";

// Tokens of the vendor API, and what was answered to requests that may be sent again.
constexpr const char* kVersion9 = R"sql(
CREATE TABLE tokens (
  number BIGINT NOT NULL PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  hash TEXT COLLATE "C" NOT NULL UNIQUE,
  scopes TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  used_at BIGINT
);
CREATE TABLE idempotency (
  token TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  request TEXT COLLATE "C" NOT NULL,
  status BIGINT NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (token, key)
);
CREATE INDEX idempotency_by_time ON idempotency (at);
CREATE TRIGGER tokens_no_delete BEFORE DELETE ON tokens
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a token is never deleted, only revoked');
CREATE TRIGGER tokens_stay_the_same BEFORE UPDATE ON tokens FOR EACH ROW
  WHEN (NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.hash <> OLD.hash OR
    NEW.scopes <> OLD.scopes OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at OR
    (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at))
  EXECUTE FUNCTION ledger_refuses('a token never changes, it is only revoked');
)sql";

// Webhooks, and what they are to be told.
constexpr const char* kVersion10 = R"sql(
CREATE TABLE webhooks (
  number BIGINT NOT NULL PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  url TEXT COLLATE "C" NOT NULL,
  secret TEXT COLLATE "C" NOT NULL,
  actions TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  removed_at BIGINT
);
CREATE TABLE outbox (
  webhook BIGINT NOT NULL REFERENCES webhooks (number),
  event BIGINT NOT NULL REFERENCES history (number),
  due_at BIGINT,
  attempts BIGINT NOT NULL,
  tried_at BIGINT,
  ended_at BIGINT,
  status BIGINT,
  trouble TEXT COLLATE "C",
  PRIMARY KEY (webhook, event),
  CHECK ((due_at IS NULL) <> (ended_at IS NULL))
);
CREATE INDEX outbox_due ON outbox (webhook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE TRIGGER webhooks_no_delete BEFORE DELETE ON webhooks
  FOR EACH ROW EXECUTE FUNCTION ledger_refuses('a webhook is never deleted, only removed');
CREATE TRIGGER webhooks_stay_the_same BEFORE UPDATE ON webhooks FOR EACH ROW
  WHEN (NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.url <> OLD.url OR
    NEW.secret <> OLD.secret OR NEW.actions IS DISTINCT FROM OLD.actions OR NEW.created_at <> OLD.created_at OR
    (OLD.removed_at IS NOT NULL AND NEW.removed_at IS DISTINCT FROM OLD.removed_at))
  EXECUTE FUNCTION ledger_refuses('a webhook never changes, it is only removed');
)sql";

// The lease of a seat in the row of its activation, and one index of a license's activations (sqlite_migrations.cpp).
constexpr const char* kVersion11 = R"sql(
DROP TRIGGER activations_only_end ON activations;
DROP TRIGGER activations_end_without_lease ON activations;
DROP TRIGGER leases_of_live_activations ON leases;
DROP TRIGGER leases_stay_with_theirs ON leases;
DROP FUNCTION ledger_checks_lease();
DROP INDEX activations_by_license;
DROP INDEX leases_by_end;
ALTER TABLE activations
  ADD COLUMN lease_machine TEXT COLLATE "C",
  ADD COLUMN marks TEXT COLLATE "C",
  ADD COLUMN refreshed_at BIGINT,
  ADD COLUMN expires_at BIGINT,
  ADD COLUMN secret_hash TEXT COLLATE "C",
  ADD COLUMN previous_hash TEXT COLLATE "C",
  ADD COLUMN clones BIGINT,
  ADD CHECK (CASE WHEN expires_at IS NULL
    THEN coalesce(lease_machine, marks, secret_hash, previous_hash) IS NULL AND coalesce(refreshed_at, clones) IS NULL
    ELSE ended_at IS NULL AND answer = '' AND lease_machine IS NOT NULL AND marks IS NOT NULL AND
      refreshed_at IS NOT NULL AND secret_hash IS NOT NULL AND clones IS NOT NULL END);
UPDATE activations SET (lease_machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones) =
  (SELECT machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones FROM leases
   WHERE activation = number AND leases.license = activations.license)
  WHERE ended_at IS NULL AND answer = '';
CREATE INDEX activations_by_license ON activations (license, expires_at, ended_at);
CREATE TABLE seat_marks (
  license BIGINT NOT NULL,
  mark TEXT COLLATE "C" NOT NULL,
  activation BIGINT NOT NULL,
  PRIMARY KEY (license, mark, activation)
);
INSERT INTO seat_marks (license, mark, activation) SELECT DISTINCT license, right(mark, 8), activation FROM lease_marks;
INSERT INTO seat_marks (license, mark, activation)
  SELECT license, '=' || lease_machine, 0 FROM activations WHERE lease_machine IS NOT NULL;
DROP TABLE leases;
DROP TABLE lease_marks;
CREATE TRIGGER activations_only_end BEFORE UPDATE ON activations FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR NEW.number <> OLD.number OR NEW.license <> OLD.license OR
    NEW.request <> OLD.request OR NEW.request_digest <> OLD.request_digest OR NEW.receipt_hash <> OLD.receipt_hash OR
    NEW.machine <> OLD.machine OR NEW.serial <> OLD.serial OR NEW.answer <> OLD.answer OR
    NEW.activated_at <> OLD.activated_at OR
    (NEW.ended_at IS NULL AND (OLD.expires_at IS NULL OR NEW.expires_at IS NULL OR NEW.clones < OLD.clones)))
  EXECUTE FUNCTION ledger_refuses('an activation never changes, it only ends, and its lease with it');
)sql";

// Marks as numbers, which index_leases() puts in. The table keeps what was granted on it.
constexpr const char* kVersion12 = R"sql(
TRUNCATE seat_marks;
ALTER TABLE seat_marks RENAME TO machine_marks;
ALTER INDEX seat_marks_pkey RENAME TO machine_marks_pkey;
ALTER TABLE machine_marks ALTER COLUMN mark TYPE BIGINT USING 0;
)sql";

constexpr const char* kMigrations[] = {kVersion7, kVersion8, kVersion9, kVersion10, kVersion11, kVersion12};

}  // namespace

Migrations ledger_migrations() noexcept { return kMigrations; }

}  // namespace lic::postgres
