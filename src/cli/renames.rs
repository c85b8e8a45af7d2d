//! What goes on under another name: what the user says of it, and what to do where nobody has said anything.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    catalog::Catalog,
    cli::{
        findings,
        side::{self, Live, Side},
        ui::Ui,
    },
    ddl::Target,
    diagnostic::{Diagnostic, Severity},
    diff::{
        before,
        suspect::{Suspect, suspects},
        wish::{self, Wish},
    },
    model::{Kind, ObjectId, Pair},
    rehearse::{Named, Room, Said, View, name, wanted},
    shadow::Shadow,
    sources::{Mapped, Past},
};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Names")]
pub(crate) struct Options {
    /// Keep an object and its data under another name: table:users=accounts, column:users.name=full_name,
    /// value:status.old=new
    #[arg(long, value_name = "KIND:NAME=NEW")]
    rename: Vec<Wish>,
    /// Drop an object though it looks as if it was renamed
    #[arg(long, value_name = "KIND:NAME")]
    no_rename: Vec<String>,
    /// A file of decisions, `KIND:NAME=NEW` or `drop KIND:NAME` on each line; answers at the terminal are added to it
    #[arg(long, value_name = "FILE", default_value = LEDGER)]
    renames: PathBuf,
}

const LEDGER: &str = "trueup.renames";

impl Default for Options {
    fn default() -> Options {
        Options { rename: Vec::new(), no_rename: Vec::new(), renames: LEDGER.into() }
    }
}

impl Options {
    /// Adds what the command line has decided to the ledger, so that it is decided for whoever comes later. The file, where
    /// there was anything new.
    ///
    /// # Errors
    /// A diagnostic where the file cannot be read or written.
    pub(super) fn remember(&self) -> Result<Option<&Path>, Vec<Diagnostic>> {
        let ledger = Ledger::read(&self.renames)?;
        let renamed: Vec<String> =
            self.rename.iter().filter(|it| !ledger.renamed.contains(it)).map(Wish::to_string).collect();
        let is_known = |it: &&String| ledger.dropped.iter().any(|other| wish::is_same(it, other));
        let dropped: Vec<String> = self.no_rename.iter().filter(|it| !is_known(it)).cloned().collect();
        if renamed.is_empty() && dropped.is_empty() {
            return Ok(None);
        }
        ledger.note(&renamed, &dropped)?;
        Ok(Some(&self.renames))
    }
}

/// The starting state under its new names; the scratch database of FROM, if there is one, holds it afterwards.
///
/// `past` is what git knows of the declarations of TO; `asker` is who asks about what looks as if it was renamed; nobody where nothing is dropped.
///
/// # Errors
/// Diagnostics for what cannot be renamed, and for what would be dropped though it was probably renamed.
pub(crate) fn settle(
    options: &Options,
    sides: &mut Pair<Side>,
    shadow: &dyn Shadow,
    target: Target,
    view: &View<'_>,
    past: &Past<'_>,
    asker: Option<&Ui>,
) -> Result<(Named, Vec<Diagnostic>), Vec<Diagnostic>> {
    let Pair { from, to } = sides;
    let copy = |catalog: &Catalog| side::copy(shadow, catalog, &wanted(&to.catalog), view);
    let mut ledger = Ledger::read(&options.renames)?;
    let mut named = Named::new(&from.catalog);
    ledger.renamed.extend(mapped(&to.mapped)?);
    let mut asked = options.rename.clone();
    loop {
        let said = Said { asked: &asked, noted: &ledger.renamed, declared: &to.declared };
        let more = name(&named.from, &to.catalog, said, target, view, Room::Perhaps(&mut from.scratch, &copy))?;
        named = Named {
            from: more.from,
            steps: [named.steps, more.steps].concat(),
            renames: [named.renames, more.renames].concat(),
            instead: named.instead.into_iter().chain(more.instead).collect(),
            both: None,
        };
        let meant = |it: &Suspect| {
            let dropped = wish::spell_one(&it.old);
            options.no_rename.iter().chain(&ledger.dropped).any(|meant| wish::is_same(meant, &dropped))
        };
        let Some(ui) = asker else { return Ok((named, Vec::new())) };
        let mut open = suspects(&named.from, &to.catalog, target, &|old, new| {
            past.tells(old, new, to.catalog.entry(new)?.written.as_ref()?)
        });
        open.retain(|it| !meant(it));
        // Where there are no rows, nothing is lost; that somebody may want to know is no reason to stop.
        let (open, harmless): (Vec<Suspect>, Vec<Suspect>) =
            open.into_iter().partition(|it| has_rows(from.live.as_mut(), &named, &it.old));
        if open.is_empty() {
            let told = |it: &Suspect| Diagnostic { severity: Severity::Warning, ..stop(it, &named.from, to) };
            let told = harmless.iter().map(told).collect();
            return Ok((named, told));
        }
        if !ui.may_ask() {
            return Err(open.iter().map(|it| stop(it, &named.from, to)).collect());
        }
        asked = ask(&open, (&named.from, to), &mut ledger, ui)?;
    }
}

/// Whether an object holds rows, or something in it does; of a schema that is only declared, that is not known.
fn has_rows(live: Option<&mut Live>, named: &Named, id: &ObjectId) -> bool {
    let Some(live) = live else { return true };
    let path = || id.upwards();
    // What is stored of other things, such as attributes of a type, is not looked for.
    if id.kind != Kind::Schema && path().all(|it| it.kind != Kind::Table) {
        return true;
    }
    let holds = |table: &&ObjectId| path().any(|up| up == *table) || table.ancestors().any(|up| up == id);
    let tables = named.from.ids().filter(|it| it.kind == Kind::Table).filter(holds);
    let mut tables: Vec<ObjectId> = tables.map(|table| before(&named.renames, table)).collect();
    tables.sort();
    tables.iter().any(|table| live.has_rows(table))
}

/// What comments say of the values of enums.
fn mapped(comments: &[Mapped]) -> Result<Vec<Wish>, Vec<Diagnostic>> {
    let wish = |it: &Mapped| {
        Wish::of_value(&it.of, &it.from, &it.to)
            .map_err(|reason| vec![Diagnostic::error("bad-rename", reason).at(it.span.clone(), "said here")])
    };
    comments.iter().map(wish).collect()
}

/// What has been decided about names before, kept in a file.
struct Ledger {
    path: PathBuf,
    renamed: Vec<Wish>,
    /// What was really dropped.
    dropped: Vec<String>,
    /// Whether its last line has no end.
    is_unfinished: bool,
}

impl Ledger {
    fn read(path: &Path) -> Result<Ledger, Vec<Diagnostic>> {
        let mut ledger =
            Ledger { path: path.to_owned(), renamed: Vec::new(), dropped: Vec::new(), is_unfinished: false };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && path == Path::new(LEDGER) => {
                return Ok(ledger);
            }
            Err(error) => {
                let title = format!("the renames in `{}` cannot be read: {error}", path.display());
                return Err(vec![Diagnostic::error("cannot-read", title)]);
            }
        };
        ledger.is_unfinished = !text.is_empty() && !text.ends_with('\n');
        for (at, line) in text.lines().enumerate() {
            let entry = line.split(" #").next().unwrap_or_default().trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            match (entry.strip_prefix("drop "), entry.parse::<Wish>()) {
                (Some(dropped), _) => ledger.dropped.push(dropped.trim().to_owned()),
                (None, Ok(wish)) => ledger.renamed.push(wish),
                (None, Err(reason)) => {
                    let title = format!("line {} of `{}` is no rename: {reason}", at + 1, path.display());
                    return Err(vec![Diagnostic::error("bad-rename", title).with_note(format!("the line is: {line}"))]);
                }
            }
        }
        Ok(ledger)
    }

    /// Adds decisions at the end of the file.
    fn note(&self, renamed: &[String], dropped: &[String]) -> Result<(), Vec<Diagnostic>> {
        let dropped = dropped.iter().map(|it| format!("drop {it}"));
        let lines: String = renamed.iter().cloned().chain(dropped).map(|line| line + "\n").collect();
        let last_line_ends = if self.is_unfinished { "\n" } else { "" };
        let mut options = std::fs::OpenOptions::new();
        let file = options.create(true).append(true).open(&self.path);
        file.and_then(|mut file| write!(file, "{last_line_ends}{lines}")).map_err(|error| {
            let title = format!("the answer cannot be kept in `{}`: {error}", self.path.display());
            vec![Diagnostic::error("cannot-write", title)]
        })
    }
}

/// What would be lost unless somebody says what is meant.
fn stop(suspect: &Suspect, from: &Catalog, to: &Side) -> Diagnostic {
    let Suspect { old, new, evidence, .. } = suspect;
    let title = format!("{old} would be dropped with its data, but {new} may be the same under another name");
    let found = Diagnostic::error("likely-rename", title);
    let found = evidence.iter().fold(found, |found, it| found.with_note(it.as_str()));
    let found = found
        .with_help(format!("to keep the data: `--rename {}`", wish::spell(old, new)))
        .with_help(format!("to drop it: `--no-rename {}`", wish::spell_one(old)))
        .with_help(format!(
            "or beside the declaration of {new}: `{} trueup: renamed from {}`",
            to.comment(new),
            old.name
        ));
    findings::located(found, std::iter::once(new), from, &to.catalog)
}

/// Asks about each, and keeps the answers once all are given.
fn ask(
    open: &[Suspect],
    (from, to): (&Catalog, &Side),
    ledger: &mut Ledger,
    ui: &Ui,
) -> Result<Vec<Wish>, Vec<Diagnostic>> {
    let (mut renamed, mut dropped) = (Vec::new(), Vec::new());
    for (at, suspect) in open.iter().enumerate() {
        let Suspect { old, new, evidence, .. } = suspect;
        let question = format!("{old} is gone and {new} is new ({})", evidence.join("; "));
        let answers =
            [format!("it was renamed to {}: keep its data", new.name), "it is dropped: lose its data".to_owned()];
        match ui.ask(&question, &answers) {
            Some(0) => renamed.push(wish::spell(old, new)),
            Some(_) => dropped.push(wish::spell_one(old)),
            None => return Err(open[at..].iter().map(|it| stop(it, from, to)).collect()),
        }
    }
    ledger.note(&renamed, &dropped)?;
    ledger.dropped.append(&mut dropped);
    Ok(renamed.iter().filter_map(|wish| wish.parse().ok()).collect())
}
