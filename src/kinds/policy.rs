//! `CREATE POLICY`

use crate::{
    ddl::{Action, Alter, Lock, Retype, Risk, Target, Verb},
    kinds::{Object, PgObject, Renamed, Wants, object, sql, state},
    model::ObjectId,
};

object! {
    pub struct Policy {
        /// `ALL`, `SELECT`, …
        pub command: String,
        pub permissive: bool,
        /// The empty name is `PUBLIC`.
        pub roles: Vec<String>,
        pub using: Option<String>,
        pub check: Option<String>,
    }
}

impl PgObject for Policy {
    state!();
    const LABEL: &'static str = "POLICY";
    const RENAMED: Renamed = Renamed::ByItself(Lock::AccessExclusive);
    const PRINTED: &'static [&'static str] = &["using", "check"];
    const BLOCKS: Option<Retype> = Some(Retype::Modifier);
    const CATALOG: &'static str = "
        SELECT 'pg_policy'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,
               'pg_class'::regclass::oid AS parent_class, p.polrelid AS parent_id, 0 AS parent_sub, p.polname::text AS name,
               CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                    ELSE 'ALL' END AS command,
               p.polpermissive AS permissive,
               ARRAY(SELECT CASE WHEN r = 0 THEN '' ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) r
                     ORDER BY 1) AS roles,
               pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
        FROM pg_policy p
        JOIN pg_class c ON c.oid = p.polrelid
        WHERE c.relnamespace = ANY($1)";

    fn address(id: &ObjectId) -> String {
        format!("POLICY {} ON {}", id.name, id.container().qualified())
    }
    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let Policy { command, permissive, roles, using, check } = self;
        let mut sql = format!("CREATE POLICY {} ON {}", id.name, id.container().qualified());
        if !permissive {
            sql.push_str(" AS RESTRICTIVE");
        }
        if command != "ALL" {
            sql.push_str(&format!(" FOR {command}"));
        }
        if *roles != [""] {
            sql.push_str(&format!(" TO {}", names(roles)));
        }
        sql.extend(using.iter().map(|expr| format!("\n    USING ({})", bare(expr))));
        sql.extend(check.iter().map(|expr| format!("\n    WITH CHECK ({})", bare(expr))));
        vec![Action::create(id, sql).locks(Lock::AccessExclusive)]
    }
    fn alter(&self, id: &ObjectId, to: &Policy, attr: Attr, _: Target) -> Alter {
        let clause = match (attr, &to.using, &to.check) {
            (Attr::roles, ..) => format!("TO {}", names(&to.roles)),
            (Attr::using, Some(expr), _) => format!("USING ({})", bare(expr)),
            (Attr::check, _, Some(expr)) => format!("WITH CHECK ({})", bare(expr)),
            // ALTER POLICY can change an expression, and cannot take one away.
            (Attr::command | Attr::permissive | Attr::using | Attr::check, ..) => return Alter::Rebuild,
        };
        // One statement: between two, a policy would be neither the one nor the other.
        let head = format!("ALTER POLICY {} ON {}", id.name, id.container().qualified());
        Alter::Do(vec![Action::clause(Verb::Alter, id, head, clause, "").locks(Lock::AccessExclusive)])
    }
    fn risks(&self, _: &ObjectId, to: Option<&Policy>) -> Vec<Risk> {
        let how = match to {
            Some(to) => self.widening(to),
            // A row needs one permissive policy that lets it through, and all restrictive ones.
            None if self.permissive => Vec::new(),
            None => vec!["restricts no longer".to_owned()],
        };
        if how.is_empty() { Vec::new() } else { vec![Risk::PolicyWidened(how.join("; "))] }
    }
    fn risks_when_new(&self, _: &ObjectId, within: Option<&Object>) -> Vec<Risk> {
        match within {
            Some(Object::Table(table)) if table.row_security && self.permissive => {
                vec![Risk::PolicyWidened("is one more that lets rows through".to_owned())]
            }
            Some(_) | None => Vec::new(),
        }
    }
    fn wants(&self, _: &ObjectId) -> Wants {
        Wants { roles: self.roles.clone(), extension: None }
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        let sql = format!("DROP POLICY {} ON {}", id.name, id.container().qualified());
        vec![Action::drop(id, sql).locks(Lock::AccessExclusive)]
    }
}

impl Policy {
    /// Each change of which nothing shows that it lets through no more than before.
    fn widening(&self, to: &Policy) -> Vec<String> {
        let lists = |other: &Policy, role: &String| other.roles.contains(role) || other.roles == [""];
        let beyond = |one: &Policy, other: &Policy| {
            let roles: Vec<String> = one.roles.iter().filter(|role| !lists(other, role)).cloned().collect();
            (!roles.is_empty()).then(|| names(&roles))
        };
        // What is left of a condition, and what is then left out of it, is the same for both sorts of policy.
        let expression = |from: &Option<String>, to: &Option<String>, word: &str| {
            let says = |side: &Option<String>, what: &str| side.as_deref() == Some(what);
            (from != to && !says(from, "true") && !says(to, "false")).then(|| format!("has another {word}"))
        };
        let narrower_command = if to.permissive { self.command == "ALL" } else { to.command == "ALL" };
        let found = [
            (!self.permissive && to.permissive).then(|| "is no longer restrictive".to_owned()),
            (self.command != to.command && !narrower_command).then(|| format!("is for {}", to.command)),
            match to.permissive {
                true => beyond(to, self).map(|roles| format!("holds for {roles} too")),
                false => beyond(self, to).map(|roles| format!("restricts {roles} no longer")),
            },
            expression(&self.using, &to.using, "USING"),
            expression(&self.check, &to.check, "WITH CHECK"),
        ];
        found.into_iter().flatten().collect()
    }
}

fn names(roles: &[String]) -> String {
    roles.iter().map(|name| sql::role(name)).collect::<Vec<_>>().join(", ")
}

/// PostgreSQL prints most expressions in parentheses; the statement has its own.
fn bare(expression: &str) -> &str {
    let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return expression };
    let mut depth = 0_i32;
    let mut quote = None;
    for c in inner.chars() {
        match (quote, c) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => (),
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => (),
        }
        if depth < 0 {
            return expression;
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn only_the_outer_parentheses_go() {
        assert_eq!(bare("(a = 1)"), "a = 1");
        assert_eq!(bare("(a = 1) OR (b = 2)"), "(a = 1) OR (b = 2)");
        assert_eq!(bare("(a = ')')"), "a = ')'");
        assert_eq!(bare("true"), "true");
    }
}
