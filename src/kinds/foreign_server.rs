//! `CREATE SERVER`

use crate::{
    ddl::{Action, Alter, Lock, Target},
    kinds::{PgObject, Renamed, foreign_options, object, state},
    model::{Ident, Literal, ObjectId},
};

object! {
    pub struct ForeignServer {
        pub wrapper: String,
        pub server_type: Option<String>,
        pub version: Option<String>,
        pub options: Vec<String>,
        /// The names of options whose values are not read.
        pub secrets: Vec<String>,
    }
}

impl PgObject for ForeignServer {
    state!();
    const LABEL: &'static str = "SERVER";
    const RENAMED: Renamed = Renamed::ByItself(Lock::None);
    // User mappings are in the way.
    const TAKES_CONTENTS_ALONG: bool = false;
    const CATALOG: &'static str = concat!(
        "
        SELECT 'pg_foreign_server'::regclass::oid AS classid, s.oid AS objid, 0 AS objsubid, s.srvname::text AS name,
               w.fdwname::text AS wrapper, s.srvtype AS server_type, s.srvversion AS version,
               ",
        foreign_options::columns!("s.srvoptions"),
        "
        FROM pg_foreign_server s
        JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
        WHERE $1::oid[] IS NOT NULL"
    );

    fn create(&self, id: &ObjectId, _: Target) -> Vec<Action> {
        let ForeignServer { wrapper, server_type, version, options, secrets } = self;
        let mut sql = format!("CREATE {id}");
        sql.extend(server_type.iter().map(|text| format!(" TYPE {}", Literal(text))));
        sql.extend(version.iter().map(|text| format!(" VERSION {}", Literal(text))));
        sql.push_str(&format!(" FOREIGN DATA WRAPPER {}{}", Ident::new(wrapper), foreign_options::clause(options)));
        let secrets = foreign_options::leave_secrets(id, &format!("ALTER {id}"), &[], secrets);
        [Action::create(id, sql)].into_iter().chain(secrets).collect()
    }
    fn alter(&self, id: &ObjectId, to: &ForeignServer, attr: Attr, _: Target) -> Alter {
        let clause = match attr {
            Attr::wrapper | Attr::server_type => return Alter::Rebuild,
            Attr::version => Some(match &to.version {
                Some(text) => format!("VERSION {}", Literal(text)),
                None => "VERSION NULL".to_owned(),
            }),
            Attr::options => foreign_options::change(&self.options, &to.options),
            Attr::secrets => foreign_options::drop_secrets(&self.secrets, &to.secrets),
        };
        let left = match attr {
            Attr::secrets => foreign_options::leave_secrets(id, &format!("ALTER {id}"), &self.secrets, &to.secrets),
            Attr::wrapper | Attr::server_type | Attr::version | Attr::options => None,
        };
        let change = clause.map(|clause| Action::alter(id, format!("ALTER {id} {clause}")));
        Alter::Do(change.into_iter().chain(left).collect())
    }
    fn drop(&self, id: &ObjectId) -> Vec<Action> {
        vec![Action::drop(id, format!("DROP {id}"))]
    }
}
