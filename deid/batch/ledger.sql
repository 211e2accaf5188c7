-- The private memory of a clean folder. It holds paths and identifying values, so it lives in DIR-held only (0600 in 0700).

-- One row an input. `path` is its absolute path as bytes; a source that changed after it was released leaves its row behind
-- under a path that cannot exist.
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    run TEXT NOT NULL DEFAULT '',           -- the newest run that met it, and its number there
    number INTEGER NOT NULL DEFAULT 0,
    label TEXT NOT NULL DEFAULT '',         -- its folder as output names know it
    stat TEXT NOT NULL DEFAULT '',          -- size, times and inode when it was surveyed
    survey_with TEXT NOT NULL DEFAULT '',   -- policy and version of that survey
    input_id TEXT NOT NULL DEFAULT '',
    input_sha256 TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'unknown',
    case_code TEXT NOT NULL DEFAULT '',
    stem TEXT UNIQUE,                       -- name of its output without extension
    todo INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT '',        -- of its current record, with what follows
    reasons TEXT NOT NULL DEFAULT '[]',
    output TEXT,
    output_sha256 TEXT,
    output_stat TEXT NOT NULL DEFAULT '',
    draft TEXT NOT NULL DEFAULT '',
    seq INTEGER,
    done_with TEXT NOT NULL DEFAULT '',     -- policy, version and models
    done_in TEXT NOT NULL DEFAULT '',       -- the run that did it
    known_upto INTEGER NOT NULL DEFAULT 0,  -- every value up to this one was sought in it
    kept_known INTEGER NOT NULL DEFAULT 0,  -- whether the text left visible in it was noted
    may_keep INTEGER NOT NULL DEFAULT 0,    -- whether its own name was found clean
    moved INTEGER NOT NULL DEFAULT 0        -- 1: the watcher put the source away; 2: its path holds another file now
) STRICT;
CREATE INDEX IF NOT EXISTS files_run ON files (run, number);
CREATE INDEX IF NOT EXISTS files_input ON files (input_id);

-- Where the values of a file are sought, and whose values are sought in it: its folders, innermost first, and its patient.
CREATE TABLE IF NOT EXISTS scopes (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    depth INTEGER NOT NULL,                 -- 0: the patient, 1: its own folder, 2: the folder around that …
    UNIQUE (file, scope)
) STRICT;
CREATE INDEX IF NOT EXISTS scopes_scope ON scopes (scope);

-- Which patients the headers in a folder, and below it, name.
CREATE TABLE IF NOT EXISTS patients (
    scope TEXT NOT NULL,
    patient TEXT NOT NULL,
    UNIQUE (scope, patient)
) STRICT;

CREATE TABLE IF NOT EXISTS known (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,                    -- '' is the whole run
    keyword TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (scope, keyword, value)
) STRICT;

-- Text that was read and left visible: a value that is learnt later may be in it.
CREATE TABLE IF NOT EXISTS kept (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS kept_file ON kept (file);

-- Every clean file was looked at for all values up to this one.
CREATE TABLE IF NOT EXISTS checked (upto INTEGER NOT NULL) STRICT;

-- Current records of the audit log, so that a run that was killed between record and ledger goes on from the log.
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY,
    input_id TEXT NOT NULL,
    status TEXT NOT NULL,
    output TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS records_input ON records (input_id);
CREATE INDEX IF NOT EXISTS records_output ON records (output);

-- Local copies of sources behind URLs, which are told by their URLs.
CREATE TABLE IF NOT EXISTS origins (copy BLOB NOT NULL UNIQUE, url TEXT NOT NULL) STRICT;

-- What the user named as sources.
CREATE TABLE IF NOT EXISTS roots (path BLOB NOT NULL UNIQUE) STRICT;
