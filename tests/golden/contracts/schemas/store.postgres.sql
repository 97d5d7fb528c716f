table answers
    tenant text NOT NULL
    token text NOT NULL
    request bytea NOT NULL
    told text NOT NULL
    at double precision NOT NULL
    CONSTRAINT answers_pkey PRIMARY KEY (tenant, token)
    CREATE INDEX answers_at ON answers USING btree (at)
    CREATE UNIQUE INDEX answers_pkey ON answers USING btree (tenant, token)
table claims
    tenant text NOT NULL
    number bigint NOT NULL
    other text NOT NULL
    reviewer text NOT NULL
    until double precision NOT NULL
    CONSTRAINT claims_pkey PRIMARY KEY (tenant, number, other)
    CREATE UNIQUE INDEX claims_pkey ON claims USING btree (tenant, number, other)
partitioned table codes
    tenant text NOT NULL
    number bigint NOT NULL
    pdq bytea NOT NULL
    copycode bytea NOT NULL
    quality integer NOT NULL
    detail integer NOT NULL
    code_version integer NOT NULL DEFAULT 3
    CONSTRAINT codes_pkey PRIMARY KEY (tenant, number)
    CREATE UNIQUE INDEX codes_pkey ON ONLY codes USING btree (tenant, number)
table codes_0 FOR VALUES FROM (MINVALUE) TO ('10000000')
    tenant text NOT NULL
    number bigint NOT NULL
    pdq bytea NOT NULL
    copycode bytea NOT NULL
    quality integer NOT NULL
    detail integer NOT NULL
    code_version integer NOT NULL DEFAULT 3
    CONSTRAINT codes_0_pkey PRIMARY KEY (tenant, number)
    CREATE UNIQUE INDEX codes_0_pkey ON codes_0 USING btree (tenant, number)
table cursors
    name text NOT NULL
    event text NOT NULL
    CONSTRAINT cursors_pkey PRIMARY KEY (name)
    CREATE UNIQUE INDEX cursors_pkey ON cursors USING btree (name)
table events
    position bigint NOT NULL IDENTITY a
    id text NOT NULL
    tenant text NOT NULL
    at double precision NOT NULL DEFAULT (EXTRACT(epoch FROM clock_timestamp()))::double precision
    kind text NOT NULL
    data text NOT NULL
    CONSTRAINT events_id_key UNIQUE (id)
    CONSTRAINT events_pkey PRIMARY KEY ("position")
    CREATE INDEX events_at ON events USING btree (at)
    CREATE INDEX events_tenant ON events USING btree (tenant, "position")
    CREATE UNIQUE INDEX events_id_key ON events USING btree (id)
    CREATE UNIQUE INDEX events_pkey ON events USING btree ("position")
sequence events_position_seq
table pictures
    number bigint NOT NULL IDENTITY a
    tenant text NOT NULL
    key text NOT NULL
    state text NOT NULL
    created double precision NOT NULL
    lease_until double precision NOT NULL
    identity bytea NOT NULL
    sha256 bytea NOT NULL
    coded bytea NOT NULL
    format text NOT NULL
    width integer NOT NULL
    height integer NOT NULL
    frames integer NOT NULL
    size bigint NOT NULL
    metadata bigint NOT NULL
    jpeg_quality integer
    grade integer NOT NULL
    unresolved double precision
    CONSTRAINT pictures_pkey PRIMARY KEY (number)
    CONSTRAINT pictures_tenant_key_key UNIQUE (tenant, key)
    CREATE INDEX pictures_held ON pictures USING btree (tenant, key) WHERE (state = 'held'::text)
    CREATE INDEX pictures_identity ON pictures USING btree (tenant, identity)
    CREATE INDEX pictures_waiting ON pictures USING btree (tenant, state, number) WHERE (state <> 'accepted'::text)
    CREATE UNIQUE INDEX pictures_pkey ON pictures USING btree (number)
    CREATE UNIQUE INDEX pictures_tenant_key_key ON pictures USING btree (tenant, key)
sequence pictures_number_seq
table proxies
    number bigint NOT NULL
    proxy bytea NOT NULL
    data text NOT NULL
    matches text NOT NULL
    CONSTRAINT proxies_pkey PRIMARY KEY (number)
    CREATE UNIQUE INDEX proxies_pkey ON proxies USING btree (number)
table recording
    keep double precision NOT NULL
table refusals
    tenant text NOT NULL
    key text NOT NULL
    sha256 bytea NOT NULL
    number bigint NOT NULL
    policy text NOT NULL
    match text NOT NULL
    at double precision NOT NULL
    CONSTRAINT refusals_pkey PRIMARY KEY (tenant, key)
    CREATE INDEX refusals_number ON refusals USING btree (tenant, number, at)
    CREATE UNIQUE INDEX refusals_pkey ON refusals USING btree (tenant, key)
table removals
    position bigint NOT NULL IDENTITY a
    tenant text NOT NULL
    number bigint NOT NULL
    CONSTRAINT removals_pkey PRIMARY KEY ("position")
    CREATE INDEX removals_tenant ON removals USING btree (tenant, "position")
    CREATE UNIQUE INDEX removals_pkey ON removals USING btree ("position")
sequence removals_position_seq
table samepic
    version integer NOT NULL
table settled
    tenant text NOT NULL
    one bytea NOT NULL
    two bytea NOT NULL
    same integer NOT NULL
    at double precision NOT NULL
    CONSTRAINT settled_pkey PRIMARY KEY (tenant, one, two)
    CREATE UNIQUE INDEX settled_pkey ON settled USING btree (tenant, one, two)
table words
    position bigint NOT NULL IDENTITY a
    tenant text NOT NULL
    reviewer text NOT NULL
    at double precision NOT NULL
    key text NOT NULL
    other text NOT NULL
    same integer NOT NULL
    undone integer NOT NULL
    before text NOT NULL
    CONSTRAINT words_pkey PRIMARY KEY ("position")
    CREATE INDEX words_kept ON words USING btree (at) WHERE (before <> ''::text)
    CREATE INDEX words_key ON words USING btree (tenant, key)
    CREATE INDEX words_tenant ON words USING btree (tenant, "position")
    CREATE UNIQUE INDEX words_pkey ON words USING btree ("position")
sequence words_position_seq
version 7
