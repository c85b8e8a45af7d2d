//! Stand-ins for an extension that a server lacks: the same types, functions, operators and access methods under the
//! same names. They compute nothing.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; this is about a few of them, and means that by `_`"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pg_query::NodeEnum;

use super::{modifiers, parameters};
use crate::model::{Ident, Literal, parser};

/// Asks a server that has the extension what it makes of the modifiers of a type: of `geometry` and `POINT`, `4326` it
/// makes `geometry(Point,4326)`. Nothing where it cannot tell.
pub type Canonical = Arc<dyn Fn(&str, &[String]) -> Option<String> + Send + Sync>;

/// Asks a server that has the extension how it prints a value: of `geometry` and `POINT(0 0)` it makes some hexadecimal
/// digits. Nothing where it cannot tell.
pub type Printed = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// What stands in for one extension.
#[derive(Clone)]
pub struct Stub {
    pub name: String,
    /// `0` where it is not known.
    pub version: String,
    /// What it says of itself.
    pub comment: Option<String>,
    /// The schema that `statements` create it in.
    pub schema: String,
    pub relocatable: bool,
    /// Whether it goes there by itself, wherever else the session creates things.
    pub fixed: bool,
    /// What creates the members.
    pub statements: Vec<String>,
    /// The members, as `ALTER EXTENSION … ADD` names them.
    pub members: Vec<String>,
    /// The schemas among them.
    pub schemas: Vec<String>,
    /// The types whose values PostgreSQL cannot read.
    pub types: BTreeSet<String>,
    /// Those that take modifiers.
    pub modified: BTreeSet<String>,
    /// The index access methods, whose storage parameters no other method knows.
    pub methods: BTreeSet<String>,
    pub canonical: Canonical,
    pub printed: Printed,
}

impl Stub {
    /// What does for an extension of which nothing is known: its name, and nothing in it.
    #[must_use]
    pub fn empty(name: &str) -> Stub {
        Stub {
            name: name.to_owned(),
            version: "0".to_owned(),
            comment: None,
            schema: "public".to_owned(),
            relocatable: true,
            fixed: false,
            statements: Vec::new(),
            members: Vec::new(),
            schemas: Vec::new(),
            types: BTreeSet::new(),
            modified: BTreeSet::new(),
            methods: BTreeSet::new(),
            canonical: Arc::new(|_, _| None),
            printed: Arc::new(|_, _| None),
        }
    }

    /// Whether a statement, in lower case, might be about it. Says yes too often, never too seldom.
    fn is_mentioned(&self, lower: &str) -> bool {
        // What alters an index does not say by which method it is.
        let alters = !self.methods.is_empty() && lower.contains("alter");
        let mut words = std::iter::once(&self.name).chain(&self.modified).chain(&self.methods);
        alters || words.any(|word| lower.contains(&word.to_ascii_lowercase()))
    }

    /// A block that does what `CREATE EXTENSION` would. A function's body cannot be checked: it may be of a language
    /// that came with the extension.
    fn create(&self, schema: Option<&str>, version: Option<&str>, if_not_exists: bool) -> String {
        let execute = |sql: &String| format!("EXECUTE {};", Literal(sql));
        let lines = |statements: &mut dyn Iterator<Item = String>| {
            statements.map(|sql| execute(&sql)).collect::<Vec<_>>().join("\n    ")
        };
        let extension = Ident::new(&self.name);
        let comment = self.comment.as_ref().map_or("NULL".to_owned(), |text| Literal(text).to_string());
        let schemas = self.schemas.iter().map(Ident::new);
        let make_schemas = lines(&mut schemas.clone().map(|schema| format!("CREATE SCHEMA {schema}")));
        let add_schemas = schemas.map(|schema| format!("SCHEMA {schema}"));
        let members = add_schemas.chain(self.members.iter().cloned());
        let add_members = lines(&mut members.map(|member| format!("ALTER EXTENSION {extension} ADD {member}")));
        format!(
            "DO $trueup_stub$
DECLARE
    asked oid := to_regnamespace({asked});
    home oid := to_regnamespace({home});
    is_new boolean := home IS NULL AND NOT {has_own};
    checks text := current_setting('check_function_bodies');
    own oid;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {name}) THEN
        {already}
    END IF;
    PERFORM set_config('check_function_bodies', 'off', true);
    {make_schemas}
    IF is_new THEN
        {make_home}
    END IF;
    {make_members}
    home := to_regnamespace({home});
    INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion, extcondition)
    VALUES (pg_nextoid('pg_extension', 'oid', 'pg_extension_oid_index'), {name},
            (SELECT oid FROM pg_roles WHERE rolname = current_user), home, true, {version}, ARRAY[{default}, {comment}])
    RETURNING oid INTO own;
    {set_comment}
    IF NOT {has_own} THEN
        INSERT INTO pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
        VALUES ('pg_extension'::regclass, own, 0, 'pg_namespace'::regclass, home, 0, 'n');
    END IF;
    {add_members}
    IF asked <> home AND NOT {has_own} THEN
        EXECUTE format('ALTER EXTENSION %I SET SCHEMA %s', {name}, asked::regnamespace);
        IF is_new THEN
            EXECUTE format('DROP SCHEMA %s', home::regnamespace);
        END IF;
    END IF;
    UPDATE pg_catalog.pg_extension SET extrelocatable = {relocatable} WHERE oid = own;
    PERFORM set_config('check_function_bodies', checks, true);
END $trueup_stub$",
            asked = match schema {
                Some(schema) => Literal(&Ident::new(schema).to_string()).to_string(),
                None if self.fixed => Literal(&Ident::new(&self.schema).to_string()).to_string(),
                None => "quote_ident(current_schema())".to_owned(),
            },
            home = Literal(&Ident::new(&self.schema).to_string()),
            has_own = self.schemas.contains(&self.schema),
            name = Literal(&self.name),
            already = match if_not_exists {
                true => "RETURN;",
                false => "RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = 'extension already exists';",
            },
            make_home = execute(&format!("CREATE SCHEMA {}", Ident::new(&self.schema))),
            make_members = lines(&mut self.statements.iter().cloned()),
            version = Literal(version.unwrap_or(&self.version)),
            default = Literal(&self.version),
            set_comment = execute(&format!("COMMENT ON EXTENSION {extension} IS {comment}")),
            relocatable = self.relocatable,
        )
    }
}

/// What a statement becomes where these extensions are stood in for.
pub(super) fn adapt<'a>(sql: &'a str, stubs: &[Stub]) -> Cow<'a, str> {
    let lower = sql.to_ascii_lowercase();
    let concerned: Vec<&Stub> = stubs.iter().filter(|stub| stub.is_mentioned(&lower)).collect();
    if concerned.is_empty() {
        return Cow::Borrowed(sql);
    }
    if let Some(sql) = extension(sql, &concerned) {
        return Cow::Owned(sql);
    }
    let types: BTreeMap<&str, &Stub> =
        concerned.iter().flat_map(|stub| stub.modified.iter().map(|name| (name.as_str(), *stub))).collect();
    let methods: BTreeSet<&str> = concerned.iter().flat_map(|stub| &stub.methods).map(String::as_str).collect();
    match parameters::stand_in(sql, &methods) {
        Some(sql) => Cow::Owned(modifiers::stand_in(&sql, &types).into_owned()),
        None => modifiers::stand_in(sql, &types),
    }
}

/// `CREATE EXTENSION` and `ALTER EXTENSION … UPDATE` of one that is stood in for.
fn extension(sql: &str, stubs: &[&Stub]) -> Option<String> {
    let parsed = parser::parse(sql).ok()?;
    let [statement] = parsed.stmts.as_slice() else { return None };
    let find = |name: &str| stubs.iter().find(|stub| stub.name == name);
    let option = |options: &[pg_query::protobuf::Node], wanted: &str| {
        options.iter().find_map(|node| match node.node.as_ref()? {
            NodeEnum::DefElem(it) if it.defname == wanted => text(it.arg.as_deref()?),
            _ => None,
        })
    };
    match statement.stmt.as_ref()?.node.as_ref()? {
        NodeEnum::CreateExtensionStmt(create) => {
            let stub = find(&create.extname)?;
            let (schema, version) = (option(&create.options, "schema"), option(&create.options, "new_version"));
            Some(stub.create(schema.as_deref(), version.as_deref(), create.if_not_exists))
        }
        NodeEnum::AlterExtensionStmt(alter) => {
            let stub = find(&alter.extname)?;
            let version = option(&alter.options, "new_version").unwrap_or_else(|| stub.version.clone());
            let (version, name) = (Literal(&version).to_string(), Literal(&stub.name).to_string());
            Some(format!("UPDATE pg_catalog.pg_extension SET extversion = {version} WHERE extname = {name}"))
        }
        _ => None,
    }
}

/// The value of an option, as text.
pub(super) fn text(node: &pg_query::protobuf::Node) -> Option<String> {
    use pg_query::protobuf::a_const::Val;
    match node.node.as_ref()? {
        NodeEnum::String(it) => Some(it.sval.clone()),
        NodeEnum::Integer(it) => Some(it.ival.to_string()),
        NodeEnum::Float(it) => Some(it.fval.clone()),
        NodeEnum::Boolean(it) => Some(it.boolval.to_string()),
        NodeEnum::TypeName(it) => it.names.last().and_then(text),
        NodeEnum::AConst(it) => match it.val.as_ref()? {
            Val::Ival(it) => Some(it.ival.to_string()),
            Val::Sval(it) => Some(it.sval.clone()),
            Val::Fval(it) => Some(it.fval.clone()),
            _ => None,
        },
        _ => None,
    }
}
