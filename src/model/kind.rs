//! The list of kinds: the one place that names them all.

/// The list of kinds, in the order they are created when nothing else decides. What contains others is read before them.
/// It is written once; `model` takes the names from it, `kinds` the types.
macro_rules! for_each_kind {
    ($callback:ident) => {
        $callback! {
            Schema(schema::Schema),
            Extension(extension::Extension),
            Collation(collation::Collation),
            Language(language::Language),
            ShellType(shell_type::ShellType),
            BaseType(base_type::BaseType),
            Enum(enum_::Enum),
            Composite(composite::Composite),
            Attribute(attribute::Attribute),
            Range(range::Range),
            Domain(domain::Domain),
            DomainConstraint(domain_constraint::DomainConstraint),
            Sequence(sequence::Sequence),
            Function(function::Function),
            Procedure(procedure::Procedure),
            Aggregate(aggregate::Aggregate),
            AccessMethod(access_method::AccessMethod),
            Operator(operator::Operator),
            OperatorFamily(operator_family::OperatorFamily),
            OperatorFamilyItem(operator_family_item::OperatorFamilyItem),
            OperatorClass(operator_class::OperatorClass),
            Cast(cast::Cast),
            Conversion(conversion::Conversion),
            Transform(transform::Transform),
            TextSearchParser(text_search_parser::TextSearchParser),
            TextSearchTemplate(text_search_template::TextSearchTemplate),
            TextSearchDictionary(text_search_dictionary::TextSearchDictionary),
            TextSearchConfiguration(text_search_configuration::TextSearchConfiguration),
            ForeignDataWrapper(foreign_data_wrapper::ForeignDataWrapper),
            ForeignServer(foreign_server::ForeignServer),
            UserMapping(user_mapping::UserMapping),
            Table(table::Table),
            ForeignTable(foreign_table::ForeignTable),
            Column(column::Column),
            ForeignColumn(foreign_column::ForeignColumn),
            PrimaryKey(primary_key::PrimaryKey),
            Unique(unique::Unique),
            Exclusion(exclusion::Exclusion),
            Check(check::Check),
            ForeignKey(foreign_key::ForeignKey),
            SequenceOwner(sequence_owner::SequenceOwner),
            View(view::View),
            MaterializedView(materialized_view::MaterializedView),
            ViewColumn(view_column::ViewColumn),
            NotNull(not_null::NotNull),
            Default(default::Default),
            Identity(identity::Identity),
            Index(index::Index),
            Statistics(statistics::Statistics),
            ReplicaIdentity(replica_identity::ReplicaIdentity),
            Rule(rule::Rule),
            Trigger(trigger::Trigger),
            Policy(policy::Policy),
            Publication(publication::Publication),
            PublicationTable(publication_table::PublicationTable),
            PublicationSchema(publication_schema::PublicationSchema),
            Subscription(subscription::Subscription),
            EventTrigger(event_trigger::EventTrigger),
            Comment(comment::Comment),
            SecurityLabel(security_label::SecurityLabel),
            ExtensionDependency(extension_dependency::ExtensionDependency),
            Owner(owner::Owner),
            Grant(grant::Grant),
            DefaultGrant(default_grant::DefaultGrant),
            DatabaseSetting(database_setting::DatabaseSetting),
        }
    };
}
pub(crate) use for_each_kind;

macro_rules! kind_enum {
    ($($Kind:ident($Type:path),)*) => {
        /// What sort of object. The order is the order of creation when nothing else decides.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($Kind,)* }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$Kind,)*];
            /// As code and JSON spell it: `MaterializedView`.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$Kind => stringify!($Kind),)* }
            }
        }
    };
}
for_each_kind!(kind_enum);
