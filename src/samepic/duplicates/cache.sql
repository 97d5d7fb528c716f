CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, device INTEGER, version TEXT,
    kind TEXT, content TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (
    sha256 TEXT, version TEXT, fingerprint TEXT, facts TEXT, error TEXT, PRIMARY KEY (sha256, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    a TEXT, b TEXT, version TEXT, relation TEXT, probability REAL, explanation TEXT, original TEXT,
    PRIMARY KEY (a, b, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS features (
    sha256 TEXT, version TEXT, features BLOB, PRIMARY KEY (sha256, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS screened (
    a TEXT, b TEXT, version TEXT, passed INTEGER, PRIMARY KEY (a, b, version)
) WITHOUT ROWID;
