//! Times as a program writes them with C's `strftime`, in a format that is known.
//!
//! Promises: the text's length is found in one pass from its beginning, by what each piece can write, so that spaces in it
//! are no riddle; month names in the languages of Western Europe are known, beside English. A zone's abbreviation is the
//! writer's own: `GMT` and `UTC` are that, any other is read as the reader's zone. Does not: read dates by week or by day of
//! the year.

use jiff::tz::TimeZone;

use super::civil::{Civil, offset};
use super::syslog::in_last_year;
use crate::model::time::UnixMicros;

/// A format, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Strftime {
    pieces: Box<[Piece]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    /// Tabs and line ends, which a log writes as they are, as a space, or as `\t`.
    White,
    Number(Part),
    /// Letters.
    Month,
    HalfDay,
    Weekday,
    ZoneName,
    /// `+0100` or `+01:00`.
    Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    Day,
    Hour,
    HalfDayHour,
    Minute,
    Second,
    Fraction,
    Unix,
    /// A number that is not needed: the day of the week or of the year.
    Other,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
    second: u32,
    micros: u32,
    unix: Option<i64>,
    is_afternoon: Option<bool>,
    offset: Option<i64>,
}

impl Strftime {
    /// Monday, 23 November 2026, 10:00 UTC, in this format.
    pub(in crate::parse) fn example(&self) -> String {
        let written = |piece: &Piece| -> String {
            let text = match *piece {
                Piece::Byte(byte) => return char::from(byte).to_string(),
                Piece::White => " ",
                Piece::Number(Part::Year) => "2026",
                Piece::Number(Part::ShortYear) => "26",
                Piece::Number(Part::Month) => "11",
                Piece::Number(Part::Day) => "23",
                Piece::Number(Part::Hour | Part::HalfDayHour) => "10",
                Piece::Number(Part::Minute | Part::Second) => "00",
                Piece::Number(Part::Fraction) => "000",
                Piece::Number(Part::Unix) => "1795428000",
                Piece::Number(Part::Other) => "1",
                Piece::Month => "Nov",
                Piece::HalfDay => "AM",
                Piece::Weekday => "Mon",
                Piece::ZoneName => "UTC",
                Piece::Offset => "+0000",
            };
            text.to_owned()
        };
        self.pieces.iter().map(written).collect()
    }

    /// `Err`: the piece that is not known.
    pub(in crate::parse) fn parse(format: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            pieces.extend(rest[..at].bytes().map(Piece::Byte));
            let specification = rest[at + 1..].trim_start_matches(['-', '_', '^', '#', 'E', 'O', ':']);
            let digits = specification.trim_start_matches(|c: char| c.is_ascii_digit());
            let letter = digits.chars().next().unwrap_or('%');
            rest = digits.get(letter.len_utf8()..).unwrap_or_default();
            specified(letter, &mut pieces).ok_or_else(|| format!("%{letter}"))?;
        }
        pieces.extend(rest.bytes().map(Piece::Byte));
        Ok(Self { pieces: pieces.into() })
    }

    /// Whether it gives an instant: a date and a time of day, or seconds since 1970. Without a year it needs the moment when
    /// it is read.
    pub(in crate::parse) fn is_complete(&self) -> bool {
        let has = |part| self.pieces.contains(&Piece::Number(part));
        let has_month = has(Part::Month) || self.pieces.contains(&Piece::Month);
        let has_hour = has(Part::Hour) || (has(Part::HalfDayHour) && self.pieces.contains(&Piece::HalfDay));
        has(Part::Unix) || (has_month && has(Part::Day) && has_hour && has(Part::Minute))
    }

    pub(in crate::parse) fn has_year(&self) -> bool {
        [Part::Year, Part::ShortYear, Part::Unix].iter().any(|part| self.pieces.contains(&Piece::Number(*part)))
    }

    /// How long the time is that the text begins with.
    pub(in crate::parse) fn len(&self, text: &[u8]) -> Option<usize> {
        self.scan(text).map(|(_, len)| len)
    }

    /// `reference`: the moment when it is read.
    pub(in crate::parse) fn read(
        &self,
        text: &[u8],
        zone: &TimeZone,
        reference: Option<UnixMicros>,
    ) -> Option<UnixMicros> {
        let (parts, len) = self.scan(text)?;
        if len != text.len() {
            return None;
        }
        if let Some(seconds) = parts.unix {
            return Some(UnixMicros(seconds.checked_mul(1_000_000)?.checked_add(parts.micros.into())?));
        }
        let hour = match (parts.hour?, parts.is_afternoon) {
            (hour, None) => hour,
            (hour @ 1..=12, Some(is_afternoon)) => hour % 12 + if is_afternoon { 12 } else { 0 },
            _ => return None,
        };
        let (month, day, minute) = (parts.month?, parts.day?, parts.minute?);
        let in_year = |year: u32| {
            let civil = Civil { year, month, day, hour, minute, second: parts.second, micros: parts.micros };
            match parts.offset {
                Some(offset) => civil.at_offset(offset),
                None => civil.in_zone(zone),
            }
        };
        match parts.year {
            Some(year) => in_year(year),
            None => in_last_year(reference?, |year| in_year(u32::from(year.unsigned_abs()))),
        }
    }

    fn scan(&self, text: &[u8]) -> Option<(Parts, usize)> {
        let mut parts = Parts::default();
        let mut rest = text;
        for piece in &self.pieces {
            rest = match *piece {
                Piece::Byte(byte) => rest.strip_prefix(&[byte])?,
                Piece::White => white(rest)?,
                Piece::Number(part) => number(rest, part, &mut parts)?,
                Piece::Month => {
                    let (name, rest) = letters(rest);
                    parts.month = Some(month(name)?);
                    rest
                }
                Piece::HalfDay => {
                    let (name, rest) = letters(rest);
                    parts.is_afternoon = name.first().map(|first| first.eq_ignore_ascii_case(&b'p'));
                    rest
                }
                Piece::Weekday => letters(rest).1,
                Piece::ZoneName => {
                    let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                    if matches!(&rest[..len], b"GMT" | b"UTC" | b"Z") {
                        parts.offset = Some(0);
                    }
                    (len > 0).then(|| &rest[len..])?
                }
                Piece::Offset => zone_offset(rest, &mut parts)?,
            };
        }
        Some((parts, text.len() - rest.len()))
    }
}

/// Appends what a letter stands for.
fn specified(letter: char, pieces: &mut Vec<Piece>) -> Option<()> {
    let composed = match letter {
        'D' | 'x' => "m/d/y",
        'F' => "Y-m-d",
        'R' => "H:M",
        'T' | 'X' => "H:M:S",
        'r' => "I:M:S p",
        'c' => "a b e H:M:S Y",
        _ => {
            pieces.push(single(letter)?);
            return Some(());
        }
    };
    for c in composed.chars() {
        pieces.push(single(c).unwrap_or(Piece::Byte(c as u8)));
    }
    Some(())
}

const fn single(letter: char) -> Option<Piece> {
    Some(match letter {
        'Y' => Piece::Number(Part::Year),
        'y' => Piece::Number(Part::ShortYear),
        'm' => Piece::Number(Part::Month),
        'd' | 'e' => Piece::Number(Part::Day),
        'H' | 'k' => Piece::Number(Part::Hour),
        'I' | 'l' => Piece::Number(Part::HalfDayHour),
        'M' => Piece::Number(Part::Minute),
        'S' => Piece::Number(Part::Second),
        'f' | 'N' => Piece::Number(Part::Fraction),
        's' => Piece::Number(Part::Unix),
        'j' | 'u' | 'w' | 'U' | 'V' | 'W' | 'C' | 'G' | 'g' => Piece::Number(Part::Other),
        'b' | 'B' | 'h' => Piece::Month,
        'p' | 'P' => Piece::HalfDay,
        'a' | 'A' => Piece::Weekday,
        'Z' => Piece::ZoneName,
        'z' => Piece::Offset,
        'n' | 't' => Piece::White,
        '%' => Piece::Byte(b'%'),
        _ => return None,
    })
}

fn white(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b' ' | b'\t' | b'\n', rest @ ..] | [b'\\', b't' | b'n', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Digits, as many as the part can have; a space in front fills a number of two.
fn number<'t>(text: &'t [u8], part: Part, parts: &mut Parts) -> Option<&'t [u8]> {
    let longest = match part {
        Part::Year | Part::Other => 4,
        Part::Fraction => 9,
        Part::Unix => 12,
        _ => 2,
    };
    let text = match (text, part) {
        ([b' ', rest @ ..], Part::Day | Part::Hour | Part::HalfDayHour) => rest,
        _ => text,
    };
    let len = text.iter().take(longest).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    // At most nine digits but for seconds since 1970.
    let small = value as u32;
    match part {
        Part::Year => parts.year = Some(small),
        Part::ShortYear => parts.year = Some(if small < 69 { 2000 + small } else { 1900 + small }),
        Part::Month => parts.month = Some(small),
        Part::Day => parts.day = Some(small),
        Part::Hour | Part::HalfDayHour => parts.hour = Some(small),
        Part::Minute => parts.minute = Some(small),
        Part::Second => parts.second = small,
        Part::Fraction if len <= 6 => parts.micros = small * 10_u32.pow(6 - len as u32),
        Part::Fraction => parts.micros = small / 10_u32.pow(len as u32 - 6),
        Part::Unix => parts.unix = Some(value),
        Part::Other => {}
    }
    Some(rest)
}

/// Letters of any language, and the point of an abbreviation.
fn letters(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80 || **byte == b'.').count())
}

fn zone_offset<'t>(text: &'t [u8], parts: &mut Parts) -> Option<&'t [u8]> {
    let (&sign, rest) = text.split_first()?;
    let ([a, b, c, d], rest) = match rest {
        [a, b, b':', c, d, rest @ ..] | [a, b, c, d, rest @ ..] => ([a, b, c, d], rest),
        _ => return None,
    };
    let digits = |tens: &u8, ones: &u8| {
        let both = tens.is_ascii_digit() && ones.is_ascii_digit();
        both.then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    };
    parts.offset = Some(offset(sign, digits(a, b)?, digits(c, d)?)?);
    Some(rest)
}

/// How months begin in English, German, French, Spanish, Italian, Portuguese and Dutch. No beginning is that of two months.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen"],
    &["feb", "fev", "fév"],
    &["mar", "mär", "mrz", "mrt", "maa"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mei", "mag"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aoû", "ago"],
    &["sep", "set"],
    &["oct", "okt", "out", "ott"],
    &["nov"],
    &["dec", "dez", "déc", "dic"],
];

fn month(name: &[u8]) -> Option<u32> {
    let begins =
        |with: &&str| name.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with.as_bytes()));
    let place = MONTHS.iter().position(|names| names.iter().any(begins))?;
    Some(place as u32 + 1)
}
