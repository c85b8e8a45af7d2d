//! `[[query]]`: a query whose rows are targets.

use postgres::{Client, Row};

use super::{
    Target,
    file::{Listed, is_url},
};
use crate::{
    cli::{exit::Error, mask, side},
    connect,
    diagnostic::Diagnostic,
    model::Span,
};

/// A query, and the database that it is asked in.
pub(super) struct Query {
    pub url: String,
    pub sql: String,
    pub written: Span,
}

/// The columns that a query may have.
const COLUMNS: [&str; 3] = ["name", "database", "schema"];

impl Listed {
    /// Adds what the queries name.
    ///
    /// # Errors
    /// Diagnostics for queries that fail, and for names that are there already.
    pub(super) fn ask(&mut self) -> Result<(), Error> {
        for query in std::mem::take(&mut self.queries) {
            let found = query.targets();
            self.targets.extend(found.map_err(|found| Error::Diagnostics(vec![found], self.files.clone()))?);
        }
        self.check_names().map_err(|found| Error::Diagnostics(vec![found], self.files.clone()))
    }
}

impl Query {
    fn wrong(&self, title: impl Into<String>) -> Diagnostic {
        Diagnostic::error("targets", title).at(self.written.clone(), "")
    }

    /// # Errors
    /// A diagnostic that points at the query.
    fn targets(&self) -> Result<Vec<Target>, Diagnostic> {
        let (_, mut client) = side::session(&self.url, "`database` of a query").map_err(|found| {
            let said =
                found.into_iter().next().unwrap_or_else(|| self.wrong("the database of the query does not answer"));
            said.at(self.written.clone(), "asked for this")
        })?;
        let rows = self.rows(&mut client)?;
        rows.iter().map(|row| self.target(row)).collect()
    }

    /// In a transaction that only reads.
    fn rows(&self, client: &mut Client) -> Result<Vec<Row>, Diagnostic> {
        let failed = |error: postgres::Error| self.wrong(format!("the query fails: {}", connect::message(&error)));
        let mut transaction = client.build_transaction().read_only(true).start().map_err(failed)?;
        let statement = transaction.prepare(&self.sql).map_err(failed)?;
        let columns: Vec<&str> = statement.columns().iter().map(|it| it.name()).collect();
        if let Some(strange) = columns.iter().find(|it| !COLUMNS.contains(it)) {
            return Err(self
                .wrong(format!("the query returns a column `{strange}`"))
                .with_help("its columns are `name`, `database` and `schema`; the last two may be left out"));
        }
        if !columns.contains(&"name") {
            return Err(self.wrong("the query returns no column `name`").with_help("write `… AS name`"));
        }
        transaction.query(&statement, &[]).map_err(failed)
    }

    /// A row without a database stands for the one that was asked.
    fn target(&self, row: &Row) -> Result<Target, Diagnostic> {
        let text = |name: &str| {
            let Some(at) = row.columns().iter().position(|it| it.name() == name) else { return Ok(None) };
            row.try_get::<_, Option<String>>(at)
                .map_err(|_| self.wrong(format!("the column `{name}` is no text")).with_help("cast it: `…::text`"))
        };
        let name = text("name")?.ok_or_else(|| self.wrong("the query returns a row without a name"))?;
        let url = match text("database")? {
            Some(database) if is_url(&database) => database,
            Some(database) => connect::with_database(&self.url, &database),
            None => self.url.clone(),
        };
        let name = mask::passwords(&name);
        Target::new(name.clone(), url, text("schema")?, false, self.written.clone())
            .map_err(|error| self.wrong(format!("the database of `{name}` cannot be used: {error}")))
    }
}
