CREATE TABLE account (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	tier TEXT NOT NULL, 
	usd INTEGER DEFAULT 0 NOT NULL, 
	diem INTEGER DEFAULT 0 NOT NULL, 
	diem_allocation INTEGER DEFAULT 0 NOT NULL, 
	created_ms INTEGER NOT NULL, 
	disabled_ms INTEGER, wallet BLOB, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_account_solvent CHECK (id <= 3 OR (usd >= 0 AND diem >= 0)), 
	CONSTRAINT ck_account_allocation CHECK (diem_allocation >= 0), 
	CONSTRAINT uq_account_name UNIQUE (name)
)
 STRICT

;
INSERT INTO "account" VALUES(1,'system:revenue','system',0,0,0,0,NULL,NULL);
INSERT INTO "account" VALUES(2,'system:grants','system',0,0,0,0,NULL,NULL);
INSERT INTO "account" VALUES(3,'system:epochs','system',0,0,0,0,NULL,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE character_use (
	slug TEXT NOT NULL, 
	uses INTEGER NOT NULL, 
	PRIMARY KEY (slug)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE clock_confirmation (
	id INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	last_entry INTEGER NOT NULL, 
	PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE entry (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	kind INTEGER NOT NULL, 
	currency INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	call_id BLOB, 
	key_id INTEGER, 
	sku_id INTEGER NOT NULL, 
	units INTEGER NOT NULL, 
	unit_price INTEGER NOT NULL, 
	input_tokens INTEGER, 
	cached_input_tokens INTEGER, 
	output_tokens INTEGER, 
	reasoning_tokens INTEGER, 
	execution_ms INTEGER NOT NULL, 
	notes TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_entry_call_id CHECK (length(call_id) = 16), 
	CONSTRAINT ck_entry_sign CHECK (CASE kind WHEN 1 THEN amount <= 0 WHEN 2 THEN amount > 0 WHEN 3 THEN amount >= 0 WHEN 4 THEN amount < 0 ELSE kind = 5 END), 
	CONSTRAINT ck_entry_currency CHECK (currency IN (1, 2)), 
	CONSTRAINT ck_entry_units CHECK (units >= 0 AND unit_price >= 0), 
	FOREIGN KEY(account_id) REFERENCES account (id), 
	FOREIGN KEY(key_id) REFERENCES "key" (id), 
	FOREIGN KEY(sku_id) REFERENCES sku (id)
)
 STRICT

;
CREATE TABLE idempotency_record (
	account_id INTEGER NOT NULL, 
	key_digest BLOB NOT NULL, 
	body_digest BLOB NOT NULL, 
	call_id BLOB NOT NULL, 
	at_ms INTEGER NOT NULL, 
	PRIMARY KEY (account_id, key_digest), 
	CONSTRAINT ck_idempotency_record_lengths CHECK (length(key_digest) = 32 AND length(body_digest) = 32 AND length(call_id) = 16), 
	FOREIGN KEY(account_id) REFERENCES account (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE job (
	id BLOB NOT NULL, 
	digest BLOB NOT NULL, 
	public_key BLOB NOT NULL, 
	account_id INTEGER NOT NULL, 
	key_id BLOB NOT NULL, 
	model TEXT NOT NULL, 
	held_usd INTEGER NOT NULL, 
	held_diem INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	charge TEXT NOT NULL, 
	seconds INTEGER NOT NULL, 
	made_ms INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	lease INTEGER NOT NULL, 
	lease_ms INTEGER, 
	started_ms INTEGER, 
	ended_ms INTEGER, 
	progress INTEGER NOT NULL, 
	execution_ms INTEGER NOT NULL, 
	failure TEXT, remote BLOB, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_job_lengths CHECK (length(id) = 16 AND length(digest) = 32 AND length(public_key) = 32 AND length(key_id) = 16), 
	CONSTRAINT ck_job_state CHECK (state IN ('queued', 'running', 'done', 'failed')), 
	CONSTRAINT ck_job_ended CHECK ((state IN ('done', 'failed')) = (ended_ms IS NOT NULL)), 
	CONSTRAINT ck_job_leased CHECK ((state = 'running') = (lease_ms IS NOT NULL)), 
	CONSTRAINT ck_job_held CHECK (held_usd >= 0 AND held_diem >= 0), 
	CONSTRAINT ck_job_progress CHECK (progress BETWEEN 0 AND 1000), 
	CONSTRAINT uq_job_digest UNIQUE (digest), 
	FOREIGN KEY(account_id) REFERENCES account (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE job_average (
	model TEXT NOT NULL, 
	jobs INTEGER NOT NULL, 
	average_ms INTEGER NOT NULL, 
	PRIMARY KEY (model)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE job_media (
	id INTEGER NOT NULL, 
	job_id BLOB NOT NULL, 
	part TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_job_media_part CHECK (part IN ('request', 'result')), 
	FOREIGN KEY(job_id) REFERENCES job (id)
)
 STRICT

;
CREATE TABLE "key" (
	id INTEGER NOT NULL, 
	public_id BLOB NOT NULL, 
	account_id INTEGER NOT NULL, 
	type TEXT NOT NULL, 
	description TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	last6 TEXT NOT NULL, 
	created_ms INTEGER NOT NULL, 
	expires_ms INTEGER, 
	revoked_ms INTEGER, 
	used_ms INTEGER, 
	limit_usd INTEGER, 
	limit_diem INTEGER, 
	limit_vcu INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_key_lengths CHECK (length(public_id) = 16 AND length(digest) = 32), 
	CONSTRAINT ck_key_type CHECK (type IN ('ADMIN', 'INFERENCE')), 
	CONSTRAINT ck_key_limits CHECK (limit_usd >= 0 AND limit_diem >= 0 AND limit_vcu >= 0), 
	CONSTRAINT uq_key_public_id UNIQUE (public_id), 
	FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT uq_key_digest UNIQUE (digest)
)
 STRICT

;
CREATE TABLE key_epoch (
	key_id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	usd INTEGER NOT NULL, 
	diem INTEGER NOT NULL, 
	PRIMARY KEY (key_id, epoch), 
	FOREIGN KEY(key_id) REFERENCES "key" (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE login (
	digest BLOB NOT NULL, 
	account_id INTEGER NOT NULL, 
	expires_ms INTEGER NOT NULL, 
	PRIMARY KEY (digest), 
	CONSTRAINT ck_login_lengths CHECK (length(digest) = 32), 
	FOREIGN KEY(account_id) REFERENCES account (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE open_call (
	call_id BLOB NOT NULL, 
	account_id INTEGER NOT NULL, 
	key_id BLOB NOT NULL, 
	model TEXT NOT NULL, 
	opened_ms INTEGER NOT NULL, 
	held_usd INTEGER NOT NULL, 
	held_diem INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	input_tokens INTEGER NOT NULL, 
	cached_input_tokens INTEGER NOT NULL, 
	output_tokens INTEGER NOT NULL, 
	reasoning_tokens INTEGER NOT NULL, searches INTEGER DEFAULT 0 NOT NULL, scrapes INTEGER DEFAULT 0 NOT NULL, accepted_prediction_tokens INTEGER DEFAULT 0 NOT NULL, rejected_prediction_tokens INTEGER DEFAULT 0 NOT NULL, characters INTEGER DEFAULT 0 NOT NULL, images INTEGER DEFAULT 0 NOT NULL, upscales_2x INTEGER DEFAULT 0 NOT NULL, upscales_4x INTEGER DEFAULT 0 NOT NULL, edits INTEGER DEFAULT 0 NOT NULL, seconds INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (call_id), 
	CONSTRAINT ck_open_call_call_id CHECK (length(call_id) = 16), 
	FOREIGN KEY(account_id) REFERENCES account (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE quarantine (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	tries INTEGER DEFAULT 1 NOT NULL, 
	call_id BLOB, 
	account_id INTEGER, 
	details TEXT NOT NULL, 
	outcome TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_quarantine_kind CHECK (kind IN ('write', 'open_call')), 
	CONSTRAINT ck_quarantine_outcome CHECK (outcome IN ('entered', 'reopened', 'discarded'))
)
 STRICT

;
CREATE TABLE session (
	digest BLOB NOT NULL, 
	key_id INTEGER NOT NULL, 
	opened_ms INTEGER NOT NULL, 
	used_ms INTEGER NOT NULL, 
	PRIMARY KEY (digest), 
	CONSTRAINT ck_session_lengths CHECK (length(digest) = 32), 
	FOREIGN KEY(key_id) REFERENCES "key" (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE sku (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_sku_name UNIQUE (name)
)
 STRICT

;
CREATE INDEX ix_key_account_id ON "key" (account_id);
CREATE UNIQUE INDEX uq_entry_call_id_sku_id_currency ON entry (call_id, sku_id, currency);
CREATE TRIGGER entry_UPDATE BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entry_DELETE BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE UNIQUE INDEX uq_account_wallet ON account (wallet);
CREATE INDEX ix_entry_charge ON entry (account_id, at_ms, currency, kind) WHERE kind = 1;
CREATE UNIQUE INDEX uq_quarantine_kind_call_id ON quarantine (kind, call_id);
CREATE INDEX ix_idempotency_record_at_ms ON idempotency_record (at_ms);
CREATE INDEX ix_job_state ON job (state, account_id, made_ms);
CREATE UNIQUE INDEX uq_job_media_job_id_part ON job_media (job_id, part);
CREATE INDEX ix_session_key_id_used_ms ON session (key_id, used_ms);
