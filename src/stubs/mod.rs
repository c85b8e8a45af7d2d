//! Makes stand-ins for an extension from a server that has it: what belongs to it is read as if it were the user's own, and
//! planned as a schema is. What needs the extension's library gets other innards, which PostgreSQL has itself.

mod innards;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use postgres::Client;

use crate::{
    catalog::Catalog,
    ddl::Target,
    diagnostic::Diagnostic,
    kinds::Object,
    model::{Ident, Kind, Literal, ObjectId},
    plan::plan,
    shadow::{Canonical, Printed, Scratch, Stub},
    sources::introspect::introspect_members,
};

/// A session in a database that has an extension.
pub trait Donor: Send {
    fn client(&mut self) -> &mut Client;
}

impl Donor for Client {
    fn client(&mut self) -> &mut Client {
        self
    }
}

impl Donor for Scratch {
    fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// Stands in for `extension`, which exists in the database of `donor`. The donor goes with the stub, which asks it about
/// type modifiers.
///
/// # Errors
/// Diagnostics where the donor cannot be read, or its members cannot be put in an order.
pub fn stub(mut donor: Box<dyn Donor>, extension: &str) -> Result<Stub, Vec<Diagnostic>> {
    let lost = |error: postgres::Error| {
        vec![Diagnostic::error("stand-in", format!("the members of extension `{extension}` cannot be read: {error}"))]
    };
    let row = donor
        .client()
        .query_one(
            "SELECT e.extversion, n.nspname::text, e.extrelocatable, v.comment,
                    EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions c
                            WHERE c.name = e.extname AND c.version = e.extversion AND c.schema IS NOT NULL)
             FROM pg_catalog.pg_extension e
             LEFT JOIN pg_catalog.pg_available_extensions v ON v.name = e.extname
             JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1",
            &[&extension],
        )
        .map_err(lost)?;
    let mut members = introspect_members(donor.client(), extension).map_err(lost)?;
    let own =
        |entry: &Object| matches!(entry, Object::Schema(schema) if schema.extension.as_deref() == Some(extension));
    let schemas: Vec<String> =
        members.iter().filter(|(_, entry)| own(&entry.object)).map(|(id, _)| id.name.raw().to_owned()).collect();
    let types = of_kind(&members, Kind::BaseType).map(|id| id.container().name.raw().to_owned()).collect();
    let methods = of_kind(&members, Kind::AccessMethod).map(|id| id.name.raw().to_owned()).collect();
    let modifiers = modifiers(&members);
    // In a schema of its own the extension has its way.
    let fixed: bool = row.get(4);
    let home: String = row.get(1);
    let is_its_own = |name: &str| schemas.iter().any(|own| own == name) || (fixed && home == name);
    let is_for_all = |id: &ObjectId| id.kind == Kind::Comment || (id.kind == Kind::Grant && id.name.raw().is_empty());
    members.retain(|id| {
        let own = id.parent().is_some_and(|parent| parent.kind == Kind::Schema && is_its_own(parent.name.raw()));
        !is_said_of(id) || (own && is_for_all(id))
    });
    innards::stand_in(&mut members);

    let mut empty = Catalog::new(members.version);
    for (id, entry) in members.iter().filter(|(id, _)| id.kind == Kind::Schema) {
        empty.insert(id.clone(), entry.object.clone(), None);
    }
    let donor = Arc::new(Mutex::new(donor));
    let target = Target::new(members.version, &empty.casts);
    let statements = plan(&empty, &members, target)?.steps.into_iter().map(|step| step.sql).collect();
    Ok(Stub {
        name: extension.to_owned(),
        version: row.get(0),
        comment: row.get(3),
        schema: home.clone(),
        relocatable: row.get(2),
        fixed,
        statements,
        members: members.ids().filter(|id| is_added(id)).map(ToString::to_string).collect(),
        schemas,
        types,
        modified: modifiers.keys().cloned().collect(),
        methods,
        canonical: canonical(Arc::clone(&donor), modifiers),
        printed: printed(donor, home),
    })
}

fn of_kind(catalog: &Catalog, kind: Kind) -> impl Iterator<Item = &ObjectId> {
    catalog.ids().filter(move |id| id.kind == kind)
}

/// Whether it is a property: owners and privileges are those of the shadow.
fn is_said_of(id: &ObjectId) -> bool {
    matches!(id.kind, Kind::Owner | Kind::Grant | Kind::DefaultGrant | Kind::Comment | Kind::SecurityLabel)
}

/// Whether `ALTER EXTENSION … ADD` takes it; the rest comes with what contains it.
fn is_added(id: &ObjectId) -> bool {
    id.kind != Kind::Schema && !is_said_of(id) && id.parent().is_none_or(|parent| parent.kind == Kind::Schema)
}

/// The functions that read and print the modifiers of each type, by the type's name.
fn modifiers(members: &Catalog) -> BTreeMap<String, (String, Option<String>)> {
    let functions = members.iter().filter_map(|(id, entry)| {
        let Object::BaseType(it) = &entry.object else { return None };
        Some((id.container().name.raw().to_owned(), (it.typmod_in.clone()?, it.typmod_out.clone())))
    });
    functions.collect()
}

type Shared = Arc<Mutex<Box<dyn Donor>>>;
/// A type, and its modifiers or a value of it.
type Question = (String, Vec<String>);

/// Answers of the donor, which is asked each question once, read-only.
fn remembered(
    donor: Shared,
    question: impl Fn(&str, &[String]) -> Option<String> + Send + Sync + 'static,
) -> Canonical {
    let known: Mutex<HashMap<Question, Option<String>>> = Mutex::default();
    Arc::new(move |name, arguments| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = || {
            let mut donor = donor.lock().unwrap_or_else(PoisonError::into_inner);
            let mut transaction = donor.client().build_transaction().read_only(true).start().ok()?;
            transaction.query_one(&question(name, arguments)?, &[]).and_then(|row| row.try_get(0)).ok()
        };
        known.entry((name.to_owned(), arguments.to_vec())).or_insert_with(ask).clone()
    })
}

/// A type with its modifiers, as the donor prints it.
fn canonical(donor: Shared, functions: BTreeMap<String, (String, Option<String>)>) -> Canonical {
    remembered(donor, move |name, arguments| {
        let (read, print) = functions.get(name)?;
        let words: Vec<String> = arguments.iter().map(|word| Literal(word).to_string()).collect();
        let modifier = format!("{read}(ARRAY[{}]::text[]::cstring[])", words.join(", "));
        let printed =
            print.as_ref().map_or(format!("'(' || {modifier} || ')'"), |print| format!("{print}({modifier})"));
        Some(format!("SELECT {} || {printed}::text", Literal(name)))
    })
}

/// A value of a type, as the donor prints it.
fn printed(donor: Shared, schema: String) -> Printed {
    let ask = remembered(donor, move |name, value| {
        let value = Literal(value.first()?).to_string();
        Some(format!("SELECT ({value}::{}.{})::text", Ident::new(&schema), Ident::new(name)))
    });
    Arc::new(move |name, value| ask(name, &[value.to_owned()]))
}
