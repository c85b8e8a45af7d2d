//! A long chain of views over a column that changes its type: all of it is made anew, and nothing is lost.

use super::Folder;

const LENGTH: usize = 50;

/// A table, and views over each other with everything that a view can have.
fn schema(type_: &str) -> String {
    let mut sql = format!(
        "CREATE TABLE t (id {type_} PRIMARY KEY, name text);
         CREATE ROLE reader;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE VIEW v00 AS SELECT id, name FROM t;\n"
    );
    for at in 1..LENGTH {
        let below = at - 1;
        sql.push_str(&format!(
            "CREATE VIEW v{at:02} WITH (security_barrier) AS SELECT id, name FROM v{below:02} WHERE id <> {at};
             COMMENT ON VIEW v{at:02} IS 'the {at}th'; COMMENT ON COLUMN v{at:02}.id IS 'of t';
             ALTER VIEW v{at:02} ALTER COLUMN name SET DEFAULT 'n{at}';
             GRANT SELECT ON v{at:02} TO reader WITH GRANT OPTION; GRANT UPDATE (name) ON v{at:02} TO PUBLIC;
             CREATE TRIGGER refuse INSTEAD OF INSERT ON v{at:02} FOR EACH ROW EXECUTE FUNCTION refuse();
             CREATE RULE quiet AS ON DELETE TO v{at:02} DO INSTEAD NOTHING;\n"
        ));
    }
    let last = LENGTH - 1;
    sql.push_str(&format!(
        "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM v{last:02};
         CREATE UNIQUE INDEX m_id ON m (id); CREATE INDEX m_name ON m (lower(name)) WHERE id <> 7;
         ALTER MATERIALIZED VIEW m ALTER COLUMN name SET STATISTICS 7;
         ALTER VIEW v07 OWNER TO reader; GRANT SELECT ON m TO reader;
         CREATE FUNCTION last() RETURNS SETOF v{last:02} LANGUAGE sql AS 'SELECT * FROM v{last:02}';"
    ));
    sql
}

#[test]
fn a_chain_of_fifty_views_is_made_anew_and_loses_nothing() {
    let folder = Folder::new(&[("from.sql", &schema("int")), ("to.sql", &schema("bigint"))]);
    let run = folder.diff(&["from.sql", "to.sql"]).ends(0).says("converged");
    for (statement, count) in [
        ("CREATE VIEW ", LENGTH),
        ("DROP VIEW ", LENGTH),
        ("CREATE TRIGGER ", LENGTH - 1),
        ("CREATE RULE ", LENGTH - 1),
        ("COMMENT ON ", 2 * (LENGTH - 1)),
        ("GRANT SELECT ON TABLE ", LENGTH),
        ("GRANT UPDATE (name) ON TABLE ", LENGTH - 1),
        ("CREATE UNIQUE INDEX m_id ", 1),
        ("ALTER TABLE public.t ALTER COLUMN id TYPE bigint", 1),
    ] {
        assert_eq!(run.out.matches(statement).count(), count, "{statement}\n{}", run.out);
    }
}
