//! `CREATE TYPE name (INPUT = …)`: the definition that completes a [`super::shell_type`]

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, object, state},
    model::{Literal, ObjectId},
};

object! {
    pub struct BaseType {
        pub input: String,
        pub output: String,
        pub receive: Option<String>,
        pub send: Option<String>,
        pub typmod_in: Option<String>,
        pub typmod_out: Option<String>,
        pub analyze: Option<String>,
        pub subscript: Option<String>,
        /// As `pg_type.typlen` has it: -1 is variable.
        pub length: i16,
        pub by_value: bool,
        /// The letter in `pg_type.typalign`.
        pub alignment: String,
        /// The letter in `pg_type.typstorage`.
        pub storage: String,
        pub category: String,
        pub preferred: bool,
        pub default: Option<String>,
        pub element: Option<String>,
        pub delimiter: String,
        pub collatable: bool,
    }
}

impl PgObject for BaseType {
    state!();
    const LABEL: &'static str = "TYPE";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    const CAN_BE_MENTIONED: bool = true;
    const COMPLETES_PARENT: bool = true;
    const CATALOG: &'static str = "
        SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,
               'pg_type'::regclass::oid AS parent_class, t.oid AS parent_id, -1 AS parent_sub, ''::text AS name,
               t.typinput::regproc::text AS input, t.typoutput::regproc::text AS output,
               CASE WHEN t.typreceive <> 0 THEN t.typreceive::regproc::text END AS receive,
               CASE WHEN t.typsend <> 0 THEN t.typsend::regproc::text END AS send,
               CASE WHEN t.typmodin <> 0 THEN t.typmodin::regproc::text END AS typmod_in,
               CASE WHEN t.typmodout <> 0 THEN t.typmodout::regproc::text END AS typmod_out,
               CASE WHEN t.typanalyze <> 0 THEN t.typanalyze::regproc::text END AS analyze,
               nullif(nullif(to_jsonb(t)->>'typsubscript', '-'), 'raw_array_subscript_handler') AS subscript,
               t.typlen AS length, t.typbyval AS by_value, t.typalign::text AS alignment, t.typstorage::text AS storage,
               t.typcategory::text AS category, t.typispreferred AS preferred, t.typdefault AS default,
               CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element, t.typdelim::text AS delimiter,
               t.typcollation <> 0 AS collatable
        FROM pg_type t
        WHERE t.typtype = 'b' AND t.typisdefined AND t.typnamespace = ANY($1)
          AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)";

    fn address(id: &ObjectId) -> String {
        id.container().to_string()
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        vec![Action::create(id, format!("CREATE {id} (\n    {}\n)", self.options().join(",\n    ")))]
    }
    fn alter(&self, id: &ObjectId, to: &BaseType, attr: Attr, _: Target) -> Alter {
        let function = |name: &str, value: &Option<String>| format!("{name} = {}", value.as_deref().unwrap_or("NONE"));
        let setting = match attr {
            Attr::receive => function("RECEIVE", &to.receive),
            Attr::send => function("SEND", &to.send),
            Attr::typmod_in => function("TYPMOD_IN", &to.typmod_in),
            Attr::typmod_out => function("TYPMOD_OUT", &to.typmod_out),
            Attr::analyze => function("ANALYZE", &to.analyze),
            Attr::subscript => function("SUBSCRIPT", &to.subscript),
            // Values that may have been moved out of line cannot be promised to be in it.
            Attr::storage if to.storage != "p" => format!("STORAGE = {}", to.storage_word()),
            Attr::storage
            | Attr::input
            | Attr::output
            | Attr::length
            | Attr::by_value
            | Attr::alignment
            | Attr::category
            | Attr::preferred
            | Attr::default
            | Attr::element
            | Attr::delimiter
            | Attr::collatable => return Alter::Rebuild,
        };
        Alter::Do(vec![Action::alter(id, format!("ALTER {id} SET ({setting})"))])
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id} CASCADE"))]
    }
}

impl BaseType {
    fn options(&self) -> Vec<String> {
        let mut options = vec![format!("INPUT = {}", self.input), format!("OUTPUT = {}", self.output)];
        let functions = [
            ("RECEIVE", &self.receive),
            ("SEND", &self.send),
            ("TYPMOD_IN", &self.typmod_in),
            ("TYPMOD_OUT", &self.typmod_out),
            ("ANALYZE", &self.analyze),
            ("SUBSCRIPT", &self.subscript),
        ];
        options.extend(functions.iter().filter_map(|(name, value)| Some(format!("{name} = {}", value.as_ref()?))));
        let length = match self.length {
            -1 => "VARIABLE".to_owned(),
            // One that ends with a zero byte has no other name.
            length => length.to_string(),
        };
        options.push(format!("INTERNALLENGTH = {length}"));
        options.extend(self.by_value.then(|| "PASSEDBYVALUE".to_owned()));
        options.push(format!("ALIGNMENT = {}", self.alignment_word()));
        options.push(format!("STORAGE = {}", self.storage_word()));
        options.extend((self.category != "U").then(|| format!("CATEGORY = {}", Literal(&self.category))));
        options.extend(self.preferred.then(|| "PREFERRED = true".to_owned()));
        options.extend(self.default.iter().map(|text| format!("DEFAULT = {}", Literal(text))));
        options.extend(self.element.iter().map(|name| format!("ELEMENT = {name}")));
        options.extend((self.delimiter != ",").then(|| format!("DELIMITER = {}", Literal(&self.delimiter))));
        options.extend(self.collatable.then(|| "COLLATABLE = true".to_owned()));
        options
    }
    fn alignment_word(&self) -> &'static str {
        match self.alignment.as_str() {
            "c" => "char",
            "s" => "int2",
            "d" => "double",
            _ => "int4",
        }
    }
    fn storage_word(&self) -> &'static str {
        match self.storage.as_str() {
            "e" => "external",
            "x" => "extended",
            "m" => "main",
            _ => "plain",
        }
    }
}
