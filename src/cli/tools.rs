//! What tools make in a database for themselves: tables in which they note which migrations have run, and extensions
//! that watch a server. No schema file speaks of them.

use crate::model::{Kind, ObjectId};

/// Tables, in whatever schema, with the tool whose documentation or source names them.
pub const TABLES: &[(&str, &str)] = &[
    ("_prisma_migrations", "Prisma: prisma.io/docs/orm/prisma-migrate, schema-engine/connectors/schema-connector"),
    ("schema_migrations", "Rails: ActiveRecord::SchemaMigration; dbmate, golang-migrate and Ecto: the default of each"),
    ("ar_internal_metadata", "Rails: ActiveRecord::InternalMetadata"),
    ("flyway_schema_history", "Flyway: the default of flyway.table"),
    ("goose_db_version", "goose: DefaultTablename"),
    ("_sqlx_migrations", "sqlx: sqlx-postgres/src/migrate.rs"),
    ("refinery_schema_history", "refinery: DEFAULT_MIGRATION_TABLE_NAME"),
    ("__diesel_schema_migrations", "Diesel: diesel_migrations"),
    ("seaql_migrations", "SeaORM: sea-orm-migration/src/seaql_migrations.rs"),
    ("atlas_schema_revisions", "Atlas: the default of --revisions-schema"),
    ("alembic_version", "Alembic: the default of version_table"),
    ("django_migrations", "Django: django/db/migrations/recorder.py"),
    ("knex_migrations", "Knex: the default of migrations.tableName"),
    ("knex_migrations_lock", "Knex: migrations.tableName and `_lock`"),
    ("__drizzle_migrations", "Drizzle: the default of migrations.table"),
    ("typeorm_metadata", "TypeORM: the default of metadataTableName"),
    ("databasechangelog", "Liquibase: docs.liquibase.com, DATABASECHANGELOG"),
    ("databasechangeloglock", "Liquibase: docs.liquibase.com, DATABASECHANGELOGLOCK"),
    ("pgmigrations", "node-pg-migrate: the default of --migrations-table"),
];

/// Schemas with all that is in them.
pub const SCHEMAS: &[(&str, &str)] = &[
    ("supabase_migrations", "Supabase: the CLI keeps its history there"),
    ("atlas_schema_revisions", "Atlas: the default of --revisions-schema"),
    ("drizzle", "Drizzle: the default of migrations.schema"),
    ("trueup", "Trueup: its own history"),
];

/// Extensions that watch or tend a server, and that whoever runs it installs.
pub const EXTENSIONS: &[(&str, &str)] = &[
    ("pg_stat_statements", "PostgreSQL manual, appendix F"),
    ("pg_buffercache", "PostgreSQL manual, appendix F"),
    ("pg_freespacemap", "PostgreSQL manual, appendix F"),
    ("pg_visibility", "PostgreSQL manual, appendix F"),
    ("pg_walinspect", "PostgreSQL manual, appendix F"),
    ("pgrowlocks", "PostgreSQL manual, appendix F"),
    ("pgstattuple", "PostgreSQL manual, appendix F"),
    ("pg_stat_kcache", "github.com/powa-team/pg_stat_kcache"),
    ("pg_wait_sampling", "github.com/postgrespro/pg_wait_sampling"),
    ("pg_qualstats", "github.com/powa-team/pg_qualstats"),
    ("pg_stat_monitor", "github.com/percona/pg_stat_monitor"),
    ("pg_cron", "github.com/citusdata/pg_cron"),
    ("pgaudit", "github.com/pgaudit/pgaudit"),
    ("pg_repack", "github.com/reorg/pg_repack"),
    ("pg_squeeze", "github.com/cybertec-postgresql/pg_squeeze"),
    ("hypopg", "github.com/HypoPG/hypopg"),
];

/// Whether it is Trueup's, which is so whether anything is in it or not.
pub(super) fn is_own(id: &ObjectId) -> bool {
    id.kind == Kind::Schema && id.name.raw() == "trueup"
}

/// Whether a tool made this object for itself. What it contains is not asked for.
pub(super) fn made(id: &ObjectId) -> bool {
    let is_in = |list: &[(&str, &str)]| list.iter().any(|(name, _)| *name == id.name.raw());
    (id.kind == Kind::Table && is_in(TABLES))
        || (id.kind == Kind::Schema && is_in(SCHEMAS))
        || (id.kind == Kind::Extension && is_in(EXTENSIONS))
}
