//! `ALTER PUBLICATION … ADD TABLE`: a table as a publication has it, with its columns and its row filter.
//! It stands in the table and goes by the name of the publication.

use crate::{
    ddl::{Action, Alter, Lock, Retype, Target, Verb},
    kinds::{PgObject, object, state},
    model::{Ident, ObjectId},
};

object! {
    pub struct PublicationTable {
        /// Empty where all are published.
        pub columns: Vec<String>,
        pub filter: Option<String>,
        /// Whether others inherit from the table. Each of them is published by itself.
        pub has_children: bool,
    }
}

impl PgObject for PublicationTable {
    state!();
    const LABEL: &'static str = "PUBLICATION";
    const PRINTED: &'static [&'static str] = &["filter"];
    // A row filter is in the way; PostgreSQL does not ask about a list of columns.
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    // Version 15 brought the lists and the filters. Before, `prqual` is that of the row beside.
    const CATALOG: &'static str = "
        SELECT 'pg_publication_rel'::regclass::oid AS classid, r.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, r.prrelid AS parent_id, 0 AS parent_sub, p.pubname::text AS name,
               'pg_publication'::regclass::oid AS needs_class, p.oid AS needs_id, 0 AS needs_sub,
               ARRAY(SELECT a.attname::text FROM pg_attribute a
                     WHERE a.attrelid = r.prrelid AND 0 < a.attnum
                       AND a.attnum::text = ANY(regexp_split_to_array(btrim(to_jsonb(r)->>'prattrs', '[] '), '[, ]+'))
                     ORDER BY a.attnum) AS columns,
               q.filter,
               EXISTS (SELECT FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent
                       WHERE c.oid = r.prrelid AND c.relkind = 'r') AS has_children
        FROM pg_publication_rel r
        JOIN pg_publication p ON p.oid = r.prpubid
        CROSS JOIN (SELECT NULL::pg_node_tree AS prqual) beside
        CROSS JOIN LATERAL (SELECT (SELECT pg_get_expr(prqual, prrelid) FROM pg_publication_rel WHERE oid = r.oid) AS filter) q
        WHERE $1::oid[] IS NOT NULL";

    fn address(id: &ObjectId) -> String {
        format!("TABLE {} OF {} {}", id.container().qualified(), Self::LABEL, id.name)
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let mut table = self.table(id);
        if !self.columns.is_empty() {
            let columns: Vec<String> = self.columns.iter().map(|name| Ident::new(name).to_string()).collect();
            table.push_str(&format!(" ({})", columns.join(", ")));
        }
        table.extend(self.filter.iter().map(|filter| format!(" WHERE ({filter})")));
        vec![change(Verb::Create, id, "ADD", table)]
    }
    fn alter(&self, _: &ObjectId, to: &PublicationTable, attr: Attr, _: Target) -> Alter {
        match attr {
            Attr::columns if is_permutation(&self.columns, &to.columns) => {
                Alter::Ignore("they stand in the order of the table's columns, which PostgreSQL cannot move")
            }
            // SET TABLE would have to repeat all the other tables.
            Attr::columns | Attr::filter => Alter::Rebuild,
            Attr::has_children => Alter::Ignore("it is about the table"),
        }
    }
    fn since(&self) -> Option<(i32, &'static str)> {
        let part = !self.columns.is_empty() || self.filter.is_some();
        part.then_some((15, "publications of some columns or rows"))
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![change(Verb::Drop, id, "DROP", self.table(id))]
    }
}

impl PublicationTable {
    /// The table as the publication names it, without its children.
    fn table(&self, id: &ObjectId) -> String {
        let only = if self.has_children { "ONLY " } else { "" };
        format!("{only}{}", id.container().qualified())
    }
}

fn is_permutation(some: &[String], others: &[String]) -> bool {
    some.len() == others.len() && some.iter().all(|name| others.contains(name))
}

fn change(verb: Verb, id: &ObjectId, word: &str, table: String) -> Action {
    let head = format!("ALTER PUBLICATION {} {word} TABLE", id.name);
    Action::clause(verb, id, head, table, ",").locks(Lock::ShareUpdateExclusive)
}
