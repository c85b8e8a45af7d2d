//! The version of a server.

use std::fmt;

/// A server's version, as `server_version_num` gives it: 150018 is 15.18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i32);

impl Version {
    pub const fn major(major: i32) -> Version {
        Version(major * 10_000)
    }
    /// The number that decides about features and texts: 15.
    pub fn major_number(self) -> i32 {
        self.0 / 10_000
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10_000, self.0 % 10_000)
    }
}
