-- Times and lengths are whole microseconds, booleans 0 or 1, UUIDs dashed lower-case text.

-- One row per setting or secret of the installation itself (the set-up link's hash, …).
CREATE TABLE installation (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One row: when a server was last known to be alive. The gap to the next start is a blackout.
CREATE TABLE liveness (
    id       INTEGER NOT NULL PRIMARY KEY,
    alive_at INTEGER NOT NULL
) STRICT;

CREATE TABLE blackouts (
    id      INTEGER PRIMARY KEY,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    cause   TEXT    NOT NULL
) STRICT;
CREATE INDEX blackouts_to_at ON blackouts (to_at);

CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    email      TEXT    NOT NULL UNIQUE,
    password   TEXT    NOT NULL,
    is_admin   INTEGER NOT NULL,
    language   TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash TEXT    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE projects (
    id         INTEGER PRIMARY KEY,
    uuid       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    ping_key   TEXT    UNIQUE,
    badge_key  TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT;
CREATE INDEX members_user ON members (user_id);

-- Keys that open an API. Only a hash is kept; `hint` is what a list may show.
CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    hash       TEXT    NOT NULL UNIQUE,
    hint       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE TABLE checks (
    id                  INTEGER PRIMARY KEY,
    uuid                TEXT    NOT NULL UNIQUE,
    badge_key           TEXT    NOT NULL UNIQUE,
    project_id          INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name                TEXT    NOT NULL,
    slug                TEXT    NOT NULL,
    tags                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    created_at          INTEGER NOT NULL,
    -- schedule: core::schedule::Spec
    kind                TEXT    NOT NULL,
    period              INTEGER NOT NULL,
    expr                TEXT    NOT NULL,
    tz                  TEXT    NOT NULL,
    grace               INTEGER NOT NULL,
    early               INTEGER,
    -- what a ping counts as: core::ping::Rules
    manual_resume       INTEGER NOT NULL,
    post_only           INTEGER NOT NULL,
    start_kw            TEXT    NOT NULL,
    success_kw          TEXT    NOT NULL,
    failure_kw          TEXT    NOT NULL,
    filter_subject      INTEGER NOT NULL,
    filter_body         INTEGER NOT NULL,
    filter_http_body    INTEGER NOT NULL,
    filter_default_fail INTEGER NOT NULL,
    -- for lists that remember settings; a trigger draws it anew when one of the settings above is written
    revision            INTEGER NOT NULL DEFAULT (random()),
    -- state: core::check::State
    status              TEXT    NOT NULL,
    since               INTEGER NOT NULL,
    n_pings             INTEGER NOT NULL,
    last_ping_at        INTEGER,
    run_at              INTEGER,
    run_id              TEXT,
    last_duration       INTEGER,
    due_at              INTEGER,
    deadline            INTEGER,
    strip               INTEGER NOT NULL,
    -- newest row in `pings`; each of those names the one before it
    last_ping_id        INTEGER,
    -- when the scheduler looks again: never after `deadline`, often before it. Only this one is indexed, and a
    -- ping does not write it, so that the index costs nothing while pings come in.
    wake_at             INTEGER
) STRICT;
CREATE INDEX checks_wake ON checks (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX checks_project_slug ON checks (project_id, slug);
-- Pings name none of these columns, and it costs them nothing.
CREATE TRIGGER checks_revision AFTER UPDATE OF uuid, badge_key, name, slug, tags, description, kind, period, expr, tz, grace,
        manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body, filter_http_body,
        filter_default_fail ON checks
BEGIN
    UPDATE checks SET revision = random() WHERE id = NEW.id;
END;

-- Other addresses of a check: `short` names it to somebody who has signed in, `alias` is a secret as its UUID is.
CREATE TABLE check_addresses (
    check_id INTEGER NOT NULL PRIMARY KEY REFERENCES checks (id) ON DELETE CASCADE,
    short    TEXT    NOT NULL UNIQUE,
    alias    TEXT    UNIQUE
) STRICT;

CREATE TABLE channels (
    id         INTEGER PRIMARY KEY,
    uuid       TEXT    NOT NULL UNIQUE,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    -- why it can no longer work, as its vendor said; empty while it can
    broken     TEXT    NOT NULL,
    -- the channel of the same project that gets what this one could not deliver. No foreign key: tables are moved in
    -- the order in which they refer to each other
    fallback_id INTEGER,
    -- when a message is next sent only to see that the channel works; null: never
    canary_at  INTEGER,
    -- whether the reader of a mail address wants what is sent there: asked, given, or withdrawn by unsubscribing; empty
    -- where nobody need be asked
    consent    TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX channels_project ON channels (project_id);
CREATE INDEX channels_canary ON channels (canary_at) WHERE canary_at IS NOT NULL;

-- What a channel of kind `group` stands for. Groups have no groups in them.
CREATE TABLE channel_members (
    group_id   INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_members_channel ON channel_members (channel_id);

-- What a vendor who counts messages has got of late. `recipient`: a hash of what names whom they go to, since several
-- channels may lead to one robot; `sent`: the times within the last minute, as a JSON array.
CREATE TABLE paced (
    recipient TEXT    NOT NULL PRIMARY KEY,
    sent      TEXT    NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE check_channels (
    check_id   INTEGER NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    PRIMARY KEY (check_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_channels_channel ON check_channels (channel_id);

-- The mail that asks for a channel's consent: once it was asked for, until the channel is gone.
CREATE TABLE consent_mails (
    channel_id INTEGER NOT NULL PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    made_at    INTEGER NOT NULL,
    -- when it is tried; of a leased one, the end of its lease; null once it went out, or is not tried any more
    next_at    INTEGER,
    tries      INTEGER NOT NULL,
    mailed_at  INTEGER,
    -- why the last try failed
    trouble    TEXT    NOT NULL
) STRICT;
CREATE INDEX consent_mails_next ON consent_mails (next_at) WHERE next_at IS NOT NULL;

-- Appended only, in order of time; a check's history is read along `prev_id` from `checks.last_ping_id`.
-- No index and no foreign key but the row's own number: docs/decisions/0004.
CREATE TABLE pings (
    id          INTEGER PRIMARY KEY,
    check_id    INTEGER NOT NULL,
    prev_id     INTEGER,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    exit_status INTEGER,
    rid         TEXT,
    duration    INTEGER,
    scheme      TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    remote_addr TEXT    NOT NULL,
    ua          TEXT    NOT NULL,
    body_size   INTEGER NOT NULL
) STRICT;

-- Bodies apart from the rows that lists read. `zstd` = 1: compressed.
CREATE TABLE ping_bodies (
    ping_id INTEGER PRIMARY KEY,
    zstd    INTEGER NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

CREATE TABLE flips (
    id          INTEGER PRIMARY KEY,
    check_id    INTEGER NOT NULL REFERENCES checks (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    old_status  TEXT    NOT NULL,
    new_status  TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    exit_status INTEGER,
    due_at      INTEGER,
    since       INTEGER NOT NULL,
    heard_at    INTEGER,
    missed      INTEGER NOT NULL,
    blackout_id INTEGER,
    ping_id     INTEGER
) STRICT;
CREATE INDEX flips_check ON flips (check_id, id);

-- One row per alert and channel, written with the flip. `batch`: rows of one channel with the same batch go out as
-- one message. `state`: queued, sent, dead, skipped. A leased row has the end of its lease as `next_at`. Rows about no
-- check: `canary` and `test`, and `notice`, which tells of the death of the channel `about_id`. `origin_id`: the row
-- that this one stands in for, or that killed the channel.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    check_id     INTEGER REFERENCES checks (id) ON DELETE CASCADE,
    flip_id      INTEGER REFERENCES flips (id) ON DELETE CASCADE,
    channel_id   INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    batch        TEXT,
    state        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    done_at      INTEGER,
    about_id     INTEGER REFERENCES channels (id) ON DELETE CASCADE,
    origin_id    INTEGER,
    resent_at    INTEGER,
    dismissed_at INTEGER
) STRICT;
CREATE INDEX outbox_queued ON outbox (channel_id, next_at) WHERE state = 'queued';
CREATE INDEX outbox_next ON outbox (next_at) WHERE state = 'queued';
CREATE INDEX outbox_order ON outbox (channel_id, check_id, id) WHERE state = 'queued';
CREATE INDEX outbox_flip ON outbox (flip_id);
CREATE INDEX outbox_check ON outbox (check_id);
CREATE INDEX outbox_dead ON outbox (channel_id) WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX outbox_about ON outbox (about_id) WHERE about_id IS NOT NULL;
CREATE INDEX outbox_origin ON outbox (origin_id) WHERE origin_id IS NOT NULL;

CREATE TABLE attempts (
    id        INTEGER PRIMARY KEY,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    took      INTEGER NOT NULL,
    outcome   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    -- that of the alert, for the log of a channel
    channel_id INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_channel ON attempts (channel_id, id);
CREATE INDEX attempts_outbox ON attempts (outbox_id);
