-- Times are milliseconds since the Unix epoch. Flags are 0 or 1.

PRAGMA application_id = 1128811084; -- "CHBL"

CREATE TABLE networks (
    id            INTEGER PRIMARY KEY,
    slug          TEXT    NOT NULL UNIQUE,
    chain         TEXT    NOT NULL,
    identity      TEXT    NOT NULL,
    cursor_height INTEGER,
    cursor_id     BLOB,
    confirmed     INTEGER NOT NULL DEFAULT 0,
    finalized     INTEGER NOT NULL DEFAULT 0,
    halted        TEXT
);

-- Names of tenants, monitors, targets, contracts, events and signatures: other tables hold their numbers.
CREATE TABLE words (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- The reorganisation window, and every block that has facts.
CREATE TABLE blocks (
    seq       INTEGER PRIMARY KEY,
    network   INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    id        BLOB    NOT NULL,
    text_id   BLOB    NOT NULL,
    time      INTEGER NOT NULL,
    has_facts INTEGER NOT NULL,
    retracted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (network, height, id)
);

-- The id holds the block: seq << 24 | place in the block. So facts of a block are a range of ids, and this table, which
-- grows quickest, needs no index besides its own key.
CREATE TABLE facts (
    id                INTEGER PRIMARY KEY,
    tenant            INTEGER NOT NULL,
    transaction_id    BLOB    NOT NULL,
    transaction_index INTEGER NOT NULL,
    details           TEXT,
    kind              INTEGER NOT NULL,
    position          INTEGER NOT NULL,
    sub               INTEGER NOT NULL,
    contract          INTEGER,
    name              INTEGER NOT NULL,
    signature         INTEGER NOT NULL,
    args              TEXT    NOT NULL
);

CREATE TABLE matches (
    fact       INTEGER NOT NULL,
    monitor    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    generation INTEGER NOT NULL,
    retracted  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (fact, monitor)
) WITHOUT ROWID;

-- States: 0 waiting, 1 pending, 2 sending, 3 delivered, 4 dead, 5 cancelled.
-- `retracts` is the sequence of what a retraction takes back; `taken_back` marks a delivery whose block was reorganised
-- away after it may have been received.
CREATE TABLE deliveries (
    sequence       INTEGER PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE,
    tenant         INTEGER NOT NULL,
    target         INTEGER NOT NULL,
    monitor        INTEGER NOT NULL,
    fact           INTEGER NOT NULL,
    network        INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    deliver_at     INTEGER NOT NULL,
    retracts       INTEGER,
    state          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    next_at        INTEGER NOT NULL,
    maybe_received INTEGER NOT NULL DEFAULT 0,
    taken_back     INTEGER NOT NULL DEFAULT 0,
    created        INTEGER NOT NULL
);
CREATE INDEX deliveries_of_fact ON deliveries (fact);
CREATE INDEX deliveries_waiting ON deliveries (network, deliver_at, height) WHERE state = 0;
CREATE INDEX deliveries_pending ON deliveries (tenant, target, next_at, sequence) WHERE state = 1;
CREATE INDEX deliveries_sending ON deliveries (sequence) WHERE state = 2;
CREATE INDEX deliveries_dead ON deliveries (tenant, target) WHERE state = 4;

CREATE TABLE attempts (
    delivery INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    started  INTEGER NOT NULL,
    took_ms  INTEGER NOT NULL,
    outcome  INTEGER NOT NULL,
    detail   TEXT    NOT NULL,
    PRIMARY KEY (delivery, attempt)
) WITHOUT ROWID;
