//! What functions and procedures have in common: a definition that PostgreSQL prints and replaces as a whole.

/// `FUNCTION` and `PROCEDURE` differ in their label, in `pg_proc.prokind`, and in whether arguments must say that they
/// are `IN`.
macro_rules! routine {
    ($Type:ident, $label:literal, $prokinds:literal, $mode:literal) => {
        use crate::{
            ddl::{Action, Alter, Lock, Retype, Risk, Target},
            kinds::{Namespace, Object, PgObject, Renamed, object, sql, state},
            model::ObjectId,
        };

        object! {
            pub struct $Type {
                /// As `pg_get_functiondef` prints it.
                pub definition: String,
                /// Absent for a procedure.
                pub result: Option<String>,
                /// Mode and name of each argument: `i amount`.
                pub arguments: Vec<String>,
                pub defaults: i32,
                pub language: String,
                /// The body where it is a string, which `pg_depend` knows nothing of.
                pub body: Option<String>,
            }
        }

        impl PgObject for $Type {
            state!();
            const LABEL: &'static str = $label;
            const RENAMED: Renamed = Renamed::ByItself(Lock::None);
            const PRINTED: &'static [&'static str] = &["definition", "body", "result"];
            const NAMESPACES: &'static [Namespace] = &[Namespace::Routine];
            const CAN_BE_MENTIONED: bool = true;
            const BLOCKS: Option<Retype> = Some(Retype::Modifier);
            // CREATE TYPE … AS RANGE makes functions of its own.
            const CATALOG: &'static str = concat!("
                SELECT 'pg_proc'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,
                       'pg_namespace'::regclass::oid AS parent_class, p.pronamespace AS parent_id, 0 AS parent_sub,
                       p.proname::text AS name,
                       (SELECT '(' || coalesce(string_agg(concat(", $mode, ", format_type(t, NULL)), ', ' ORDER BY n), '') || ')'
                        FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n)) AS signature,
                       pg_get_functiondef(p.oid) AS definition, pg_get_function_result(p.oid) AS result,
                       ARRAY(SELECT concat_ws(' ', coalesce((p.proargmodes::text[])[i], 'i'), nullif(p.proargnames[i], ''))
                             FROM generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs)) i
                             WHERE coalesce((p.proargmodes::text[])[i], 'i') <> 't') AS arguments,
                       p.pronargdefaults::int4 AS defaults, l.lanname::text AS language,
                       CASE WHEN l.lanname IN ('sql', 'plpgsql') AND to_jsonb(p)->>'prosqlbody' IS NULL THEN p.prosrc END AS body
                FROM pg_proc p
                JOIN pg_language l ON l.oid = p.prolang
                WHERE p.prokind IN (", $prokinds, ") AND p.pronamespace = ANY($1)
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                  AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i')");

            fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
                let definition = sql::trimmed(&self.definition);
                let plain = definition.strip_prefix("CREATE OR REPLACE ").map(|rest| format!("CREATE {rest}"));
                vec![Action::create(id, plain.unwrap_or_else(|| definition.to_owned()))]
            }
            fn alter(&self, id: &ObjectId, to: &$Type, attr: Attr, _: Target) -> Alter {
                match attr {
                    Attr::defaults | Attr::language | Attr::body => Alter::Ignore("it is part of the definition"),
                    Attr::definition | Attr::result | Attr::arguments => Alter::Replace {
                        action: Box::new(Action::alter(id, sql::trimmed(&to.definition))),
                        likely: self.is_replaced_by(to),
                    },
                }
            }
            fn since(&self) -> Option<(i32, &'static str)> {
                if self.language == "sql" && self.body.is_none() {
                    Some((14, "bodies that are SQL and no string"))
                } else if self.result.is_none() && self.arguments.iter().any(|it| it.starts_with("o")) {
                    Some((14, "procedures with OUT arguments"))
                } else {
                    None
                }
            }
            fn drop(&self, id: &ObjectId) -> Vec<Action> {
                vec![Action::drop(id, format!("DROP {} {}", $label, id.qualified()))]
            }
            fn risks(&self, _: &ObjectId, to: Option<&$Type>) -> Vec<Risk> {
                let Some(to) = to else { return vec![Risk::Gone] };
                let open = (to.is_open() && !self.is_open()).then_some(Risk::DefinerWithoutSearchPath);
                let shown = |result: &Option<String>| result.clone().unwrap_or_else(|| "nothing".to_owned());
                let how = match self.result == to.result {
                    true => (!self.is_replaced_by(to)).then(|| "its arguments change".to_owned()),
                    false => Some(format!("it returns {}, and no longer {}", shown(&to.result), shown(&self.result))),
                };
                open.into_iter().chain(how.map(Risk::SignatureChanged)).collect()
            }
            fn risks_when_new(&self, _: &ObjectId, _: Option<&Object>) -> Vec<Risk> {
                if self.is_open() { vec![Risk::DefinerWithoutSearchPath] } else { Vec::new() }
            }
            fn opaque_body(&self) -> Option<(&str, &str)> {
                self.body.as_deref().map(|body| (self.language.as_str(), body))
            }
        }

        impl $Type {
            /// Whether it runs with its owner's rights, and finds what it names by the search path of who calls it
            /// (PostgreSQL manual, `CREATE FUNCTION`, "Writing SECURITY DEFINER Functions Safely").
            fn is_open(&self) -> bool {
                let says = |words: &[&str]| sql::says(&self.definition, words);
                // The names in a body that is no string are looked up once, when it is created.
                self.body.is_some() && says(&["SECURITY", "DEFINER"]) && !says(&["SET", "search_path"])
            }
            /// The result stays, no default goes, and no argument gets a name but one that had none (PostgreSQL manual,
            /// `CREATE FUNCTION`, Notes).
            fn is_replaced_by(&self, to: &$Type) -> bool {
                self.result == to.result
                    && self.defaults <= to.defaults
                    && self.arguments.len() == to.arguments.len()
                    && self.arguments.iter().zip(&to.arguments).all(|(old, new)| {
                        old == new || (!old.contains(' ') && new.split(' ').next() == Some(old.as_str()))
                    })
            }
        }
    };
}
pub(crate) use routine;
