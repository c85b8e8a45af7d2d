//! Numbers of the same sign and as many digits.

use super::{
    secret::{MOST, Secret},
    spelled::Spelled,
};

/// The greatest of the types of whole numbers: what fits one of them still does. The least is one further from zero.
const GREATEST: [u128; 4] = [32_767, 2_147_483_647, 4_294_967_295, 9_223_372_036_854_775_807];

/// Nothing for what is no number. Zero, `NaN` and the infinities stay as they are; so do exponents. What are equal numbers
/// of two types stay equal.
pub(super) fn number(secret: &Secret, spelled: &Spelled, text: &str) -> Option<String> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return Some(text.to_owned());
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (digits, exponent) = rest.split_at(rest.find(['e', 'E']).unwrap_or(rest.len()));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    if part.bytes().all(|byte| byte == b'0') && spelled.has_number(&format!("{sign}{whole}")) {
        return Some(text.to_owned());
    }
    let mut other = of_whole(secret, sign, whole);
    // All numbers of so few digits may be spelled out.
    for _ in 0..100 {
        if !spelled.has_number(&format!("{sign}{other}")) {
            break;
        }
        other = of_whole(secret, sign, &other);
    }
    let point = if digits.contains('.') { "." } else { "" };
    Some(format!("{sign}{other}{point}{}{exponent}", fraction(secret, part)))
}

fn of_whole(secret: &Secret, sign: &str, digits: &str) -> String {
    let length = u32::try_from(digits.len()).unwrap_or(u32::MAX);
    let value = digits.parse::<u128>().ok().filter(|it| *it < MOST);
    match value {
        Some(0) => digits.to_owned(),
        Some(value) if !digits.starts_with('0') && length <= 36 => {
            let (mut low, mut high) = (10_u128.pow(length - 1), 10_u128.pow(length) - 1);
            for greatest in GREATEST.map(|it| it + u128::from(sign == "-")) {
                if low <= greatest && greatest < high {
                    if value <= greatest { high = greatest } else { low = greatest + 1 }
                }
            }
            (low + secret.turn(&format!("whole {sign}"), high - low + 1, value - low)).to_string()
        }
        Some(_) | None => random_digits(secret, digits, true),
    }
}

/// The digits behind the point, of which the last is not zero if it was not.
pub(super) fn fraction(secret: &Secret, digits: &str) -> String {
    let kept = digits.trim_end_matches('0');
    let zeros = &digits[kept.len()..];
    let length = u32::try_from(kept.len()).unwrap_or(u32::MAX);
    let masked = match kept.parse::<u128>() {
        Err(_) if kept.is_empty() => String::new(),
        Ok(value) if length <= 35 => {
            let size = 9 * 10_u128.pow(length - 1);
            let turned = secret.turn("fraction", size, value / 10 * 9 + value % 10 - 1);
            format!("{:0width$}", turned / 9 * 10 + turned % 9 + 1, width = kept.len())
        }
        Ok(_) | Err(_) => random_digits(secret, kept, false),
    };
    masked + zeros
}

/// `leads` where they stand before the point: then the first is not zero, otherwise the last.
fn random_digits(secret: &Secret, digits: &str, leads: bool) -> String {
    let not_zero = if leads { 0 } else { digits.len() - 1 };
    let bytes = secret.bytes("digits", digits.as_bytes()).take(digits.len()).enumerate();
    bytes.map(|(at, byte)| char::from(if at == not_zero { b'1' + byte % 9 } else { b'0' + byte % 10 })).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::number;
    use crate::rehearse::rows::sample::mask::{secret::Secret, spelled};

    fn masked(text: &str) -> String {
        number(&Secret::of_test(), &spelled::of_test("ALTER TABLE t ADD CHECK (a IN (1, 20))"), text).expect("a number")
    }

    #[test]
    fn the_sign_and_the_digits_stay() {
        for text in [
            "12345",
            "-12345",
            "30000",
            "2147483647",
            "-2147483648",
            "9223372036854775807",
            "0.25",
            "-3.140",
            "1.5e+20",
        ] {
            let other = masked(text);
            assert_ne!(text, other);
            assert_eq!((text.len(), text.starts_with('-')), (other.len(), other.starts_with('-')), "{text} {other}");
        }
        assert!(masked("30000").parse::<i16>().is_ok() && masked("-32768").parse::<i16>().is_ok());
        assert!(masked("2147483647").parse::<i32>().is_ok() && masked("-9223372036854775808").parse::<i64>().is_ok());
        assert_eq!(masked(&"123456789".repeat(6)).len(), 54);
    }

    #[test]
    fn what_is_equal_stays_equal() {
        assert_eq!(masked("7") + ".00", masked("7.00"));
        assert_eq!(masked("0.5") + "0", masked("0.50"));
        let tens: BTreeSet<String> = (10..100).map(|it| masked(&it.to_string())).collect();
        assert_eq!(tens.len(), 90);
        assert_eq!(
            ["0", "0.00", "NaN", "-Infinity", "1", "20", "20.0"].map(masked),
            ["0", "0.00", "NaN", "-Infinity", "1", "20", "20.0"]
        );
        assert_eq!(number(&Secret::of_test(), &spelled::of_test(""), "$1"), None);
    }
}
