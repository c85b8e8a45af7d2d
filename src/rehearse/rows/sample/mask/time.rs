//! Dates and times: another day of the same month, another time of the day. So what is in one partition mostly stays
//! together, and what was before something else mostly still is.

use super::{number::fraction, secret::Secret};

/// Of what PostgreSQL prints with `DateStyle` ISO; nothing for what does not read so. Infinities and midnight stay.
pub(super) fn time(secret: &Secret, text: &str) -> Option<String> {
    if matches!(text, "infinity" | "-infinity") {
        return Some(text.to_owned());
    }
    let (text, era) = text.strip_suffix(" BC").map_or((text, ""), |rest| (rest, " BC"));
    let masked = match (text.split_once(' '), text.contains(':')) {
        (Some((date, clock)), _) => format!("{} {}", day(secret, date, era)?, of_day(secret, clock)?),
        (None, true) => of_day(secret, text)?,
        (None, false) => day(secret, text, era)?,
    };
    Some(masked + era)
}

fn day(secret: &Secret, date: &str, era: &str) -> Option<String> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (count, at): (i64, u128) = (days(year.parse().ok()?, month.parse().ok()?, era), day.parse().ok()?);
    let count = u128::try_from(count).ok().filter(|count| (1..=*count).contains(&at))?;
    let other = 1 + secret.turn(&format!("day {year}-{month}{era}"), count, at - 1);
    Some(format!("{year}-{month}-{other:02}"))
}

fn days(year: i64, month: i64, era: &str) -> i64 {
    // There is no year 0: the year before the first is the first before it.
    let year = if era.is_empty() { year } else { 1 - year };
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `12:34:56.789+00`
fn of_day(secret: &Secret, text: &str) -> Option<String> {
    let (clock, zone) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    let (whole, part) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':').map(|part| part.parse::<u128>().ok());
    let seconds = parts.next()?? * 3600 + parts.next()?? * 60 + parts.next()??;
    let other = match seconds {
        1..86_400 => 1 + secret.turn("seconds", 86_399, seconds - 1),
        same => same,
    };
    let point = if clock.contains('.') { "." } else { "" };
    let (hours, minutes) = (other / 3600, other / 60 % 60);
    Some(format!("{hours:02}:{minutes:02}:{:02}{point}{}{zone}", other % 60, fraction(secret, part)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::time;
    use crate::rehearse::rows::sample::mask::secret::Secret;

    fn masked(text: &str) -> String {
        time(&Secret::of_test(), text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn the_month_and_the_form_stay() {
        for text in [
            "2024-02-29",
            "0044-03-15 BC",
            "10000-12-31",
            "2024-05-06 07:08:09.12+00",
            "2024-05-06 00:00:00",
            "07:08:09",
            "07:08:09.5-03:30",
        ] {
            let other = masked(text);
            assert_eq!(text.len(), other.len(), "{other}");
            assert_ne!(text, other);
            assert!(!text.contains('-') || text.contains("-03:30") || text[..7] == other[..7], "{other}");
        }
        assert!(masked("2024-05-06 00:00:00").ends_with(" 00:00:00"));
        assert_eq!(["infinity", "24:00:00", "00:00:00"].map(masked), ["infinity", "24:00:00", "00:00:00"]);
        let days: BTreeSet<String> = (1..=28).map(|day| masked(&format!("2023-02-{day:02}"))).collect();
        assert_eq!(days.len(), 28);
        assert_eq!(time(&Secret::of_test(), "yesterday"), None);
    }
}
