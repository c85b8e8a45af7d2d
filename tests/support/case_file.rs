//! The case file: Markdown with one heading a case, and fenced blocks `sql from`, `sql to`, `sql plan`, `toml options`,
//! and where rows matter `sql rows`, which fills the first state, and `sql check`, which is true of them in the second.
//! A file of mutations has a block `sql change` in the place of the two states.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// One behaviour, with the two states that show it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) file: PathBuf,
    /// `enum::adding_a_value_in_the_middle`
    pub(crate) name: String,
    pub(crate) heading: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Absent until `UPDATE=1` writes it.
    pub(crate) plan: Option<String>,
    /// What fills the first state with rows.
    #[allow(dead_code, reason = "only cases have rows")]
    pub(crate) rows: String,
    /// A query that is true once the rows are in the second state.
    #[allow(dead_code, reason = "only cases have rows")]
    pub(crate) check: Option<String>,
    pub(crate) min_version: Option<i32>,
    /// Whether it needs what only a server's own installation has, such as its encoding conversions.
    pub(crate) native: bool,
    /// Whether there is no way back.
    pub(crate) one_way: bool,
    /// Whether gentler forms are taken, and without which.
    #[allow(dead_code, reason = "only cases are changed online")]
    pub(crate) online: Option<Vec<String>>,
    /// Why it fails still, where it is known to.
    #[allow(dead_code, reason = "cases are all to pass; changes may be known not to")]
    pub(crate) open: Option<String>,
    /// What `CREATE EXTENSION` names on either side.
    pub(crate) extensions: Vec<String>,
}

/// Every case under a folder, in the order of the files.
pub(crate) fn read_all(folder: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder of cases").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "md"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).expect("a case file");
    let topic = file.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut cases: Vec<Case> = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(info)) => block = Some((info.to_owned(), String::new())),
            (Some((info, body)), Some("")) => {
                let case = cases.last_mut().unwrap_or_else(|| panic!("{}: a block before a case", file.display()));
                take(case, info, std::mem::take(body));
                block = None;
            }
            (Some((_, body)), _) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    cases.push(new(file, &topic, heading));
                }
            }
        }
    }
    for case in &mut cases {
        case.extensions = extensions(&case.from).chain(extensions(&case.to)).collect();
    }
    cases
}

fn new(file: &Path, topic: &str, heading: &str) -> Case {
    let slug: String = heading.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    Case {
        file: file.to_owned(),
        name: format!("{topic}::{slug}"),
        heading: heading.to_owned(),
        from: String::new(),
        to: String::new(),
        plan: None,
        rows: String::new(),
        check: None,
        min_version: None,
        native: false,
        one_way: false,
        online: None,
        open: None,
        extensions: Vec::new(),
    }
}

fn take(case: &mut Case, info: &str, body: String) {
    match info {
        "sql from" => case.from = body,
        "sql to" | "sql change" => case.to = body,
        "sql plan" => case.plan = Some(body),
        "sql rows" => case.rows = body,
        "sql check" => case.check = Some(body),
        "toml options" => {
            for line in body.lines().filter(|line| !line.trim().is_empty()) {
                match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                    Some(("min_version", version)) => case.min_version = Some(version.parse().expect("a version")),
                    Some(("online", "true")) => case.online = Some(Vec::new()),
                    Some(("online_off", name)) => case.online = Some(vec![name.to_owned()]),
                    Some(("open", reason)) => case.open = Some(reason.to_owned()),
                    Some(("native", "true")) => case.native = true,
                    Some(("one_way", "true")) => case.one_way = true,
                    _ => panic!("{}: no such option: {line}", case.file.display()),
                }
            }
        }
        other => panic!("{}: no such block: {other}", case.file.display()),
    }
}

/// The names after `CREATE EXTENSION`, for the shadow to have them at hand.
fn extensions(sql: &str) -> impl Iterator<Item = String> {
    sql.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("CREATE EXTENSION ")?;
        let name = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
        Some(name.split([' ', ';']).next()?.trim_matches('"').to_owned())
    })
}

/// Writes the plan of a case into its file, in place of the one that is there.
///
/// # Errors
/// In words, where the file is not as it was read.
pub(crate) fn update(case: &Case, plan: &str) -> Result<(), String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _held = ONE_AT_A_TIME.lock().map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&case.file).map_err(|error| error.to_string())?;
    let heading = format!("## {}\n", case.heading);
    let start = match text.starts_with(&heading) {
        true => 0,
        false => text.find(&format!("\n{heading}")).ok_or("the heading is gone")? + 1,
    };
    let end = text[start..].find("\n## ").map_or(text.len(), |at| start + at + 1);
    let section = &text[start..end];
    let block = format!("```sql plan\n{plan}```\n");
    let section = match section.find("```sql plan\n") {
        Some(at) => {
            let close = section[at + 3..].find("\n```").ok_or("a block is not closed")? + at + 3 + "\n```".len();
            let rest = section[close..].strip_prefix('\n').unwrap_or(&section[close..]);
            format!("{}{block}{rest}", &section[..at])
        }
        None => {
            let gap = if end == text.len() { "" } else { "\n" };
            format!("{}\n\n{block}{gap}", section.trim_end())
        }
    };
    fs::write(&case.file, format!("{}{section}{}", &text[..start], &text[end..])).map_err(|error| error.to_string())
}
