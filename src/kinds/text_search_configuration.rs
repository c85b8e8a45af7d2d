//! `CREATE TEXT SEARCH CONFIGURATION`, with its mappings

use std::collections::BTreeMap;

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Ident, ObjectId},
};

object! {
    pub struct TextSearchConfiguration {
        pub parser: String,
        /// Each sort of token with its dictionaries: `asciiword=english_stem, simple`.
        pub mappings: Vec<String>,
    }
}

impl PgObject for TextSearchConfiguration {
    state!();
    const LABEL: &'static str = "TEXT SEARCH CONFIGURATION";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_ts_config'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, c.cfgnamespace AS parent_id, 0 AS parent_sub,
               c.cfgname::text AS name, format('%I.%I', n.nspname, p.prsname) AS parser,
               ARRAY(SELECT t.alias || '=' || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
                     FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
                     WHERE m.mapcfg = c.oid GROUP BY t.tokid, t.alias ORDER BY t.tokid) AS mappings
        FROM pg_ts_config c
        JOIN pg_ts_parser p ON p.oid = c.cfgparser
        JOIN pg_namespace n ON n.oid = p.prsnamespace
        WHERE c.cfgnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let create = Action::create(id, format!("CREATE {id} (PARSER = {})", self.parser));
        [create].into_iter().chain(map(id, "ADD", self.mappings.iter())).collect()
    }
    fn alter(&self, id: &ObjectId, to: &TextSearchConfiguration, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::parser => Alter::Rebuild,
            Attr::mappings => {
                let has = |side: &[String], it: &str| side.iter().any(|other| token(other) == token(it));
                let gone: Vec<String> =
                    self.mappings.iter().filter(|it| !has(&to.mappings, it)).map(|it| quoted(it)).collect();
                let drop = format!("ALTER {id} DROP MAPPING FOR {}", gone.join(", "));
                let drop = (!gone.is_empty()).then(|| Action::alter(id, drop));
                let changed = to.mappings.iter().filter(|it| has(&self.mappings, it) && !self.mappings.contains(it));
                let new = to.mappings.iter().filter(|it| !has(&self.mappings, it));
                Alter::Do(drop.into_iter().chain(map(id, "ALTER", changed)).chain(map(id, "ADD", new)).collect())
            }
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}

/// One statement for all sorts of token that have the same dictionaries.
fn map<'a>(id: &ObjectId, verb: &str, mappings: impl Iterator<Item = &'a String>) -> Vec<Action> {
    let mut by_dictionaries: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for mapping in mappings {
        let dictionaries = mapping.split_once('=').map_or("", |(_, dictionaries)| dictionaries);
        by_dictionaries.entry(dictionaries).or_default().push(quoted(mapping));
    }
    let statement = |(dictionaries, tokens): (&str, Vec<String>)| {
        Action::alter(id, format!("ALTER {id}\n    {verb} MAPPING FOR {} WITH {dictionaries}", tokens.join(", ")))
    };
    by_dictionaries.into_iter().map(statement).collect()
}

fn token(mapping: &str) -> &str {
    mapping.split('=').next().unwrap_or_default()
}

fn quoted(mapping: &str) -> String {
    Ident::new(token(mapping)).to_string()
}
