//! `CREATE COLLATION`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Ident, Literal, ObjectId},
};

object! {
    pub struct Collation {
        /// The letter in `pg_collation.collprovider`.
        pub provider: String,
        pub deterministic: bool,
        pub lc_collate: Option<String>,
        pub lc_ctype: Option<String>,
        pub locale: Option<String>,
        pub rules: Option<String>,
        /// Whether it is a copy of `C` or `POSIX`, which go with every encoding; any other libc collation goes with one.
        pub any_encoding: bool,
    }
}

impl PgObject for Collation {
    state!();
    const LABEL: &'static str = "COLLATION";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_collation'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.collnamespace AS parent_id, 0 AS parent_sub,
               c.collname::text AS name, coalesce(asked->>'provider', c.collprovider::text) AS provider,
               c.collisdeterministic AS deterministic,
               CASE WHEN asked IS NULL THEN c.collcollate::text ELSE asked->>'lc_collate' END AS lc_collate,
               CASE WHEN asked IS NULL THEN c.collctype::text ELSE asked->>'lc_ctype' END AS lc_ctype,
               CASE WHEN asked IS NULL THEN coalesce(to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale')
                    ELSE asked->>'locale' END AS locale,
               to_jsonb(c)->>'collicurules' AS rules,
               asked IS NULL AND c.collprovider = 'c' AND c.collencoding = -1
                   AND c.collcollate = c.collctype AND c.collcollate IN ('C', 'POSIX') AS any_encoding
        FROM pg_collation c,
             -- Where the embedded PostgreSQL stands in for a locale that it has not (`shadow/embedded/stand_in.rs`).
             LATERAL (SELECT CASE WHEN c.collprovider = 'c' THEN (to_jsonb(c)->>'colllocale')::jsonb END AS asked) s
        WHERE c.collnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Collation { provider, deterministic, lc_collate, lc_ctype, locale, rules, any_encoding } = self;
        if let Some(original) = lc_collate.as_ref().filter(|_| *any_encoding) {
            let sql = format!("CREATE COLLATION {} FROM pg_catalog.{}", id.qualified(), Ident::new(original));
            return vec![Action::create(id, sql)];
        }
        let provider = match provider.as_str() {
            "i" => "icu",
            "b" => "builtin",
            _ => "libc",
        };
        let mut options = vec![format!("PROVIDER = {provider}")];
        let mut text = |name: &str, value: &Option<String>| {
            options.extend(value.iter().map(|value| format!("{name} = {}", Literal(value))));
        };
        match (provider, locale, lc_collate == lc_ctype) {
            ("libc", _, false) => {
                text("LC_COLLATE", lc_collate);
                text("LC_CTYPE", lc_ctype);
            }
            // Before version 15 the locale of every provider was in LC_COLLATE.
            (_, None, _) => text("LOCALE", lc_collate),
            (_, Some(_), _) => text("LOCALE", locale),
        }
        text("RULES", rules);
        if !deterministic {
            options.push("DETERMINISTIC = false".to_owned());
        }
        vec![Action::create(id, format!("CREATE COLLATION {} ({})", id.qualified(), options.join(", ")))]
    }
    fn alter(&self, _: &ObjectId, _: &Collation, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::provider
            | Attr::deterministic
            | Attr::lc_collate
            | Attr::lc_ctype
            | Attr::locale
            | Attr::rules
            | Attr::any_encoding => Alter::Rebuild,
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        match (self.provider.as_str(), &self.rules) {
            ("b", _) => Some((17, "collations of the provider `builtin`")),
            (_, Some(_)) => Some((16, "collations with rules")),
            (_, None) => None,
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP COLLATION {}", id.qualified()))]
    }
    fn set_aside(&self, id: &ObjectId) -> Option<(Action, Action)> {
        Some(super::set_aside_by_rename(Self::LABEL, id))
    }
}
