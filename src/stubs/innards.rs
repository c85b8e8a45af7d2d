//! Other innards for the members of an extension: what would need its library stands on functions of PostgreSQL's own.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "parse trees have hundreds of nodes; this is about a few of them, and means that by `_`"
)]

use std::collections::{BTreeSet, HashMap};

use pg_query::{
    NodeEnum,
    protobuf::{CreateFunctionStmt, DefElem, List, Node, String as StringNode, TypeName},
};

use crate::{
    catalog::Catalog,
    kinds::Object,
    model::{Kind, ObjectId, parser},
};

/// Gives everything that needs the extension's library something else to stand on.
pub(super) fn stand_in(members: &mut Catalog) {
    let innards = innards(members);
    let methods: BTreeSet<String> =
        super::of_kind(members, Kind::AccessMethod).map(|id| id.name.raw().to_owned()).collect();
    let ids: Vec<ObjectId> = members.ids().cloned().collect();
    for id in ids {
        let Some(entry) = members.entry_mut(&id) else { continue };
        match &mut entry.object {
            Object::Function(it) => it.definition = function(&it.definition, innards.get(&qualified(&id)).copied()),
            Object::Procedure(it) => it.definition = function(&it.definition, None),
            Object::BaseType(it) => {
                (it.typmod_in, it.typmod_out, it.analyze, it.subscript) = (None, None, None, None);
                if 0 < it.length {
                    (it.length, it.by_value) = (-1, false);
                    // Values of variable length are aligned to four bytes at least.
                    it.alignment = if it.alignment == "d" { "d".to_owned() } else { "i".to_owned() };
                }
            }
            Object::OperatorClass(it) if methods.contains(&it.method) => {
                it.items.retain(|item| item.starts_with("FUNCTION 1 "));
            }
            _ => (),
        }
    }
    // A method that is stood in for has one support function and no operators.
    let foreign = |id: &ObjectId| {
        let of_one = |family: &ObjectId| methods.contains(family.signature.trim_start_matches(" USING "));
        id.kind == Kind::OperatorFamilyItem && id.parent().is_some_and(of_one)
    };
    members.retain(|id| !foreign(id));
}

/// The name of a function without its arguments: no type has two functions of one name to read it.
fn qualified(id: &ObjectId) -> String {
    format!("{}.{}", id.container().name, id.name)
}

/// What PostgreSQL itself calls, and so has to find: by the function's name, PostgreSQL's own function of the same use.
fn innards(members: &Catalog) -> HashMap<String, &'static str> {
    let mut innards = HashMap::new();
    for (_, entry) in members.iter() {
        match &entry.object {
            Object::BaseType(it) => {
                innards.insert(it.input.clone(), "textin");
                innards.insert(it.output.clone(), "textout");
                innards.extend(it.receive.clone().map(|name| (name, "textrecv")));
                innards.extend(it.send.clone().map(|name| (name, "textsend")));
            }
            Object::AccessMethod(it) => {
                let handler = if it.relation == "TABLE" { "heap_tableam_handler" } else { "hashhandler" };
                innards.insert(it.handler.clone(), handler);
            }
            // CREATE INDEX asks it how the index is laid out.
            Object::OperatorClass(it) if it.method == "spgist" => {
                let config = it.items.iter().find(|item| item.starts_with("FUNCTION 1 "));
                // `FUNCTION 1 (point, point) public.config(internal,internal)`
                let name = config.and_then(|item| item.split_once(") ")?.1.split('(').next());
                innards.extend(name.map(|name| (name.to_owned(), "spg_text_config")));
            }
            _ => (),
        }
    }
    innards
}

/// The definition of a function of the same signature that needs no library. SQL and PL/pgSQL stay.
fn function(definition: &str, innards: Option<&str>) -> String {
    let rewritten = || {
        let mut parsed = parser::parse_whole(definition).ok()?;
        let NodeEnum::CreateFunctionStmt(create) = parsed.protobuf.stmts.first_mut()?.stmt.as_mut()?.node.as_mut()?
        else {
            return None;
        };
        let language = option(create, "language").and_then(|it| name_of(it.arg.as_deref()?))?;
        if matches!(language.as_str(), "sql" | "plpgsql" | "internal") {
            return None;
        }
        let (language, body) = match innards {
            Some(symbol) => ("internal", symbol),
            None if mentions_pseudo_type(create) || option(create, "window").is_some() => {
                ("internal", "pg_backend_pid")
            }
            None => ("plpgsql", empty_body(create)),
        };
        create.options.retain(|node| match node.node.as_ref() {
            Some(NodeEnum::DefElem(it)) => !matches!(it.defname.as_str(), "language" | "as" | "support" | "transform"),
            _ => true,
        });
        let body = List { items: vec![string(body)] };
        create.options.push(element("language", string(language)));
        create.options.push(element("as", Node { node: Some(NodeEnum::List(body)) }));
        parsed.deparse(pg_query::DeparseOptions::default()).ok()
    };
    rewritten().unwrap_or_else(|| definition.to_owned())
}

fn empty_body(create: &CreateFunctionStmt) -> &'static str {
    let result = create.return_type.as_ref();
    let name = result.and_then(type_name).unwrap_or_default();
    let has_outputs = create.parameters.iter().any(|node| match node.node.as_ref() {
        Some(NodeEnum::FunctionParameter(it)) => {
            use pg_query::protobuf::FunctionParameterMode::{FuncParamInout, FuncParamOut, FuncParamTable};
            matches!(it.mode(), FuncParamOut | FuncParamInout | FuncParamTable)
        }
        _ => false,
    });
    match result {
        Some(result) if !result.setof && !has_outputs && name != "void" && name != "event_trigger" => {
            "BEGIN RETURN NULL; END"
        }
        _ => "BEGIN RETURN; END",
    }
}

/// Whether PL/pgSQL could not have this signature (PostgreSQL manual, 8.21).
fn mentions_pseudo_type(create: &CreateFunctionStmt) -> bool {
    let parameters = create.parameters.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::FunctionParameter(it) => it.arg_type.as_ref(),
        _ => None,
    });
    let pseudo = |name: &str| {
        let handlers = ["cstring", "internal", "any", "unknown", "pg_ddl_command", "opaque"];
        handlers.contains(&name) || name.ends_with("_handler")
    };
    parameters.chain(&create.return_type).filter_map(type_name).any(|name| pseudo(&name))
}

fn type_name(of: &TypeName) -> Option<String> {
    of.names.last().and_then(name_of)
}

fn name_of(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::String(it) => Some(it.sval.clone()),
        _ => None,
    }
}

fn option<'a>(create: &'a CreateFunctionStmt, name: &str) -> Option<&'a DefElem> {
    create.options.iter().find_map(|node| match node.node.as_ref()? {
        NodeEnum::DefElem(it) if it.defname == name => Some(it.as_ref()),
        _ => None,
    })
}

fn element(name: &str, value: Node) -> Node {
    let element = DefElem { defname: name.to_owned(), arg: Some(Box::new(value)), ..DefElem::default() };
    Node { node: Some(NodeEnum::DefElem(Box::new(element))) }
}

fn string(text: &str) -> Node {
    Node { node: Some(NodeEnum::String(StringNode { sval: text.to_owned() })) }
}
