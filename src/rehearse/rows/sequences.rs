//! Sequences of tables that have rows of a sample: as in the database that they come from, they stand behind the rows.

use postgres::Client;

use super::facts::answers;
use crate::model::Literal;

/// Moves the sequences that give these tables their numbers behind the greatest number there.
pub(super) fn advance(client: &mut Client, tables: &[&str]) -> Result<(), postgres::Error> {
    if tables.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = tables.iter().map(|name| format!("{}::regclass", Literal(name))).collect();
    let moves = answers(client, &SEQUENCES.replace("$tables", &list.join(", ")))?;
    client.batch_execute(&moves.join("; "))
}

/// The statements that do it. A sequence that counts backwards stays.
const SEQUENCES: &str = "
    SELECT DISTINCT format('SELECT pg_catalog.setval(%L::regclass, m.most) FROM (SELECT max(%I)::int8 AS most FROM %s) m, %s s
                            WHERE s.last_value < m.most AND m.most <= %s', q.seqrelid::regclass, a.attname,
                           a.attrelid::regclass, q.seqrelid::regclass, q.seqmax)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
         OR p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
            AND p.refobjsubid = a.attnum AND p.deptype = 'i'
    JOIN pg_sequence q ON q.seqrelid = CASE p.classid WHEN 'pg_attrdef'::regclass THEN p.refobjid ELSE p.objid END
    WHERE a.attrelid = ANY (ARRAY[$tables]) AND 0 < a.attnum AND NOT a.attisdropped AND 0 < q.seqincrement";
