-- The second file beside the database: the keys of tenants, wrapped under a master key that is neither here nor there.

CREATE TABLE tenant_key (
    tenant TEXT NOT NULL,
    key_use TEXT NOT NULL CHECK (key_use IN ('data', 'lookup', 'destroyed')),
    version INTEGER NOT NULL,
    master TEXT,
    wrapped BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (tenant, key_use, version)
) STRICT, WITHOUT ROWID;

-- Which database it belongs to: the same id is there.
CREATE TABLE keyring (
    keyring INTEGER NOT NULL PRIMARY KEY CHECK (keyring = 1),
    id BLOB NOT NULL
) STRICT;
