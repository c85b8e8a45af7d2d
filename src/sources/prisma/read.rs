//! Prisma schemas as a source: a file, or all of a folder, with the SQL that stands beside them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ast::{Expression, Schema},
    database::{Database, Default},
    meaning, parse,
    sql::DEFAULT_SCHEMA,
    write::{Written, written},
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    model::{FileId, Files, ObjectId, parser},
    sources::{Defined, Edit, Script, Statement, file::unreadable, order, shelf::Shelf, split::syntax_error, text},
};

/// What a Prisma schema leaves to others: it cannot speak of all that is in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The schemas that it is about; nothing where it is about the default one alone.
    pub schemas: Option<Vec<String>>,
    /// Columns whose default is whatever it is: schema, table and column.
    pub whatever: Vec<(String, String, String)>,
    /// Whether it speaks of partial indexes, which is a preview feature.
    pub partial_indexes: bool,
}

impl Silence {
    /// Whether it is about a schema.
    pub fn covers(&self, schema: &str) -> bool {
        self.schemas.as_ref().map_or(schema == DEFAULT_SCHEMA, |all| all.iter().any(|it| it == schema))
    }

    /// The same about the schemas that another Prisma schema lists too: what that declares is not left to others.
    pub fn beside(&self, other: Option<&Database>) -> Silence {
        let mut all = self.clone();
        if let (Some(schemas), Some(listed)) = (&mut all.schemas, other.and_then(|it| it.listed.as_ref())) {
            schemas.extend(listed.iter().cloned());
        }
        all
    }

    /// Whether a default is whatever it is.
    pub fn is_open(&self, default: &ObjectId) -> bool {
        let name = |id: Option<&ObjectId>| id.map(|it| it.name.raw().to_owned()).unwrap_or_default();
        let mut above = default.ancestors();
        let (column, table, schema) = (name(above.next()), name(above.next()), name(above.next()));
        self.whatever.contains(&(schema, table, column))
    }
}

/// One file.
pub(in crate::sources) fn file(shelf: &dyn Shelf, path: &Path, files: &mut Files) -> Result<Script, Vec<Diagnostic>> {
    let (schema, database, notes, texts) = declared(shelf, &[path.to_path_buf()], files)?;
    let mut script = script(&database, files)?;
    script.notes = notes;
    script.texts = texts;
    script.silence = Some(silence(&schema, &database));
    script.prisma = Some(Arc::new(database));
    Ok(script)
}

/// All Prisma schemas below a folder, and the SQL files there that are neither migrations nor queries of Prisma's client.
/// These complete what is declared, so that nothing is left to others.
pub(in crate::sources) fn folder(
    shelf: &dyn Shelf,
    paths: &[PathBuf],
    beside: Vec<PathBuf>,
    files: &mut Files,
) -> Result<Script, Vec<Diagnostic>> {
    let (schema, database, notes, texts) = declared(shelf, paths, files)?;
    let beside: Vec<PathBuf> = beside.into_iter().filter(|it| is_declaration(it, &schema)).collect();
    let is_alone = beside.is_empty();
    let mut own = script(&database, files)?;
    own.texts = texts;
    let mut all = crate::sources::file::scripts(shelf, beside, files)?;
    own.statements.retain(|it| !all.iter().flat_map(|script| &script.statements).any(|other| says_more(other, it)));
    all.insert(0, own);
    let mut script = order::order(all, files);
    script.notes.splice(0..0, notes);
    script.silence = is_alone.then(|| silence(&schema, &database));
    script.prisma = Some(Arc::new(database));
    Ok(script)
}

/// Whether a statement of the SQL beside a schema defines an index or a constraint that the schema defines too: it has the words
/// that the schema lacks, such as `INCLUDE` or `DEFERRABLE`.
fn says_more(beside: &Statement, own: &Statement) -> bool {
    let [own] = own.defines.as_slice() else { return false };
    let is_key = |it: &Defined| matches!(it.kind, "index" | "constraint");
    let schema = |it: &Defined| it.schema.clone().unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
    let is_it = |it: &Defined| is_key(it) && it.name == own.name && schema(it) == schema(own);
    is_key(own) && beside.defines.iter().any(is_it)
}

/// Whether a SQL file below a folder of Prisma's is one of ours: `migrations` are steps, and what `typedSql` and `views` keep
/// in `sql` and `views` are queries.
fn is_declaration(path: &Path, schema: &Schema) -> bool {
    let is_in = |folder: &str| path.parent().is_some_and(|it| it.iter().any(|part| part == folder));
    let is_queries = |folder: &str, feature: &str| is_in(folder) && previews(schema, feature);
    !is_in("migrations") && !is_in("node_modules") && !is_queries("sql", "typedSql") && !is_queries("views", "views")
}

/// Whether a generator asks for a preview feature.
fn previews(schema: &Schema, feature: &str) -> bool {
    let listed = schema.generators.iter().flat_map(|it| &it.entries).filter(|(key, _)| key.text == "previewFeatures");
    listed.filter_map(|(_, value)| value.list()).flatten().filter_map(Expression::text).any(|it| it == feature)
}

type Declared = (Schema, Database, Vec<Diagnostic>, Vec<FileId>);

fn declared(shelf: &dyn Shelf, paths: &[PathBuf], files: &mut Files) -> Result<Declared, Vec<Diagnostic>> {
    let (mut schema, mut found, mut texts) = (Schema::default(), Vec::new(), Vec::new());
    for path in paths {
        let name = shelf.label(path);
        let kept = shelf
            .read(path)
            .map_err(|error| unreadable(&name, &error))
            .and_then(|bytes| text::keep(files, &name, bytes));
        match kept {
            Ok(id) => {
                found.extend(parse(id, files, &mut schema));
                texts.push(id);
            }
            Err(diagnostic) => found.push(diagnostic),
        }
    }
    let (wrong, notes): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.severity == Severity::Error);
    // What was not understood may be what others miss.
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let (database, more) = meaning(&schema)?;
    Ok((schema, database, [notes, more].concat(), texts))
}

fn silence(schema: &Schema, database: &Database) -> Silence {
    let is_open = |it: &Default| *it == Default::Whatever;
    let whatever = database.tables.iter().flat_map(|table| {
        let schema = table.schema.clone().unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        let open = table.columns.iter().filter(move |it| is_open(&it.default));
        open.map(move |it| (schema.clone(), table.name.clone(), it.name.clone()))
    });
    let partial_indexes = previews(schema, "partialIndexes");
    Silence { schemas: database.listed.clone(), whatever: whatever.collect(), partial_indexes }
}

/// The statements, each with its place in the schema.
fn script(database: &Database, files: &Files) -> Result<Script, Vec<Diagnostic>> {
    let (mut statements, mut problems) = (Vec::new(), Vec::new());
    for it in written(database) {
        match statement(it, files) {
            Ok(statement) => statements.push(statement),
            Err(found) => problems.push(found),
        }
    }
    if problems.is_empty() { Ok(Script { statements, ..Script::default() }) } else { Err(problems) }
}

fn statement(written: Written, files: &Files) -> Result<Statement, Diagnostic> {
    let edits = written.pieces.into_iter().map(|(range, text)| Edit { range, text }).collect();
    let statement = Statement { edits, ..Statement::new(written.span) };
    let sql = statement.sql(files).into_owned();
    let tree = parser::parse(&sql).map_err(|message| syntax_error(&sql, &message, |range| statement.place(&range)))?;
    let nodes: Vec<_> = tree.stmts.into_iter().filter_map(|raw| raw.stmt?.node).collect();
    match nodes.as_slice() {
        [node] => Ok(statement.told(node, &sql)),
        _ => Err(Diagnostic::error("prisma-schema", "this becomes more than one statement")
            .at(statement.span, "declared here")
            .with_help("an expression, a type or a condition in SQL has no semicolon")),
    }
}
