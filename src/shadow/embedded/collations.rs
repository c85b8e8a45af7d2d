//! Collations that a schema may name and this build, without ICU and without the system's locales, has not: rows of
//! the same names in `pg_collation` that sort by bytes. What the originals are is kept as [`super::stand_in`] does.

/// What `initdb` finds on a Linux with ICU and all of glibc's locales, one name a line.
const NAMES: &str = include_str!("collations.txt");

/// The command that adds them. `pg_nextoid` cannot be used for system rows: its numbers are those of user objects.
pub(super) fn insert() -> String {
    let names = NAMES.lines().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    format!(
        "BEGIN;
         UPDATE pg_catalog.pg_collation
            SET collprovider = 'c', collcollate = 'C', collctype = 'C',
                colllocale = jsonb_build_object('provider', 'i', 'locale', colllocale)::text
          WHERE collprovider = 'i';
         INSERT INTO pg_catalog.pg_collation (oid, collname, collnamespace, collowner, collprovider,
                collisdeterministic, collencoding, collcollate, collctype, colllocale)
         SELECT {FIRST_OID} + row_number() OVER (), name, 11, 10, 'c', true, -1, 'C', 'C',
                CASE WHEN name LIKE '%-x-icu'
                     THEN jsonb_build_object('provider', 'i', 'locale', split_part(name, '-x-icu', 1))
                     ELSE jsonb_build_object('provider', 'c', 'lc_collate', locale, 'lc_ctype', locale) END::text
           FROM unnest(ARRAY[{names}]::text[]) AS name,
                LATERAL (SELECT CASE WHEN name || '.utf8' IN (SELECT unnest(ARRAY[{names}])) THEN name || '.utf8'
                                     ELSE name END AS locale) l
          WHERE name NOT IN (SELECT collname FROM pg_catalog.pg_collation WHERE collnamespace = 11);
         COMMIT"
    )
}

/// In the range that only `initdb` gives out, after all it gives out in a cluster of this version.
///
/// <https://www.postgresql.org/docs/17/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT>
const FIRST_OID: u32 = 14_500;
