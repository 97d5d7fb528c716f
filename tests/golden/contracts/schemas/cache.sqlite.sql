PRAGMA user_version = 1
PRAGMA application_id = 0
PRAGMA journal_mode = wal
table features
    CREATE TABLE features ( sha256 TEXT,
        version TEXT,
        features BLOB,
        PRIMARY KEY (sha256, version) ) WITHOUT ROWID
table files
    CREATE TABLE files ( path BLOB PRIMARY KEY,
        size INTEGER,
        mtime_ns INTEGER,
        inode INTEGER,
        device INTEGER,
        version TEXT,
        kind TEXT,
        content TEXT ) WITHOUT ROWID
table pictures
    CREATE TABLE pictures ( sha256 TEXT,
        version TEXT,
        fingerprint TEXT,
        facts TEXT,
        error TEXT,
        PRIMARY KEY (sha256, version) ) WITHOUT ROWID
table screened
    CREATE TABLE screened ( a TEXT,
        b TEXT,
        version TEXT,
        passed INTEGER,
        PRIMARY KEY (a, b, version) ) WITHOUT ROWID
table verdicts
    CREATE TABLE verdicts ( a TEXT,
        b TEXT,
        version TEXT,
        relation TEXT,
        probability REAL,
        explanation TEXT,
        original TEXT,
        PRIMARY KEY (a, b, version) ) WITHOUT ROWID
