-- What a chain says of an event or call besides its arguments.
ALTER TABLE facts ADD COLUMN attributes TEXT;

-- Heights that the operator chose to leave out, because no endpoint keeps them any more.
CREATE TABLE gaps (
    network INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (network, first)
) WITHOUT ROWID;

-- The height a network began at.
ALTER TABLE networks ADD COLUMN first INTEGER;
