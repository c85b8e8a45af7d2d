//! `CREATE TEXT SEARCH DICTIONARY`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::ObjectId,
};

object! {
    pub struct TextSearchDictionary {
        pub template: String,
        /// As `pg_ts_dict.dictinitoption` holds them: `language = 'danish', stopwords = 'danish'`.
        pub options: Option<String>,
    }
}

impl PgObject for TextSearchDictionary {
    state!();
    const LABEL: &'static str = "TEXT SEARCH DICTIONARY";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CATALOG: &'static str = "
        SELECT 'pg_ts_dict'::regclass::oid AS classid, d.oid AS objid, 0 AS objsubid,
               'pg_namespace'::regclass::oid AS parent_class, d.dictnamespace AS parent_id, 0 AS parent_sub,
               d.dictname::text AS name, format('%I.%I', n.nspname, t.tmplname) AS template, d.dictinitoption AS options
        FROM pg_ts_dict d
        JOIN pg_ts_template t ON t.oid = d.dicttemplate
        JOIN pg_namespace n ON n.oid = t.tmplnamespace
        WHERE d.dictnamespace = ANY($1)";

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let template = format!("TEMPLATE = {}", self.template);
        let options: Vec<&str> = [template.as_str()].into_iter().chain(items(self.options.as_deref())).collect();
        vec![Action::create(id, format!("CREATE {id} (\n    {}\n)", options.join(",\n    ")))]
    }
    fn alter(&self, id: &ObjectId, to: &TextSearchDictionary, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::template => Alter::Rebuild,
            Attr::options => {
                let (old, new) = (items(self.options.as_deref()), items(to.options.as_deref()));
                let gone = old.iter().map(|it| name(it)).filter(|it| !new.iter().any(|other| name(other) == *it));
                let changed: Vec<&str> = gone.chain(new.iter().copied().filter(|it| !old.contains(it))).collect();
                match changed.is_empty() {
                    true => Alter::Ignore("the options only changed places"),
                    false => Alter::Do(vec![Action::alter(id, format!("ALTER {id} ({})", changed.join(", ")))]),
                }
            }
        }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}

/// The options one by one. PostgreSQL writes a quote in a literal twice, so that an even number of them is outside.
fn items(options: Option<&str>) -> Vec<&str> {
    let mut items = Vec::new();
    let mut rest = options.unwrap_or_default();
    while !rest.is_empty() {
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '\'' || c == '"';
            c == ',' && !quoted
        });
        let (item, after) = end.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
        items.push(item.trim());
        rest = after;
    }
    items
}

fn name(option: &str) -> &str {
    option.split(" = ").next().unwrap_or(option)
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn a_comma_in_a_literal_does_not_part_options() {
        assert_eq!(items(Some("a = 'x, ''y'', z', b = 'c'")), ["a = 'x, ''y'', z'", "b = 'c'"]);
        assert!(items(None).is_empty());
    }
}
