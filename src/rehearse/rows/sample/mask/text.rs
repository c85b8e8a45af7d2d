//! Texts of the same shape: letters for letters, digits for digits, and every other sign where it is.

use super::{
    secret::{MOST, Secret},
    spelled::Spelled,
};

/// One sign that is masked.
struct Sign {
    /// The first of the signs that may stand for it.
    first: u32,
    /// How many may.
    count: u32,
    /// Which of them it is.
    which: u32,
    is_upper: bool,
}

/// Characters beside ASCII are replaced by others of the same script and as many bytes: those that share all but the last
/// six bits.
const BLOCK: u32 = 64;

impl Sign {
    /// Nothing for what stays. That a letter is large is no part of it, so that what differs in that only still does.
    fn of(c: char) -> Option<Sign> {
        let code = u32::from(c);
        let small = c.to_ascii_lowercase();
        match c {
            '0'..='9' => Some(Sign { first: u32::from('0'), count: 10, which: code - u32::from('0'), is_upper: false }),
            'a'..='z' | 'A'..='Z' => {
                let (first, is_upper) = (u32::from('a'), c.is_ascii_uppercase());
                Some(Sign { first, count: 26, which: u32::from(small) - first, is_upper })
            }
            _ if !c.is_ascii() && c.is_alphanumeric() => {
                Some(Sign { first: code - code % BLOCK, count: BLOCK, which: code % BLOCK, is_upper: false })
            }
            _ => None,
        }
    }
    fn with(&self, which: u32) -> char {
        let c = char::from_u32(self.first + which).unwrap_or('x');
        if self.is_upper { c.to_ascii_uppercase() } else { c }
    }
}

/// The same length, and the same shape. Equal texts stay equal, and different ones different; so do those that differ only
/// in case, or in blanks around them.
pub(super) fn text(secret: &Secret, spelled: &Spelled, value: &str) -> String {
    let core = value.trim();
    let start = value.len() - value.trim_start().len();
    let (before, after) = (&value[..start], &value[start + core.len()..]);
    let mut masked = core.to_owned();
    if !spelled.has(core) {
        masked = once(secret, core);
        // A word of the schema is nobody's mask: it would meet itself.
        for _ in 0..100 {
            if !spelled.has(&masked) {
                break;
            }
            masked = once(secret, &masked);
        }
    }
    format!("{before}{masked}{after}")
}

fn once(secret: &Secret, text: &str) -> String {
    let signs: Vec<Option<Sign>> = text.chars().map(Sign::of).collect();
    let shape: String = text.chars().zip(&signs).map(|(c, sign)| sign.as_ref().map_or(c, |it| it.with(0))).collect();
    let shape = shape.to_ascii_lowercase();
    let masked = || signs.iter().flatten();
    let size = masked().try_fold(1_u128, |all, it| all.checked_mul(u128::from(it.count)).filter(|all| *all <= MOST));
    let others: Vec<u32> = match size {
        // Few of this shape: each has a mask of its own.
        Some(size) => {
            let number = masked().fold(0, |all, it| all * u128::from(it.count) + u128::from(it.which));
            let mut number = secret.turn(&format!("text {shape}"), size, number);
            let digits = masked().collect::<Vec<_>>().into_iter().rev().map(|it| {
                let digit = number % u128::from(it.count);
                number /= u128::from(it.count);
                u32::try_from(digit).unwrap_or_default()
            });
            let mut digits: Vec<u32> = digits.collect();
            digits.reverse();
            digits
        }
        None => {
            let folded = text.to_ascii_lowercase();
            let mut bytes = secret.bytes("text", folded.as_bytes());
            let mut two = || u32::from(bytes.next().unwrap_or(0)) << 8 | u32::from(bytes.next().unwrap_or(0));
            masked().map(|it| two() % it.count).collect()
        }
    };
    let mut others = others.into_iter();
    let each = text.chars().zip(&signs);
    each.map(|(c, sign)| sign.as_ref().map_or(c, |it| it.with(others.next().unwrap_or(0)))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::text;
    use crate::rehearse::rows::sample::mask::{secret::Secret, spelled};

    fn masked(value: &str) -> String {
        text(&Secret::of_test(), &spelled::of_test("SELECT 'open', 'b'"), value)
    }

    #[test]
    fn the_shape_stays_and_the_words_do_not() {
        for value in
            ["Anna.Schmidt@example.com", "+49 (30) 1234-567", "ABC-12", "Жанна д'Арк", "日本語", &"long ".repeat(99)]
        {
            let other = masked(value);
            assert_eq!((value.len(), value.chars().count()), (other.len(), other.chars().count()), "{other}");
            let shape =
                |text: &str| text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect::<String>();
            if value.is_ascii() {
                assert_eq!(shape(value), shape(&other));
            }
            assert!(
                value.chars().zip(other.chars()).filter(|(a, b)| a == b && a.is_alphanumeric()).count()
                    <= value.len() / 4
            );
        }
    }

    #[test]
    fn what_is_equal_stays_equal_and_what_is_not_does_not() {
        assert_eq!(masked("Anna").to_lowercase(), masked("anna"));
        assert_eq!(masked("anna  "), masked("anna") + "  ");
        let letters: BTreeSet<String> = ('a'..='z').map(|c| masked(&c.to_string())).collect();
        assert_eq!(letters.len(), 26);
        assert_eq!(masked("") + &masked("  ") + &masked("-?"), "  -?");
    }

    #[test]
    fn what_is_spelled_out_stays() {
        assert_eq!(["open", "Open", " open ", "b"].map(masked), ["open", "Open", " open ", "b"]);
        assert_ne!(masked("opem"), "opem");
    }
}
