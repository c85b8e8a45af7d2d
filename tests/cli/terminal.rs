//! What is asked at a terminal, on a real one: a pseudo-terminal, whose other end is the test.

use std::{fs, time::Duration};

use expectrl::{Eof, Expect, Session, process::unix::WaitStatus, session::OsSession};

use super::{Folder, assert_shown, command, stable};

const BEFORE: &str = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text);";
const AFTER: &str = "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, mail text);";

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const ESCAPE: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

const SHOW_CURSOR: &str = "\u{1b}[?25h";

/// More than any run takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run at a terminal, whose plan goes to `plan.sql`.
struct Terminal {
    session: OsSession,
    folder: Folder,
}

impl Terminal {
    fn start(files: &[(&str, &str)]) -> Terminal {
        let folder = Folder::new(files);
        let mut command = command(folder.0.path());
        command.args(["diff", "--shadow", "embedded", "before.sql", "after.sql", "-o", "plan.sql"]);
        command.env_remove("CI").env("TERM", "xterm");
        let mut session = Session::spawn(command).expect("a terminal");
        session.set_expect_timeout(Some(PATIENCE));
        Terminal { session, folder }
    }
    /// Waits for the question about an object, and for its last answer.
    fn asks(&mut self, about: &str) -> String {
        let mut shown = String::new();
        for words in [about, "is gone", "lose its data"] {
            let seen = self.session.expect(words).unwrap_or_else(|error| panic!("{about} is not asked: {error}"));
            shown.push_str(&String::from_utf8_lossy(seen.as_bytes()));
        }
        shown
    }
    fn press(&mut self, keys: &str) {
        self.session.send(keys).expect("somebody reads");
    }
    /// The exit code, and the last words.
    fn ends(mut self, code: i32) -> Ended {
        let rest = self.session.expect(Eof).expect("its end");
        let raw = String::from_utf8_lossy(rest.as_bytes()).into_owned();
        let said = stable(&readable(&raw), self.folder.0.path());
        let status = self.session.get_process().wait().expect("its end");
        assert!(matches!(status, WaitStatus::Exited(_, ended) if ended == code), "{status:?}\n{said}");
        assert!(raw.contains(SHOW_CURSOR), "the cursor stays hidden\n{raw:?}");
        Ended { folder: self.folder, said }
    }
}

struct Ended {
    folder: Folder,
    said: String,
}

impl Ended {
    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path(name)).ok()
    }
    fn plan(&self) -> String {
        self.file("plan.sql").unwrap_or_else(|| panic!("no plan\n{}", self.said))
    }
    fn wrote_nothing(&self) {
        assert_eq!((self.file("plan.sql"), self.file("trueup.renames")), (None, None), "{}", self.said);
    }
}

/// Without the codes that move the cursor.
fn readable(shown: &str) -> String {
    anstream::adapter::strip_str(shown).to_string().replace('\r', "")
}

#[test]
fn answers_make_the_plan_and_are_kept() {
    let mut terminal = Terminal::start(&[("before.sql", BEFORE), ("after.sql", AFTER)]);
    let question = readable(&terminal.asks("users.email"));
    // Before it there may be a sign that something goes on.
    assert_shown("question", &question[question.find("COLUMN").expect("a question")..]);
    terminal.press(&format!("{DOWN}{ENTER}"));
    terminal.asks("users.name");
    terminal.press(ENTER);
    let ended = terminal.ends(0);
    let plan = ended.plan();
    assert!(plan.contains("RENAME COLUMN name TO full_name"), "{plan}");
    assert!(plan.contains("DROP COLUMN email") && plan.contains("hazard[drops-column]"), "{plan}");
    let kept = "column:public.users.name=full_name\ndrop column:public.users.email\n";
    assert_eq!(ended.file("trueup.renames").as_deref(), Some(kept));
    // Nobody is asked again, and the same is planned.
    fs::remove_file(ended.folder.path("plan.sql")).expect("a plan");
    ended.folder.diff(&["before.sql", "after.sql", "-o", "plan.sql"]).ends(0);
    assert_eq!(ended.plan(), plan);
}

#[test]
fn a_ledger_whose_last_line_has_no_end_is_continued_on_the_next() {
    let ledger = "drop column:users.email";
    let mut terminal = Terminal::start(&[("before.sql", BEFORE), ("after.sql", AFTER), ("trueup.renames", ledger)]);
    terminal.asks("users.name");
    terminal.press(ENTER);
    let kept = terminal.ends(0).file("trueup.renames");
    assert_eq!(kept.as_deref(), Some("drop column:users.email\ncolumn:public.users.name=full_name\n"));
}

#[test]
fn where_nothing_is_decided_nothing_is_written() {
    let files = [("before.sql", BEFORE), ("after.sql", AFTER)];
    // What has been answered before is not kept either: the answers belong together.
    let mut terminal = Terminal::start(&files);
    terminal.asks("users.email");
    terminal.press(ENTER);
    terminal.asks("users.name");
    terminal.press(ESCAPE);
    let ended = terminal.ends(1);
    ended.wrote_nothing();
    assert!(ended.said.contains("--no-rename column:public.users.name"), "{}", ended.said);

    let mut terminal = Terminal::start(&files);
    terminal.asks("users.email");
    terminal.press(CTRL_C);
    let ended = terminal.ends(130);
    ended.wrote_nothing();
}
