//! Sets of privileges, as `GRANT` and `REVOKE` change them. `SELECT*` carries the grant option.

use crate::{
    ddl::{Access, Risk},
    model::Version,
};

/// One `GRANT` or `REVOKE`.
pub(crate) struct Move<'a> {
    /// `GRANT`
    pub verb: &'static str,
    pub privileges: Vec<&'a str>,
    /// `TO reporter WITH GRANT OPTION`
    pub role: String,
}

/// What takes one role from `from` to `to`.
pub(crate) fn moves<'a>(from: &'a [String], to: &'a [String], role: &str) -> Vec<Move<'a>> {
    let level = |set: &[String], name: &str| {
        if set.iter().any(|held| held.strip_suffix('*') == Some(name)) {
            2
        } else {
            i32::from(set.iter().any(|held| held == name))
        }
    };
    let mut names: Vec<&'a str> = from.iter().chain(to).map(|held| held.trim_end_matches('*')).collect();
    names.sort_unstable();
    names.dedup();
    let pick = |wanted: &dyn Fn(i32, i32) -> bool| -> Vec<&'a str> {
        names.iter().copied().filter(|name| wanted(level(from, name), level(to, name))).collect()
    };
    let mut moves = Vec::new();
    let mut add = |privileges: Vec<&'a str>, verb: &'static str, before: &str, after: &str| {
        if !privileges.is_empty() {
            moves.push(Move { verb, privileges, role: format!("{before} {role}{after}") });
        }
    };
    add(pick(&|old, new| 0 < old && new == 0), "REVOKE", "FROM", "");
    add(pick(&|old, new| old == 2 && new == 1), "REVOKE GRANT OPTION FOR", "FROM", "");
    add(pick(&|old, new| old == 0 && new == 1), "GRANT", "TO", "");
    add(pick(&|old, new| old < 2 && new == 2), "GRANT", "TO", " WITH GRANT OPTION");
    moves
}

/// What one role may do with `on` from now on, and may no longer do.
pub(crate) fn risks(from: &[String], to: &[String], role: &str, on: &str) -> Vec<Risk> {
    let beyond = |one: &[String], other: &[String]| {
        let held = |name: &str| other.iter().any(|it| it.trim_end_matches('*') == name);
        let names = one.iter().map(|it| it.trim_end_matches('*')).filter(|name| !held(name));
        let privileges: Vec<String> = names.map(str::to_owned).collect();
        (!privileges.is_empty()).then(|| Access { role: role.to_owned(), privileges, on: on.to_owned() })
    };
    let granted = beyond(to, from).map(Risk::Granted);
    granted.into_iter().chain(beyond(from, to).map(Risk::Revoked)).collect()
}

/// Leaves out the privileges that came after `version`: `MAINTAIN` came with 17.
pub(crate) fn fit(set: &mut Vec<String>, version: Version) {
    if version < Version::major(17) {
        set.retain(|held| held.trim_end_matches('*') != "MAINTAIN");
    }
}

/// `ALL` where it is all that there is and more than one, else the names.
pub(crate) fn list(names: &[&str], all: &[String]) -> String {
    if 1 < all.len() && all.iter().all(|name| names.contains(&name.as_str())) {
        "ALL".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{list, moves};

    #[test]
    fn each_privilege_moves_by_itself() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = set(&["INSERT", "SELECT"]);
        let check = |from: &[&str], to: &[&str], expect: &[&str]| {
            let (from, to) = (set(from), set(to));
            let moves = moves(&from, &to, "r");
            let text: Vec<String> = moves
                .iter()
                .map(|it| format!("{} {} ON TABLE t {}", it.verb, list(&it.privileges, &all), it.role))
                .collect();
            assert_eq!(text, expect);
        };
        check(&[], &["SELECT"], &["GRANT SELECT ON TABLE t TO r"]);
        check(&[], &["INSERT", "SELECT"], &["GRANT ALL ON TABLE t TO r"]);
        check(&["SELECT*"], &["SELECT"], &["REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM r"]);
        check(&["SELECT"], &["SELECT*"], &["GRANT SELECT ON TABLE t TO r WITH GRANT OPTION"]);
        check(&["SELECT"], &["INSERT"], &["REVOKE SELECT ON TABLE t FROM r", "GRANT INSERT ON TABLE t TO r"]);
        check(&["SELECT"], &["SELECT"], &[]);
    }
}
