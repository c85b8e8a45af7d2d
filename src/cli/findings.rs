//! What a comparison has to tell beside its plan: what is not managed, what stays, what would fail.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::{Catalog, Entry},
    cli::side::{self, Side},
    ddl::Leaves,
    diagnostic::{Diagnostic, Severity},
    diff::Change,
    model::{ObjectId, Pair, Span, Version},
    plan::Plan,
    rehearse::{
        Failure, Rows, Witness,
        rows::{Filling, Sample},
    },
    shadow::Shadow,
};

/// More declarations than this are not shown with one diagnostic.
const PLACES: usize = 3;

/// Differences that stay, since no statement makes them good.
pub(super) fn out_of_reach(from: &Catalog, to: &Catalog) -> Option<Diagnostic> {
    let differs = |(id, entry): (&ObjectId, &Entry)| Some((id.clone(), from.get(id)?.out_of_reach(&entry.object)?));
    let found: Vec<(ObjectId, &str)> = to.iter().filter_map(differs).collect();
    let diagnostic = Diagnostic::warning("out-of-reach", "no statement makes these differences good; they stay");
    let noted = found.iter().fold(diagnostic, |it, (id, how)| it.with_note(format!("{id}: {how}")));
    (!found.is_empty()).then(|| located(noted, found.iter().map(|(id, _)| id), from, to))
}

/// What the server that the plan is for cannot have.
pub(super) fn beyond(changes: &[Change], from: &Catalog, to: &Catalog, version: Version) -> Vec<Diagnostic> {
    let since = |catalog: &Catalog, id: &ObjectId| catalog.get(id)?.since();
    let too_new = |id: &ObjectId| {
        let (major, what) = since(to, id).filter(|(major, _)| version.major_number() < *major)?;
        let title = format!("{id} needs PostgreSQL {major}, and the migration is for {}", version.major_number());
        let found = Diagnostic::error("newer-server", title).with_note(format!("version {major} brought {what}"));
        (since(from, id) != since(to, id)).then(|| located(found, std::iter::once(id), from, to))
    };
    changes.iter().map(Change::id).filter_map(too_new).collect()
}

pub(super) fn other_version(shadow: &dyn Shadow, version: Version) -> Diagnostic {
    let major = version.major_number();
    let title = format!("the migration is for PostgreSQL {major}, and is rehearsed on the {}", shadow.describe());
    Diagnostic::note("other-version", title)
        .with_note("functions and syntax that only newer servers know would not be noticed")
        .with_help(format!("to rehearse on the same version, install its server programs: `--shadow local:{major}`"))
}

/// Names the statements that would fail on the rows that are there.
pub(super) fn stumbles(live: &mut side::Live, plan: &Plan) -> Vec<Diagnostic> {
    let steps = plan.steps.iter().flat_map(|step| step.fails_if.iter().map(move |obstacle| (step, obstacle)));
    steps
        .filter_map(|(step, obstacle)| {
            let count = live.met(obstacle, &plan.renames)?;
            let title = format!("a statement would fail, since {}", obstacle.what);
            let found = Diagnostic::error("fails-on-rows", title);
            let found = count.into_iter().fold(found, |found, rows| found.with_note(format!("such rows: {rows}")));
            Some(found.with_note(format!("{}:\n{}", step.group, step.sql)).with_help(obstacle.advice.as_str()))
        })
        .collect()
}

/// Names what is on either side and is not managed. What is on one side only is an error: the plan leaves it out.
pub(super) fn unmanaged(sides: &Pair<Side>, strict: bool, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let (from, to) = (&sides.from.catalog.unmanaged, &sides.to.catalog.unmanaged);
    let one_sided: Vec<&String> = from.symmetric_difference(to).collect();
    if !one_sided.is_empty() {
        let title = "the sides differ in objects that Trueup does not manage yet";
        let found = one_sided.iter().fold(Diagnostic::error("unmanaged", title), |it, name| {
            it.with_note(format!("{name} is only in {}", if from.contains(*name) { "FROM" } else { "TO" }))
        });
        diagnostics.push(found.with_help("make this part of the change by hand, or leave it out of both sides"));
    }
    let shared: Vec<&String> = from.intersection(to).collect();
    if !shared.is_empty() {
        let title = "objects that Trueup does not manage yet are on both sides and were not compared";
        let found =
            if strict { Diagnostic::error("unmanaged", title) } else { Diagnostic::warning("unmanaged", title) };
        diagnostics.push(shared.iter().fold(found, |it, name| it.with_note((*name).clone())));
    }
    from.union(to).cloned().collect()
}

/// Names the privileges on the server's own objects that only one side has. They are left as they are: a platform sets
/// them, and a declared schema does not speak of them.
pub(super) fn server_privileges(sides: &Pair<Side>) -> Vec<Diagnostic> {
    let only = |one: &Side, other: &Side, name: &str| {
        let left: Vec<&String> = one.catalog.server_privileges.difference(&other.catalog.server_privileges).collect();
        let title = format!("privileges on the server's own objects are only in {name}, and are not changed");
        let found = match one.live.is_some() && other.live.is_none() {
            true => Diagnostic::warning("server-privileges", title),
            false => Diagnostic::error("server-privileges", title)
                .with_help("make this part of the change by hand, or leave it out of both sides"),
        };
        (!left.is_empty()).then(|| left.into_iter().fold(found, |found, it| found.with_note(it.as_str())))
    };
    let found = [only(&sides.from, &sides.to, "FROM"), only(&sides.to, &sides.from, "TO")];
    found.into_iter().flatten().collect()
}

/// Names the secrets of both sides that differ, or that cannot be told apart. Their values are never shown.
pub(super) fn secrets(sides: &Pair<Side>) -> Vec<Diagnostic> {
    let (from, to) = (&sides.from.catalog.secrets, &sides.to.catalog.secrets);
    let both = from
        .iter()
        .filter_map(|(name, secret)| Some((name, secret.digest.as_ref().zip(to.get(name)?.digest.as_ref()))));
    both.filter_map(|(name, digests)| match digests {
        Some((old, new)) if old == new => None,
        Some(_) => {
            let found = Diagnostic::error("by-hand", format!("{name} differs between the sides"));
            Some(found.with_help("set it by hand: a secret is never written into a migration"))
        }
        None => Some(Diagnostic::warning("secrets", format!("{name} was not compared"))),
    })
    .collect()
}

/// What the rows of the rehearsal have shown, or why there were none.
pub(super) fn rows(rows: &Rows) -> Vec<Diagnostic> {
    let title = "the rehearsal has lost or changed rows, and no statement of the plan says so";
    let unexpected =
        rows.unexpected.iter().fold(Diagnostic::error("rows-lost", title), |it, how| it.with_note(how.as_str()));
    let unexpected =
        unexpected.with_help("please report this with both schemas; the migration must not be used as it is");
    let none = rows.none.iter().map(|why| {
        Diagnostic::note("no-rows", "no table has rows in the rehearsal: they could not be made")
            .with_note(why.as_str())
    });
    let lacking = sample(&rows.filling);
    (!rows.unexpected.is_empty()).then_some(unexpected).into_iter().chain(none).chain(lacking).collect()
}

/// What of a sample could not be had, or not be kept.
pub(super) fn sample(filling: &Filling) -> Option<Diagnostic> {
    let origin = filling.origin.as_ref()?;
    let title = format!("not all rows of the rehearsal are as they are in {}", origin.database);
    let notes = filling.tables.iter().flat_map(|it| it.notes.iter().map(|note| format!("{}: {note}", it.table)));
    let found = notes.fold(Diagnostic::note("sample", title), Diagnostic::with_note);
    (!found.notes.is_empty()).then_some(found)
}

/// Patterns of `--unmasked` that have met no column.
pub(super) fn idle_patterns(sample: &Sample) -> Option<Diagnostic> {
    let idle = sample.idle();
    let title = format!("`--unmasked` names no column that rows were taken of: {}", idle.join(", "));
    (!idle.is_empty()).then(|| Diagnostic::warning("unknown-column", title))
}

/// What `pg_dump` sees and Trueup does not.
pub(super) fn disagreement(witness: &Witness) -> Option<Diagnostic> {
    let Witness::Differs(how) = witness else { return None };
    let title = "pg_dump sees a difference between the result and TO that Trueup does not see";
    let found = Diagnostic::error("pg-dump-differs", title).with_note(how.trim_end());
    Some(found.with_help("please report this with both schemas; look at the difference before the migration is used"))
}

/// Statements that did something else than Trueup says of such statements.
pub(super) fn mispredicted(disagreements: &[String]) -> Option<Diagnostic> {
    let title = "statements did something else in the rehearsal than was expected of them";
    let found =
        disagreements.iter().fold(Diagnostic::note("mispredicted", title), |it, how| it.with_note(how.as_str()));
    let found = found.with_help("what was seen counts, and is what is shown; please report this");
    (!disagreements.is_empty()).then_some(found)
}

/// What a person has to do beside the plan. Where the declared state is not reached without it, that is an error.
pub(super) fn by_hand(plan: &Plan) -> Vec<Diagnostic> {
    let left = plan.steps.iter().flat_map(|step| &step.leaves);
    left.map(|left| match left {
        Leaves::Secret { text, .. } => Diagnostic::error("by-hand", text.as_str()),
        Leaves::Elsewhere(text) => Diagnostic::warning("by-hand", text.as_str()),
    })
    .collect()
}

/// What others have to wait for, though they were not to, and why.
pub(super) fn not_online(plan: &Plan) -> impl Iterator<Item = Diagnostic> + '_ {
    plan.steps.iter().flat_map(|step| &step.not_online).map(|why| Diagnostic::note("not-online", why.as_str()))
}

/// Sums up who can do what from now on.
pub(super) fn access(lines: &[String]) -> Option<Diagnostic> {
    const MOST: usize = 12;
    let found = Diagnostic::note("access", "the migration changes who can do what");
    let found = lines.iter().take(MOST).fold(found, |found, line| found.with_note(line.as_str()));
    let more = lines.len().saturating_sub(MOST);
    let found = if 0 < more { found.with_note(format!("and {more} more")) } else { found };
    (!lines.is_empty()).then_some(found)
}

/// How many hazards a plan has, and which; notes do not count.
pub(super) fn hazards(plan: &Plan) -> Option<String> {
    let all = plan.steps.iter().flat_map(|step| &step.hazards).filter(|it| Severity::Note < it.severity);
    let codes: Vec<&str> = all.map(|it| it.code).collect();
    let unique: BTreeSet<&str> = codes.iter().copied().collect();
    let unique: Vec<&str> = unique.into_iter().collect();
    let count = if codes.len() == 1 { "1 hazard".to_owned() } else { format!("{} hazards", codes.len()) };
    (!codes.is_empty()).then(|| format!("{count}: {}", unique.join(", ")))
}

/// A diagnostic with the places where these objects are declared.
pub(super) fn located<'a>(
    found: Diagnostic,
    objects: impl Iterator<Item = &'a ObjectId>,
    from: &Catalog,
    to: &Catalog,
) -> Diagnostic {
    let entries = objects.filter_map(|id| to.entry(id).or_else(|| from.entry(id)));
    let mut places: Vec<_> = entries.filter_map(|entry| entry.written.clone()).collect();
    places.dedup();
    places.into_iter().take(PLACES).fold(found, |found, place| found.at(place, "declared here"))
}

/// Where each object that changes is declared, or else what it is in.
pub(super) fn written(changes: &[Change], from: &Catalog, to: &Catalog) -> BTreeMap<ObjectId, Span> {
    let place = |id: &ObjectId| to.entry(id).or_else(|| from.entry(id))?.written.clone();
    let nearest = |id: &ObjectId| Some((id.clone(), id.upwards().find_map(place)?));
    changes.iter().filter_map(|change| nearest(change.id())).collect()
}

pub(super) fn remainder(left: &[Change], from: &Catalog, to: &Catalog) -> Diagnostic {
    let title = "the plan does not reach its target: after the rehearsal these differences are left";
    let found = left
        .iter()
        .fold(Diagnostic::error("remainder", title), |found, change| {
            found.with_note(match change {
                Change::Add(id) => format!("{id} is missing"),
                Change::Remove(id) => format!("{id} is still there"),
                Change::Alter(id, attributes) => format!("{id} differs in {}", attributes.join(", ")),
            })
        })
        .with_help("please report this with both schemas; the migration must not be used as it is");
    located(found, left.iter().map(Change::id), from, to)
}

pub(super) fn failed(failure: &Failure, shadow: &dyn Shadow) -> Diagnostic {
    let title = format!("the plan fails in the rehearsal on {}: {}", shadow.describe(), failure.message);
    let mut found = Diagnostic::error("rehearsal-failed", title).with_note(format!(
        "{}; statement {} of the plan:\n{}",
        failure.group,
        failure.step + 1,
        failure.sql
    ));
    found.notes.extend(failure.detail.clone());
    found.help.extend(failure.hint.clone());
    found
}
