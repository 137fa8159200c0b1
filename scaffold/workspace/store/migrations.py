"""The schema of the SQLite file, as what was added to it from version to version."""

# One entry a schema version: what brings a file of the version before it up to this one.
# An entry that was once released is never edited.
MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE experiments (
        experiment_id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        description TEXT,
        created TEXT NOT NULL,
        archived TEXT,
        tags TEXT NOT NULL DEFAULT '{}'
    );
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        uuid TEXT NOT NULL UNIQUE,
        experiment_id TEXT NOT NULL REFERENCES experiments,
        parent_run_id TEXT,
        root_run_id TEXT NOT NULL,
        status TEXT NOT NULL,
        created TEXT NOT NULL,
        started TEXT,
        ended TEXT,
        name TEXT,
        display_name TEXT,
        description TEXT,
        run_type TEXT,
        target TEXT,
        script_name TEXT,
        snapshot_id TEXT,
        submission TEXT,
        hidden INTEGER NOT NULL DEFAULT 0,
        exit_code INTEGER,
        tags TEXT NOT NULL DEFAULT '{}',
        properties TEXT NOT NULL DEFAULT '{}',
        definition TEXT,
        error TEXT,
        warnings TEXT NOT NULL DEFAULT '[]'
    );
    CREATE INDEX runs_by_experiment ON runs (experiment_id, created);
    CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
    CREATE INDEX runs_by_status ON runs (status);
    CREATE TABLE status_history (
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        status TEXT NOT NULL,
        at TEXT NOT NULL
    );
    CREATE INDEX status_history_by_run ON status_history (run_id);
    CREATE TABLE snapshots (
        snapshot_id TEXT PRIMARY KEY,
        parent_id TEXT,
        created TEXT NOT NULL,
        root TEXT NOT NULL,
        tags TEXT NOT NULL DEFAULT '{}',
        properties TEXT NOT NULL DEFAULT '{}'
    );
    CREATE TABLE snapshot_files (
        snapshot_id TEXT NOT NULL REFERENCES snapshots ON DELETE CASCADE,
        path TEXT NOT NULL,
        tree_hash TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        PRIMARY KEY (snapshot_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE blobs (
        container TEXT NOT NULL,
        name TEXT NOT NULL,
        sha256 TEXT,
        live_path TEXT,
        size INTEGER NOT NULL DEFAULT 0,
        content_type TEXT NOT NULL DEFAULT 'application/octet-stream',
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        PRIMARY KEY (container, name)
    ) WITHOUT ROWID;
    CREATE TABLE metrics (
        sequence INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        name TEXT NOT NULL,
        metric_id TEXT NOT NULL,
        created TEXT NOT NULL,
        step INTEGER,
        kind TEXT,
        columns TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX metrics_by_run ON metrics (run_id, name, sequence);
    CREATE TABLE built_environments (
        key TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        specification TEXT NOT NULL,
        python_version TEXT NOT NULL,
        interpreter TEXT NOT NULL,
        built TEXT NOT NULL,
        used TEXT NOT NULL,
        seconds REAL NOT NULL
    );
    """,
    """
    CREATE TABLE logged_models (
        model_id TEXT PRIMARY KEY,
        experiment_id TEXT NOT NULL REFERENCES experiments,
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        created INTEGER NOT NULL,
        record TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE datastores (
        name TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        section TEXT NOT NULL,
        tags TEXT NOT NULL DEFAULT '{}',
        created TEXT NOT NULL
    );
    CREATE TABLE saved_datasets (
        saved_id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        dataflow TEXT NOT NULL,
        properties TEXT NOT NULL DEFAULT '{}',
        created TEXT NOT NULL
    );
    CREATE TABLE datasets (
        dataset_id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        visible INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE dataset_versions (
        dataset_id TEXT NOT NULL REFERENCES datasets ON DELETE CASCADE,
        version INTEGER NOT NULL,
        saved_id TEXT NOT NULL REFERENCES saved_datasets,
        description TEXT,
        tags TEXT NOT NULL DEFAULT '{}',
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        PRIMARY KEY (dataset_id, version)
    ) WITHOUT ROWID;
    CREATE INDEX dataset_versions_by_saved_id ON dataset_versions (saved_id);
    """,
    """
    CREATE TABLE environment_versions (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        version TEXT NOT NULL,
        created TEXT NOT NULL,
        definition TEXT NOT NULL,
        PRIMARY KEY (name, number),
        UNIQUE (name, version)
    ) WITHOUT ROWID;
    CREATE TABLE environment_labels (
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        version TEXT NOT NULL,
        PRIMARY KEY (name, label)
    ) WITHOUT ROWID;
    CREATE TABLE assets (
        asset_id TEXT PRIMARY KEY,
        name TEXT,
        run_id TEXT,
        created TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE TABLE model_names (name TEXT PRIMARY KEY, last_version INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE models (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        run_id TEXT,
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (name, version)
    ) WITHOUT ROWID;
    CREATE TABLE computes (
        name TEXT PRIMARY KEY COLLATE NOCASE,
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # Names of experiments are unique among those that are not archived; what clients record of a run.
    """
    CREATE TABLE renewed_experiments (
        experiment_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        description TEXT,
        created TEXT NOT NULL,
        archived TEXT,
        tags TEXT NOT NULL DEFAULT '{}'
    );
    INSERT INTO renewed_experiments SELECT experiment_id, name, description, created, archived, tags FROM experiments;
    DROP TABLE experiments;
    ALTER TABLE renewed_experiments RENAME TO experiments;
    CREATE UNIQUE INDEX active_experiments ON experiments (name) WHERE archived IS NULL;
    CREATE INDEX experiments_by_name ON experiments (name);
    ALTER TABLE runs ADD COLUMN run_type_v2 TEXT;
    ALTER TABLE runs ADD COLUMN recorded TEXT NOT NULL DEFAULT '{}';
    UPDATE runs SET run_type_v2 = json_object('orchestrator', 'Execution', 'traits', json_array(run_type))
        WHERE run_type IS NOT NULL;
    CREATE INDEX runs_by_root ON runs (root_run_id);
    CREATE INDEX metrics_by_time ON metrics (run_id, name, created, sequence);
    DROP INDEX metrics_by_run;
    """,
    # The lists of runs that pages show, however many there are.
    """
    CREATE INDEX runs_in_lists ON runs (experiment_id, hidden, created);
    CREATE INDEX runs_in_states ON runs (experiment_id, hidden, status);
    CREATE INDEX runs_by_time ON runs (hidden, created);
    CREATE INDEX models_by_run ON models (run_id) WHERE run_id IS NOT NULL;
    """,
    # What MLflow's registry keeps of a model's name. Logged models are artifacts of their own, with a run or without.
    """
    ALTER TABLE model_names ADD COLUMN created TEXT;
    ALTER TABLE model_names ADD COLUMN modified TEXT;
    ALTER TABLE model_names ADD COLUMN document TEXT;
    UPDATE blobs SET name = (
            SELECT 'LoggedModel/' || model_id || '/model/'
                || substr(name, length('ExperimentRun/dcid./models//') + length(run_id) + length(model_id) + 1)
            FROM logged_models
            WHERE instr(name, 'ExperimentRun/dcid.' || run_id || '/models/' || model_id || '/') = 1)
        WHERE EXISTS (
            SELECT 1 FROM logged_models
            WHERE instr(name, 'ExperimentRun/dcid.' || run_id || '/models/' || model_id || '/') = 1);
    CREATE TABLE renewed_logged_models (
        model_id TEXT PRIMARY KEY,
        experiment_id TEXT NOT NULL REFERENCES experiments,
        run_id TEXT REFERENCES runs ON DELETE CASCADE,
        created INTEGER NOT NULL,
        record TEXT NOT NULL
    );
    INSERT INTO renewed_logged_models SELECT * FROM logged_models;
    DROP TABLE logged_models;
    ALTER TABLE renewed_logged_models RENAME TO logged_models;
    """,
    # The number of an experiment's next run, without looking at all of its runs.
    """
    CREATE INDEX runs_by_number ON runs (experiment_id, number);
    """,
    # Of every metric of a run the value of its highest step, the last of several such, so that lists of runs are
    # sorted and filtered by it without a look at all values. Python's NaN and Infinity are no JSON to SQLite.
    """
    CREATE TABLE latest_metrics (
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        name TEXT NOT NULL,
        step INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        number,
        PRIMARY KEY (run_id, name)
    ) WITHOUT ROWID;
    INSERT INTO latest_metrics
        SELECT run_id, name, step, sequence, (
            SELECT CASE WHEN COUNT(*) = 1 AND MAX(type IN ('integer', 'real', 'true', 'false')) THEN MAX(value) END
            FROM json_each(CASE WHEN json_valid(document) THEN document ELSE '{}' END))
        FROM (
            SELECT run_id, name, COALESCE(step, 0) AS step, sequence,
                replace(replace(data, 'NaN', 'null'), 'Infinity', '9e999') AS document,
                ROW_NUMBER() OVER
                    (PARTITION BY run_id, name ORDER BY COALESCE(step, 0) DESC, sequence DESC) AS place
            FROM metrics)
        WHERE place = 1;
    """,
    # What sweeps over parameters are to do.
    """
    CREATE TABLE sweeps (
        run_id TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # What clients of the second SDK keep: assets by name and version, and metadata of blobs.
    """
    ALTER TABLE blobs ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
    CREATE TABLE versioned_assets (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        number INTEGER NOT NULL,
        created TEXT NOT NULL,
        modified TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name, version)
    ) WITHOUT ROWID;
    CREATE INDEX versioned_assets_in_order ON versioned_assets (kind, name, number);
    CREATE TABLE asset_names (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    """,
    # What pipelines are to do.
    """
    CREATE TABLE pipelines (
        run_id TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
