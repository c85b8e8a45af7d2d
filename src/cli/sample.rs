//! Rows that are taken from a running database, where the user says which.

use clap::Args;

use crate::{
    cli::{compare::ROWS, side},
    diagnostic::Diagnostic,
    rehearse::rows::{Sample, Supply, Unmasked},
};

#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    /// Take the rows of the rehearsal from this database (postgres://…, or host=… dbname=…), instead of making them up.
    /// They are read only, and masked before they are used: see docs/guide/sample.md
    #[arg(long, value_name = "URL", conflicts_with = "rows")]
    rows_from: Option<String>,
    /// How many rows of each table are taken with --rows-from, besides those that they refer to [default: 20]
    #[arg(long, value_name = "ROWS", requires = "rows_from", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sample: Option<u32>,
    /// Keep the values of these columns as they are: table.column or schema.table.column, where * stands for anything.
    /// They may be shown, in PostgreSQL's messages for example
    #[arg(long, value_name = "COLUMN", requires = "rows_from")]
    unmasked: Vec<Unmasked>,
}

impl Options {
    /// Connects to the database; nothing where none is named.
    ///
    /// # Errors
    /// What is wrong with the connection string, or with the connection.
    pub(super) fn open(&self) -> Result<Option<Sample>, Vec<Diagnostic>> {
        let Some(word) = &self.rows_from else { return Ok(None) };
        let (target, client) = side::session(word, "`--rows-from`")?;
        let sample = Sample::new(client, target.redacted(), self.size(), self.unmasked.clone());
        let no_mask = |error| {
            let title = format!("no rows can be masked, since the system has no random bytes: {error}");
            vec![Diagnostic::error("no-randomness", title)]
        };
        sample.map(Some).map_err(no_mask)
    }

    fn size(&self) -> u32 {
        self.sample.unwrap_or(ROWS)
    }

    /// What the tables are filled with: as many made-up rows stand for what a sample lacks.
    pub(super) fn supply<'a>(&self, rows: Option<u32>, sample: Option<&'a Sample>) -> Supply<'a> {
        let per_table = if sample.is_some() { self.size() } else { rows.unwrap_or(ROWS) };
        Supply { per_table, sample }
    }
}
