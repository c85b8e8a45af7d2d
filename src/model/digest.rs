//! Fingerprints of texts.

use sha2::{Digest, Sha256};

/// SHA-256 of a text, in hexadecimal digits.
pub fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// Bytes in hexadecimal digits, two for each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
