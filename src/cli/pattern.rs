//! The patterns of `--include` and `--exclude`.

use std::{collections::BTreeSet, str::FromStr};

use globset::{Glob, GlobMatcher};

use crate::{
    model::{Kind, ObjectId},
    sources::nearest::nearest,
};

/// What chooses objects. Each takes what it contains along.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// `public.*`, `audit`, `public.tmp_*`: by name. One without a dot is for schemas, and for what stands in none.
    Name(GlobMatcher),
    /// `kind:function`: every object of the kinds that the word names.
    Kind(Vec<Kind>),
    /// `table:public.a*`: by kind and name. One without a dot is for the name alone, whatever the object stands in.
    Named(Vec<Kind>, GlobMatcher),
    /// `owner:alice`: by the role that owns it.
    Owner(GlobMatcher),
}

impl FromStr for Pattern {
    /// What is wrong, and on lines of their own what to do about it.
    type Err = String;
    fn from_str(text: &str) -> Result<Pattern, String> {
        match text.split_once(':') {
            // In a name, a colon is written with a backslash.
            Some((prefix, rest)) if !prefix.ends_with('\\') => match prefix {
                "kind" => kinds(rest).map(Pattern::Kind).ok_or_else(|| unknown("kind", rest, &[])),
                "owner" => Ok(Pattern::Owner(glob(rest)?)),
                _ => match kinds(prefix) {
                    Some(kinds) => Ok(Pattern::Named(kinds, glob(rest)?)),
                    None => Err(unknown("prefix", prefix, &["kind", "owner"])),
                },
            },
            _ => Ok(Pattern::Name(glob(text)?)),
        }
    }
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

/// The kinds that a word names: as SQL does (`materialized-view`, `constraint`), or more closely (`foreign-key`).
pub(super) fn kinds(word: &str) -> Option<Vec<Kind>> {
    let named: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| words(*kind).contains(&word.to_owned())).collect();
    (!named.is_empty()).then_some(named)
}

fn words(kind: Kind) -> [String; 2] {
    let mut name = String::new();
    for letter in kind.name().chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    [kind.word(), name]
}

pub(super) fn unknown(what: &str, word: &str, also: &[&str]) -> String {
    let all: BTreeSet<String> =
        Kind::ALL.iter().flat_map(|kind| words(*kind)).chain(also.iter().map(|it| (*it).to_owned())).collect();
    let near = match nearest(word, all.iter().map(String::as_str)).as_slice() {
        [] => String::new(),
        near => format!("did you mean `{}`?\n", near.join("` or `")),
    };
    let all: Vec<String> = all.into_iter().collect();
    format!("there is no {what} `{word}`\n{near}there are {}", all.join(", "))
}

impl Pattern {
    /// Whether it chooses the object, or what the object stands in. `owners` are the roles that own an object.
    pub(crate) fn matches<'a>(&self, id: &ObjectId, owners: &dyn Fn(&ObjectId) -> Vec<&'a str>) -> bool {
        let mut path = id.upwards();
        match self {
            Pattern::Name(glob) => path.any(|id| glob.is_match(raw(id))),
            Pattern::Kind(kinds) => path.any(|id| kinds.contains(&id.kind)),
            Pattern::Named(kinds, glob) => path.any(|id| kinds.contains(&id.kind) && is_named(id, glob)),
            Pattern::Owner(glob) => owners(owned(id)).into_iter().any(|role| glob.is_match(role)),
        }
    }

    /// A schema is chosen for what it may hold.
    pub(crate) fn may_hold(&self, id: &ObjectId) -> bool {
        let Pattern::Name(glob) = self else { return false };
        let prefix = glob.glob().glob().split('.').next().unwrap_or_default();
        id.parent().is_none() && Glob::new(prefix).is_ok_and(|glob| glob.compile_matcher().is_match(id.name.raw()))
    }
}

/// What an owner has with this object: a table for its column, but not a schema for a table.
fn owned(id: &ObjectId) -> &ObjectId {
    match id.parent() {
        Some(parent) if id.kind.is_property() || parent.kind.takes_contents_along() => owned(parent),
        Some(_) | None => id,
    }
}

fn is_named(id: &ObjectId, glob: &GlobMatcher) -> bool {
    match glob.glob().glob().contains('.') {
        true => glob.is_match(raw(id)),
        false => glob.is_match(id.name.raw()),
    }
}

/// The name as patterns see it: without quotes.
fn raw(id: &ObjectId) -> String {
    match id.parent() {
        Some(parent) => format!("{}.{}", raw(parent), id.name.raw()),
        None => id.name.raw().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, ObjectId, Pattern};

    #[test]
    fn a_pattern_chooses_an_object_and_what_is_in_it() {
        let schema = ObjectId::root(Kind::Schema, "app");
        let table = schema.child(Kind::Table, "users");
        let key = table.child(Kind::PrimaryKey, "users_pkey");
        let chooses = |pattern: &str, id: &ObjectId| {
            let owner = |id: &ObjectId| if id.kind == Kind::Table { vec!["alice"] } else { Vec::new() };
            pattern.parse::<Pattern>().expect("a pattern").matches(id, &owner)
        };
        for pattern in ["app", "app.users", "table:u*", "table:app.*", "kind:table", "schema:a*", "owner:al*"] {
            assert!(chooses(pattern, &key), "{pattern}");
        }
        for pattern in
            ["users", "view:users", "table:app", "kind:index", "index:users_pkey", "owner:bob", "extension:app"]
        {
            assert!(!chooses(pattern, &key), "{pattern}");
        }
        assert!(
            chooses("kind:constraint", &key)
                && chooses("kind:primary-key", &key)
                && !chooses("kind:constraint", &table)
        );
        assert!(chooses(r"a\:b", &ObjectId::root(Kind::Schema, "a:b")));
    }

    #[test]
    fn what_there_is_not_is_told_with_what_there_is() {
        let error = |pattern: &str| pattern.parse::<Pattern>().expect_err("no pattern");
        assert!(
            error("kind:tabel")
                .starts_with("there is no kind `tabel`\ndid you mean `table`?\nthere are access-method,")
        );
        assert!(error("onwer:a").contains("did you mean `owner`?"), "{}", error("onwer:a"));
        assert!(error("kind:materialized_view").contains("materialized-view"));
    }
}
