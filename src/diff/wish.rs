//! What somebody says about names: on the command line, in a ledger, beside a declaration. Names no kind.

use std::{fmt, str::FromStr};

use crate::{
    catalog::Catalog,
    diagnostic::Diagnostic,
    diff::rename::{Renames, may_be_renamed},
    model::{Ident, Literal, ObjectId},
    sources::{Declared, Mapped},
};

/// `table:public.users=accounts`: a kind, a name before, and the name after, which stays where it is unless it says
/// another schema. `value:public.status.old=new` is about a value of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    kind: String,
    from: Path,
    to: Path,
}

/// A dotted name, with the arguments where it is a routine's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    parts: Vec<Ident>,
    signature: Option<String>,
}

/// The word for the values of an enum.
const LABEL: &str = "value";
/// The schema that is meant where none is named.
const USUAL: &str = "public";

impl Wish {
    /// That rows which hold one value of an enum are to hold another.
    ///
    /// # Errors
    /// Where the name of the type is none.
    pub fn of_value(of: &str, from: &str, to: &str) -> Result<Wish, String> {
        let mut path = Path::parse(of)?;
        path.parts.push(Ident::new(from));
        let to = Path { parts: vec![Ident::new(to)], signature: None };
        Ok(Wish { kind: LABEL.to_owned(), from: path, to })
    }
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Wish, String> {
        let expected = "expected KIND:NAME=NEW, such as `column:public.users.name=full_name`";
        let (kind, rest) = text.split_once(':').ok_or(expected)?;
        let at = outside_quotes(rest, '=').ok_or(expected)?;
        let (from, to) = (Path::parse(&rest[..at])?, Path::parse(&rest[at + 1..])?);
        Ok(Wish { kind: kind_word(kind), from, to })
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}={}", self.kind, self.from, self.to)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(Ident::to_string).collect();
        write!(f, "{}{}", parts.join("."), self.signature.as_deref().unwrap_or_default())
    }
}

impl Path {
    fn parse(text: &str) -> Result<Path, String> {
        let text = text.trim();
        let (name, signature) = match outside_quotes(text, '(') {
            Some(at) => (&text[..at], Some(text[at..].to_owned())),
            None => (text, None),
        };
        let mut parts = Vec::new();
        let mut rest = name;
        loop {
            let end = outside_quotes(rest, '.').unwrap_or(rest.len());
            parts.push(part(&rest[..end])?);
            if end == rest.len() {
                return Ok(Path { parts, signature });
            }
            rest = &rest[end + 1..];
        }
    }

    fn is(&self, id: &ObjectId) -> bool {
        let mut names: Vec<&Ident> = id.upwards().map(|it| &it.name).collect();
        names.reverse();
        let given: Vec<&Ident> = self.parts.iter().collect();
        let usual = names.first().is_some_and(|schema| schema.raw() == USUAL) && names[1..] == given[..];
        (names == given || usual) && self.signature.as_deref().is_none_or(|it| it == &*id.signature)
    }
}

/// A name as SQL writes it: quoted, or in whatever case.
fn part(text: &str) -> Result<Ident, String> {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => Ok(Ident::new(quoted.replace("\"\"", "\""))),
        None if text.is_empty() => Err("a part of the name is empty".to_owned()),
        None => Ok(Ident::new(text.to_lowercase())),
    }
}

/// The word for a kind, however it is written: `MATERIALIZED VIEW`, `materialized-view`.
fn kind_word(text: &str) -> String {
    text.trim().to_lowercase().replace(' ', "-")
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, it)| {
        quoted ^= it == '"';
        (it == wanted && !quoted).then_some(at)
    })
}

/// How a wish for these two is written.
pub fn spell(from: &ObjectId, to: &ObjectId) -> String {
    let to_name = if from.parent().map(|it| &it.name) == to.parent().map(|it| &it.name) {
        to.name.to_string()
    } else {
        to.path()
    };
    format!("{}={to_name}", spell_one(from))
}

/// How one object is named on the command line.
pub fn spell_one(id: &ObjectId) -> String {
    format!("{}:{}", id.kind.word(), id.path())
}

/// Whether two words name one object.
pub fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| {
        let (kind, name) = text.split_once(':')?;
        let path = Path::parse(name).ok()?;
        let usual = path.parts.first().is_some_and(|schema| schema.raw() == USUAL);
        let parts = path.parts[usize::from(usual && 1 < path.parts.len())..].to_vec();
        Some((kind_word(kind), Path { parts, ..path }))
    };
    parsed(one).is_some() && parsed(one) == parsed(other)
}

/// Comments on values that can have no effect, whatever FROM is: what they name is not in the state that they stand in.
pub fn idle(comments: &[Mapped], to: &Catalog) -> Vec<Diagnostic> {
    comments.iter().filter_map(|comment| idle_one(comment, to)).collect()
}

fn idle_one(comment: &Mapped, to: &Catalog) -> Option<Diagnostic> {
    let found = |why: String| Diagnostic::warning("annotation", why).at(comment.span.clone(), "has no effect");
    // What is no name is told of as an error.
    let path = Path::parse(&comment.of).ok()?;
    let with_values = || to.iter().filter(|(_, entry)| !entry.object.labels().is_empty());
    let Some((id, entry)) = with_values().find(|(id, _)| path.is(id)) else {
        let found = found(format!("there is no type `{}` with values", comment.of));
        let alike = with_values().map(|(id, _)| id).filter(|id| path.parts.last() == Some(&id.name)).take(3);
        let found = alike.fold(found, |found, id| found.with_help(format!("did you mean `{}`?", id.path())));
        return Some(found.with_help("a type outside of `public` is named with its schema"));
    };
    let lists = |label: &str| entry.object.labels().iter().any(|it| it == label);
    let (old, new) = (Literal(&comment.from), Literal(&comment.to));
    if lists(&comment.from) {
        let found = found(format!("{old} does not go: it is still a value of {id}"));
        return Some(found.with_help("remove the comment, or the old value"));
    }
    let listed: Vec<String> = entry.object.labels().iter().map(|it| Literal(it).to_string()).collect();
    (!lists(&comment.to)).then(|| {
        found(format!("rows cannot hold {new} instead of {old}: it is no value of {id}"))
            .with_help(format!("name one of its values: {}", listed.join(", ")))
    })
}

/// What the user has asked for, as far as it is not done yet.
///
/// # Errors
/// One diagnostic for each wish that cannot be granted; `lenient` ones, which may have been granted long ago, are left
/// out instead.
pub fn resolve(
    asked: &[Wish],
    lenient: &[Wish],
    declared: &[Declared],
    from: &Catalog,
    to: &Catalog,
) -> Result<Renames, Vec<Diagnostic>> {
    let mut renames = Renames::default();
    let mut wrong = Vec::new();
    // What contains others comes first, so that they can be named by its new name too.
    let mut wishes: Vec<(&Wish, bool)> =
        asked.iter().map(|wish| (wish, true)).chain(lenient.iter().map(|wish| (wish, false))).collect();
    wishes.sort_by_key(|(wish, _)| wish.from.parts.len());
    for (wish, strict) in &wishes {
        match grant(wish, &mut renames, from, to) {
            Err(diagnostic) if *strict => wrong.push(diagnostic),
            Ok(()) | Err(_) => (),
        }
    }
    let strict = wishes.iter().any(|(_, strict)| *strict);
    for (old, new) in renames.objects.clone() {
        if leads_to_a_free_name(&new, &renames, from, strict) {
            continue;
        }
        renames.objects.remove(&old);
        if strict {
            let title = format!("{old} cannot become {new}: FROM has both");
            wrong.push(bad(title).with_help("rename or drop the other one first"));
        }
    }
    let mut declared: Vec<&Declared> = declared.iter().collect();
    declared.sort_by_key(|it| (it.id.ancestors().count(), it.label.is_some()));
    // A name may be free only once another declaration has taken what bore it.
    loop {
        let before = renames.objects.len();
        for declared in declared.iter().filter(|it| it.label.is_none()) {
            if let Err(diagnostic) = believe(declared, &mut renames, from) {
                wrong.push(diagnostic);
            }
        }
        if renames.objects.len() == before || !wrong.is_empty() {
            break;
        }
    }
    for (declared, label) in declared.iter().filter_map(|it| Some((it, it.label.as_ref()?))) {
        let owner = from.ids().find(|id| renames.carry(id) == declared.id).cloned();
        if let Some(id) = owner {
            relabel(&id, (&declared.before, label), &mut renames, from, to);
        }
    }
    if wrong.is_empty() { Ok(renames) } else { Err(wrong) }
}

fn grant(wish: &Wish, renames: &mut Renames, from: &Catalog, to: &Catalog) -> Result<(), Diagnostic> {
    if wish.kind == LABEL {
        return grant_label(wish, renames, from, to);
    }
    let is_kind = |id: &&ObjectId| id.kind.word() == wish.kind && may_be_renamed(id);
    let meant = |id: &&ObjectId| wish.from.is(id) || wish.from.is(&unnamed(renames, id));
    let mut found = from.ids().filter(is_kind).filter(meant);
    let Some(old) = found.next() else {
        return Err(no_such(&wish.kind.replace('-', " "), &wish.from, from));
    };
    if let Some(other) = found.next() {
        let title = format!("`{}` may be {old} or {other}", wish.from.spelled());
        return Err(bad(title).with_help("name the schema, and the arguments of a routine"));
    }
    let new = wish.to.of(old, renames);
    if !to.contains(&new) {
        let title = format!("{old} cannot become {new}: TO has no such object");
        return Err(bad(title).with_help("name it as TO declares it"));
    }
    if new != *old {
        renames.objects.insert(old.clone(), new);
    }
    Ok(())
}

/// Whether a name is free, or will be since what bears it moves on. Two that change places do so once, when the user says
/// so now.
fn leads_to_a_free_name(new: &ObjectId, renames: &Renames, from: &Catalog, strict: bool) -> bool {
    let mut next = new;
    let mut steps = 0;
    while from.contains(next) {
        match renames.objects.get(next) {
            Some(_) if renames.objects.len() < steps => return strict,
            Some(further) => next = further,
            None => return false,
        }
        steps += 1;
    }
    true
}

/// An object where its container has its new name and it has its own old one.
fn unnamed(renames: &Renames, id: &ObjectId) -> ObjectId {
    let parent = id.parent().map(|parent| renames.carry(parent).into());
    ObjectId { parent, ..id.clone() }
}

fn grant_label(wish: &Wish, renames: &mut Renames, from: &Catalog, to: &Catalog) -> Result<(), Diagnostic> {
    let Some((label, owner)) = wish.from.parts.split_last() else { return Err(bad("no value is named")) };
    let path = Path { parts: owner.to_vec(), signature: None };
    let meant = |id: &&ObjectId| path.is(id) || path.is(&renames.carry(id));
    let Some((id, entry)) = from.iter().filter(|(_, it)| !it.object.labels().is_empty()).find(|(id, _)| meant(id))
    else {
        return Err(no_such("type with values", &path, from));
    };
    let new = wish.to.parts.last().map(|it| it.raw().to_owned()).unwrap_or_default();
    let id = id.clone();
    if !entry.object.labels().iter().any(|it| it == label.raw()) {
        return Err(bad(format!("{id} has no value `{}` in FROM", label.raw())));
    }
    if !relabel(&id, (label.raw(), &new), renames, from, to) {
        let title = format!("the value `{}` of {id} cannot become `{new}`", label.raw());
        return Err(bad(title).with_help("the new value must be in TO, and the old one must not"));
    }
    Ok(())
}

/// A value that is new takes the name of the old one over; one that was there before takes its rows.
fn relabel(id: &ObjectId, (old, new): (&str, &str), renames: &mut Renames, from: &Catalog, to: &Catalog) -> bool {
    let after = renames.carry(id);
    let lists = |catalog: &Catalog, id: &ObjectId, label: &str| {
        catalog.get(id).is_some_and(|object| object.labels().iter().any(|it| it == label))
    };
    if !lists(from, id, old) || !lists(to, &after, new) || lists(to, &after, old) {
        return false;
    }
    let pair = (old.to_owned(), new.to_owned());
    if lists(from, id, new) {
        renames.instead.entry(after).or_default().push(pair);
    } else {
        renames.labels.push((id.clone(), pair.0, pair.1));
    }
    true
}

/// What a declaration says holds where FROM has the old name and not the new one. Else it was done before.
fn believe(declared: &Declared, renames: &mut Renames, from: &Catalog) -> Result<(), Diagnostic> {
    let wrong = |reason: String| bad(reason).at(declared.span.clone(), "said here");
    let Ok(before) = Path::parse(&declared.before) else {
        let title = format!("`{}` is no name", declared.before);
        return Err(wrong(title).with_help("write the old name as SQL does: `-- trueup: renamed from old_name`"));
    };
    let there = from.ids().any(|id| renames.carry(id) == declared.id);
    let is_old = |id: &&ObjectId| {
        let beside = unnamed(renames, id);
        let named = match before.parts.as_slice() {
            [name] => beside.parent() == declared.id.parent() && beside.name == *name,
            _ => before.is(id) || before.is(&beside),
        };
        id.kind == declared.id.kind && named && !renames.objects.contains_key(*id)
    };
    let Some(old) = from.ids().filter(|_| !there).find(is_old).cloned() else { return Ok(()) };
    if !may_be_renamed(&old) {
        return Err(wrong(format!("PostgreSQL cannot rename {old}")));
    }
    renames.objects.insert(old, declared.id.clone());
    Ok(())
}

impl Path {
    /// The address that an object gets by a new name.
    fn of(&self, old: &ObjectId, renames: &Renames) -> ObjectId {
        let parent = old.parent().map(|parent| renames.carry(parent));
        let name = self.parts.last().cloned().unwrap_or_else(|| old.name.clone());
        let parent = match (parent, self.parts.as_slice()) {
            // Only what stands in a schema can leave it.
            (Some(parent), [schema, _]) if parent.parent().is_none() => {
                Some(ObjectId { name: schema.clone(), ..parent }.into())
            }
            (parent, _) => parent.map(Into::into),
        };
        ObjectId { parent, name, ..old.clone() }
    }
    fn spelled(&self) -> String {
        let name = self.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        name + self.signature.as_deref().unwrap_or_default()
    }
}

fn no_such(kind: &str, path: &Path, from: &Catalog) -> Diagnostic {
    let found = bad(format!("FROM has no {kind} `{}` that could be renamed", path.spelled()));
    let name = path.parts.last().map(|it| it.raw().to_owned()).unwrap_or_default();
    let alike = from.ids().filter(|id| may_be_renamed(id) && id.name.raw() == name).take(3);
    alike.fold(found, |found, id| found.with_help(format!("did you mean `{}`?", spell_one(id))))
}

fn bad(title: impl Into<String>) -> Diagnostic {
    Diagnostic::error("bad-rename", title)
}

#[cfg(test)]
mod tests {
    use super::Wish;

    #[test]
    fn a_wish_is_read_as_sql_reads_names() {
        let same = |one: &str, other: &str| assert_eq!(one.parse::<Wish>(), other.parse::<Wish>(), "{one} {other}");
        same("table:Users=accounts", "TABLE: users = Accounts");
        same("materialized-view:a.b=c", "materialized view:\"a\".b=c");
        assert_ne!("table:\"Users\"=a".parse::<Wish>(), "table:users=a".parse::<Wish>());
        assert_eq!("value:t.\"a=b.c\"=d".parse::<Wish>().map(|it| it.from.parts.len()), Ok(2));
        for wrong in ["users=accounts", "table:users", "table:=a", "table:a..b=c"] {
            assert!(wrong.parse::<Wish>().is_err(), "{wrong}");
        }
    }
}
