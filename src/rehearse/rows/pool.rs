//! Values of a type, as expressions of SQL: plain ones that are all different, and the odd ones that programs trip over.

/// Values to take from. Each is an expression; a cast to the type makes it one of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pool {
    /// All different.
    pub(super) plain: Vec<String>,
    /// The least, or empty.
    pub(super) least: Option<String>,
    /// The greatest, or the longest.
    pub(super) greatest: Option<String>,
    pub(super) odd: Vec<String>,
}

impl Pool {
    pub(super) fn of(plain: Vec<String>) -> Pool {
        Pool { plain, ..Pool::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.least.is_none() && self.greatest.is_none() && self.odd.is_empty()
    }

    pub(super) fn retain(&mut self, keep: &dyn Fn(&String) -> bool) {
        self.plain.retain(keep);
        self.odd.retain(keep);
        self.least = self.least.take().filter(keep);
        self.greatest = self.greatest.take().filter(keep);
    }

    /// All of them, each with the same change.
    pub(super) fn map(&self, change: &dyn Fn(&str) -> String) -> Pool {
        let each = |list: &[String]| list.iter().map(|it| change(it)).collect();
        Pool {
            plain: each(&self.plain),
            least: self.least.as_deref().map(change),
            greatest: self.greatest.as_deref().map(change),
            odd: each(&self.odd),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.least.iter().chain(&self.greatest).chain(&self.odd).chain(&self.plain)
    }

    /// In the order of the rows: a plain one, NULL, the least, the greatest, the first again where it may come twice, then
    /// odd ones and plain ones. Nothing stands for NULL.
    pub(super) fn series(&self, nullable: bool, keyed: bool) -> Vec<Option<String>> {
        let mut series: Vec<Option<String>> = Vec::new();
        let mut plain = self.plain.iter().cloned().map(Some);
        let first = plain.next();
        series.extend(first.clone());
        series.extend(nullable.then_some(None));
        series.extend(self.least.clone().map(Some));
        series.extend(self.greatest.clone().map(Some));
        series.extend(first.filter(|_| !keyed));
        // Few odd ones at first, so that most rows are as rows are.
        let mut odd = self.odd.iter().cloned().map(Some);
        loop {
            let before = series.len();
            series.extend(odd.next());
            series.extend(plain.by_ref().take(2));
            if series.len() == before {
                return series;
            }
        }
    }
}
