-- The tables of a store, version by version; words in braces differ between databases.
-- version 1
CREATE TABLE pictures (
    number {serial},
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    created {real} NOT NULL,
    lease_until {real} NOT NULL,
    identity {bytes} NOT NULL,
    sha256 {bytes} NOT NULL,
    coded {bytes} NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    size BIGINT NOT NULL,
    metadata BIGINT NOT NULL,
    jpeg_quality INTEGER,
    grade INTEGER NOT NULL,
    UNIQUE (tenant, key)
);
CREATE INDEX pictures_identity ON pictures (tenant, identity);
CREATE INDEX pictures_waiting ON pictures (tenant, state, number) WHERE state <> 'accepted';
CREATE TABLE codes (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    pdq {bytes} NOT NULL,
    copycode {bytes} NOT NULL,
    quality INTEGER NOT NULL,
    detail INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) {clustered};
CREATE TABLE proxies (
    number BIGINT PRIMARY KEY,
    proxy {bytes} NOT NULL,
    data TEXT NOT NULL,
    matches TEXT NOT NULL
);
CREATE TABLE removals (
    position {serial},
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL
);
CREATE INDEX removals_tenant ON removals (tenant, position);
CREATE TABLE settled (
    tenant TEXT NOT NULL,
    one {bytes} NOT NULL,
    two {bytes} NOT NULL,
    same INTEGER NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, one, two)
) {clustered};
CREATE TABLE refusals (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    number BIGINT NOT NULL,
    policy TEXT NOT NULL,
    match TEXT NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, key)
) {clustered};
CREATE INDEX refusals_number ON refusals (tenant, number, at)
-- version 2
CREATE TABLE answers (
    tenant TEXT NOT NULL,
    token TEXT NOT NULL,
    request {bytes} NOT NULL,
    told TEXT NOT NULL,
    at {real} NOT NULL,
    PRIMARY KEY (tenant, token)
) {clustered};
CREATE INDEX answers_at ON answers (at)
-- version 3
CREATE TABLE claims (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    other TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    until {real} NOT NULL,
    PRIMARY KEY (tenant, number, other)
) {clustered};
CREATE TABLE words (
    position {serial},
    tenant TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    at {real} NOT NULL,
    key TEXT NOT NULL,
    other TEXT NOT NULL,
    same INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    before TEXT NOT NULL
);
CREATE INDEX words_tenant ON words (tenant, position);
CREATE INDEX words_key ON words (tenant, key);
CREATE INDEX words_kept ON words (at) WHERE before <> ''
-- version 4
ALTER TABLE pictures ADD COLUMN unresolved {real}
-- version 5
{order_keys};
CREATE INDEX pictures_held ON pictures (tenant, key) WHERE state = 'held';
CREATE TABLE events (
    position {serial},
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    at {real} NOT NULL DEFAULT ({now}),
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_tenant ON events (tenant, position);
CREATE INDEX events_at ON events (at);
CREATE TABLE recording (
    keep {real} NOT NULL
);
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    event TEXT NOT NULL
)

-- version 6
ALTER TABLE codes ADD COLUMN code_version INTEGER NOT NULL DEFAULT 3
