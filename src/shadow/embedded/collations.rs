//! Collations that a schema may name and this build, without ICU and without the system's locales, has not: rows of
//! the same names in `pg_collation` that sort by bytes. Names are all a schema needs of them.

/// What `initdb` finds on a Linux with ICU and all of glibc's locales, one name a line.
const NAMES: &str = include_str!("collations.txt");

/// The command that adds them. `pg_nextoid` cannot be used for system rows: its numbers are those of user objects.
pub(super) fn insert() -> String {
    let names = NAMES.lines().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    format!(
        "BEGIN;
         UPDATE pg_catalog.pg_collation SET collprovider = 'c', collcollate = 'C', collctype = 'C', colllocale = NULL
          WHERE collprovider = 'i';
         INSERT INTO pg_catalog.pg_collation (oid, collname, collnamespace, collowner, collprovider,
                collisdeterministic, collencoding, collcollate, collctype)
         SELECT {FIRST_OID} + row_number() OVER (), name, 11, 10, 'c', true, -1, 'C', 'C'
           FROM unnest(ARRAY[{names}]::name[]) AS name
          WHERE name NOT IN (SELECT collname FROM pg_catalog.pg_collation WHERE collnamespace = 11);
         COMMIT"
    )
}

/// In the range that only `initdb` gives out, after all it gives out in a cluster of this version.
///
/// <https://www.postgresql.org/docs/17/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT>
const FIRST_OID: u32 = 14_500;
