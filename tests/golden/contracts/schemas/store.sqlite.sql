PRAGMA user_version = 6
PRAGMA application_id = 1397770563
PRAGMA journal_mode = wal
index answers_at
    CREATE INDEX answers_at ON answers (at)
index events_at
    CREATE INDEX events_at ON events (at)
index events_tenant
    CREATE INDEX events_tenant ON events (tenant, position)
index pictures_held
    CREATE INDEX pictures_held ON pictures (tenant, key) WHERE state = 'held'
index pictures_identity
    CREATE INDEX pictures_identity ON pictures (tenant, identity)
index pictures_waiting
    CREATE INDEX pictures_waiting ON pictures (tenant, state, number) WHERE state <> 'accepted'
index refusals_number
    CREATE INDEX refusals_number ON refusals (tenant, number, at)
index removals_tenant
    CREATE INDEX removals_tenant ON removals (tenant, position)
index sqlite_autoindex_cursors_1
    of its own
index sqlite_autoindex_events_1
    of its own
index sqlite_autoindex_pictures_1
    of its own
index sqlite_autoindex_proxies_1
    of its own
index words_kept
    CREATE INDEX words_kept ON words (at) WHERE before <> ''
index words_key
    CREATE INDEX words_key ON words (tenant, key)
index words_tenant
    CREATE INDEX words_tenant ON words (tenant, position)
table answers
    CREATE TABLE answers ( tenant TEXT NOT NULL,
        token TEXT NOT NULL,
        request BLOB NOT NULL,
        told TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (tenant, token) ) WITHOUT ROWID
table claims
    CREATE TABLE claims ( tenant TEXT NOT NULL,
        number BIGINT NOT NULL,
        other TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        until REAL NOT NULL,
        PRIMARY KEY (tenant, number, other) ) WITHOUT ROWID
table codes
    CREATE TABLE codes ( tenant TEXT NOT NULL,
        number BIGINT NOT NULL,
        pdq BLOB NOT NULL,
        copycode BLOB NOT NULL,
        quality INTEGER NOT NULL,
        detail INTEGER NOT NULL,
        code_version INTEGER NOT NULL DEFAULT 3,
        PRIMARY KEY (tenant, number) ) WITHOUT ROWID
table cursors
    CREATE TABLE cursors ( name TEXT PRIMARY KEY,
        event TEXT NOT NULL )
table events
    CREATE TABLE events ( position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
        kind TEXT NOT NULL,
        data TEXT NOT NULL )
table pictures
    CREATE TABLE pictures ( number INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        created REAL NOT NULL,
        lease_until REAL NOT NULL,
        identity BLOB NOT NULL,
        sha256 BLOB NOT NULL,
        coded BLOB NOT NULL,
        format TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        size BIGINT NOT NULL,
        metadata BIGINT NOT NULL,
        jpeg_quality INTEGER,
        grade INTEGER NOT NULL,
        unresolved REAL,
        UNIQUE (tenant, key) )
table proxies
    CREATE TABLE proxies ( number BIGINT PRIMARY KEY,
        proxy BLOB NOT NULL,
        data TEXT NOT NULL,
        matches TEXT NOT NULL )
table recording
    CREATE TABLE recording ( keep REAL NOT NULL )
table refusals
    CREATE TABLE refusals ( tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        sha256 BLOB NOT NULL,
        number BIGINT NOT NULL,
        policy TEXT NOT NULL,
        match TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (tenant, key) ) WITHOUT ROWID
table removals
    CREATE TABLE removals ( position INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        number BIGINT NOT NULL )
table settled
    CREATE TABLE settled ( tenant TEXT NOT NULL,
        one BLOB NOT NULL,
        two BLOB NOT NULL,
        same INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (tenant, one, two) ) WITHOUT ROWID
table sqlite_sequence
    CREATE TABLE sqlite_sequence(name,
       seq)
table words
    CREATE TABLE words ( position INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        at REAL NOT NULL,
        key TEXT NOT NULL,
        other TEXT NOT NULL,
        same INTEGER NOT NULL,
        undone INTEGER NOT NULL,
        before TEXT NOT NULL )
