//! Which share of a large set of tests a run of CI does: another commit does another one, so that all are done in turn. Whoever
//! is not CI does all of them, and so does CI with `TRUEUP_ALL=1`.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    process::Command,
    sync::OnceLock,
};

/// Whether the test of this name is left out this time, where one of so many shares is done.
pub(crate) fn is_left_out(name: &str, shares: u64) -> bool {
    let is_ci = env::var_os("CI").is_some_and(|it| it == "true") && env::var_os("TRUEUP_ALL").is_none();
    is_ci && {
        let mut hasher = DefaultHasher::new();
        (name, commit()).hash(&mut hasher);
        !hasher.finish().is_multiple_of(shares)
    }
}

fn commit() -> &'static str {
    static COMMIT: OnceLock<String> = OnceLock::new();
    COMMIT.get_or_init(|| {
        let asked = Command::new("git").args(["rev-parse", "HEAD"]).output();
        asked.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default()
    })
}
