//! What every kind has from the list of its fields: how it is read, compared, and shown.

/// A field of whatever type.
pub(crate) trait Field {
    /// Lets every text in it be changed.
    fn each(&mut self, change: &dyn Fn(&mut String));
    /// Its value, for people.
    fn shown(&self) -> String;
}

impl Field for String {
    fn each(&mut self, change: &dyn Fn(&mut String)) {
        change(self);
    }
    fn shown(&self) -> String {
        self.clone()
    }
}

impl<T: Field> Field for Option<T> {
    fn each(&mut self, change: &dyn Fn(&mut String)) {
        self.iter_mut().for_each(|it| it.each(change));
    }
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "nothing".to_owned(), Field::shown)
    }
}

impl<T: Field> Field for Vec<T> {
    fn each(&mut self, change: &dyn Fn(&mut String)) {
        self.iter_mut().for_each(|it| it.each(change));
    }
    fn shown(&self) -> String {
        format!("({})", self.iter().map(Field::shown).collect::<Vec<_>>().join(", "))
    }
}

macro_rules! without_texts {
    ($($Type:ty),*) => {
        $(impl Field for $Type {
            fn each(&mut self, _: &dyn Fn(&mut String)) {}
            fn shown(&self) -> String {
                self.to_string()
            }
        })*
    };
}
without_texts!(bool, i16, i32, i64, f32, u32);

/// Declares the state of a kind, an `Attr` with one variant per field, so that
/// `PgObject::alter` must say what happens when each of them changes, and how it is read.
macro_rules! object {
    ($(#[$meta:meta])* pub struct $Type:ident { $($(#[$field_meta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $Type { $($(#[$field_meta])* pub $field: $ty,)* }

        #[allow(non_camel_case_types, reason = "an attribute is named as its field is")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attr { $($field,)* }

        impl $Type {
            fn read_fields(row: &postgres::Row) -> Result<$Type, postgres::Error> {
                let _ = row;
                Ok($Type { $($field: row.try_get(stringify!($field))?,)* })
            }
            fn changed_attrs(&self, to: &$Type) -> Vec<Attr> {
                #[allow(unused_mut, reason = "a kind may have no attributes")]
                let mut changed = Vec::new();
                $(if self.$field != to.$field { changed.push(Attr::$field); })*
                let _ = to;
                changed
            }
            fn replace_fields(&mut self, replace: &dyn Fn(&mut String)) {
                let _ = replace;
                $(crate::kinds::object::Field::each(&mut self.$field, replace);)*
            }
            fn named_attributes(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($field), crate::kinds::object::Field::shown(&self.$field)),)*]
            }
        }

        impl Attr {
            fn field_name(self) -> &'static str {
                match self { $(Attr::$field => stringify!($field),)* }
            }
        }
    };
}
pub(crate) use object;

/// The items of [`PgObject`] that [`object!`] has already decided.
macro_rules! state {
    () => {
        type Attr = Attr;
        fn read(row: &postgres::Row) -> Result<Self, postgres::Error> {
            Self::read_fields(row)
        }
        fn changed(&self, to: &Self) -> Vec<Attr> {
            self.changed_attrs(to)
        }
        fn attr_name(attr: Attr) -> &'static str {
            attr.field_name()
        }
        fn attributes(&self) -> Vec<(&'static str, String)> {
            self.named_attributes()
        }
        fn replace_texts(&mut self, replace: &dyn Fn(&mut String)) {
            self.replace_fields(replace);
        }
    };
}
pub(crate) use state;
