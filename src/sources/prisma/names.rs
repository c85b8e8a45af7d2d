//! The names that Prisma gives to what has none in the schema. PostgreSQL cuts names at 63 bytes, and Prisma so that the end
//! of the name stays (Prisma documentation, "Named constraints").

/// How long a name may be, in bytes (PostgreSQL manual, 4.1.1 "Identifiers and Key Words").
pub const LONGEST: usize = 63;

/// `{table}_pkey`
pub fn primary_key(table: &str) -> String {
    ending(table, "_pkey")
}

/// `{table}_{column}_{column}{suffix}`
pub fn of_columns(table: &str, columns: &[String], suffix: &str) -> String {
    ending(&format!("{table}_{}", columns.join("_")), suffix)
}

/// A name that is cut so that its ending stays.
pub fn ending(name: &str, suffix: &str) -> String {
    format!("{}{suffix}", cut(name, LONGEST - suffix.len()))
}

/// At most so many bytes, and never a part of a character.
pub fn cut(name: &str, bytes: usize) -> &str {
    &name[..name.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::{of_columns, primary_key};

    #[test]
    fn the_end_of_a_long_name_stays() {
        let long = "t".repeat(70);
        assert_eq!(primary_key("User"), "User_pkey");
        assert_eq!(primary_key(&long), format!("{}_pkey", "t".repeat(58)));
        let columns = ["first".to_owned(), "second".to_owned()];
        assert_eq!(of_columns("User", &columns, "_key"), "User_first_second_key");
        assert_eq!(of_columns(&"ä".repeat(40), &columns, "_fkey"), format!("{}_fkey", "ä".repeat(29)));
    }
}
