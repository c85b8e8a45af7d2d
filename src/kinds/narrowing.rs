//! Which types hold every value of another. PostgreSQL's casts do not tell: one that it applies by itself may still round,
//! or fail.

use crate::kinds::sql;

/// Whether nothing shows that each value of `from` is one of `to`. Types of the user's own are not judged.
pub(crate) fn narrows(from: &str, to: &str) -> bool {
    if let (Some(from), Some(to)) = (from.strip_suffix("[]"), to.strip_suffix("[]")) {
        return narrows(from, to);
    }
    let bases = (sql::base_type(from), sql::base_type(to));
    if from == to || from.contains('.') || to.contains('.') {
        false
    } else if bases.0 == bases.1 {
        narrows_modifier(&bases.0, from, to)
    } else {
        !holds(&bases.0, &bases.1) || has_modifier(to)
    }
}

/// Whether a type without a modifier has a place for every value of another (PostgreSQL manual, chapter 8).
fn holds(from: &str, to: &str) -> bool {
    match to {
        "text" | "character varying" => true,
        "integer" => from == "smallint",
        "bigint" => matches!(from, "smallint" | "integer"),
        "numeric" => matches!(from, "smallint" | "integer" | "bigint"),
        "double precision" => matches!(from, "smallint" | "integer" | "real"),
        "real" => from == "smallint",
        "timestamp without time zone" => from == "date",
        "timestamp with time zone" => matches!(from, "date" | "timestamp without time zone"),
        "inet" => from == "cidr",
        "bit varying" => from == "bit",
        _ => false,
    }
}

fn has_modifier(name: &str) -> bool {
    name != sql::base_type(name)
}

fn narrows_modifier(base: &str, from: &str, to: &str) -> bool {
    if !has_modifier(to) {
        return false;
    }
    match (base, numbers(from).as_slice(), numbers(to).as_slice()) {
        ("numeric", &[precision, scale], &[new_precision, new_scale]) => {
            new_scale < scale || new_precision - new_scale < precision - scale
        }
        (base, [], &[digits]) if base.starts_with("time") => digits < MOST_DIGITS,
        (_, &[before], &[after]) => after < before,
        _ => true,
    }
}

/// Of a second, where nothing is said.
const MOST_DIGITS: i32 = 6;

/// What stands in the parentheses of a type.
fn numbers(name: &str) -> Vec<i32> {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
    inside.split(',').filter_map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::narrows;

    #[test]
    fn what_has_no_place_for_every_value_is_narrower() {
        for (from, to) in [
            ("bigint", "integer"),
            ("text", "character varying(10)"),
            ("character varying(20)", "character varying(10)"),
            ("numeric(10,2)", "numeric(10,1)"),
            ("numeric(10,2)", "numeric(10,4)"),
            ("numeric", "numeric(10,2)"),
            ("double precision", "real"),
            ("timestamp with time zone", "timestamp(0) with time zone"),
            ("timestamp with time zone", "date"),
            ("bigint[]", "integer[]"),
        ] {
            assert!(narrows(from, to), "{from} to {to}");
        }
        for (from, to) in [
            ("integer", "bigint"),
            ("integer", "text"),
            ("character varying(10)", "character varying(20)"),
            ("character varying(10)", "text"),
            ("numeric(10,2)", "numeric(12,2)"),
            ("numeric(10,2)", "numeric"),
            ("date", "timestamp without time zone"),
            ("public.plan", "text"),
            ("integer[]", "bigint[]"),
        ] {
            assert!(!narrows(from, to), "{from} to {to}");
        }
    }
}
