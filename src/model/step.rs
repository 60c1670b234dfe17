//! What `[types]` does with a text to make a field of it.
//!
//! Promises: plain data, in the order in which it is done; `config` makes it, `parse` does it. Does not: read a line.

use std::net::IpAddr;

/// One step from the text of a field to the text of another. A step that finds nothing makes the field absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldStep {
    /// Undoes a way of writing.
    Decode(Decode),
    /// Takes a part of a URL or of a request's target.
    Url(UrlPart),
    /// Takes the value of the first query parameter of this name, as it is written.
    Parameter(String),
    /// Takes the value of the first cookie of this name.
    Cookie(String),
    /// Takes a segment of a path; empty segments are not counted.
    Segment(Position),
    /// Takes the address of the client out of `X-Forwarded-For` or `Forwarded`: from the right, the first that is in none
    /// of these networks; the leftmost where all are.
    Forwarded(Vec<Network>),
    /// Takes a claim out of a JSON Web Token whose signature is not looked at. The path is written as for JSON lines.
    Jwt(String),
    /// What sort of program a user agent names.
    Agent(AgentAnswer),
    /// Takes the piece at a position between separators; the separator is not empty.
    Split {
        separator: String,
        item: Position,
    },
    /// Takes what the one group of a regular expression matches, found anywhere unless it is anchored.
    Capture(String),
    Case(LetterCase),
    /// Nothing, where the text is one of these.
    Absent(Vec<String>),
    /// A span of time to seconds. The unit is that of bare numbers, which are refused without one.
    Seconds {
        bare: Option<TimeUnit>,
    },
    /// A size to bytes. The factor is what bare numbers are multiplied by.
    Bytes {
        bare: u64,
    },
}

/// A way of writing that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// The escapes of log writers: `\xC3` (nginx, Apache), `\"`, `\\`, `\n` and their like (Apache, JSON), `\u00fc` (JSON).
    Escapes,
    /// `%C3%BC`.
    Url,
    /// `%C3%BC`, and `+` for a space, as in query strings.
    Form,
    /// Of both alphabets, with and without `=` at the end.
    Base64,
}

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPart {
    Scheme,
    /// Without brackets around an IPv6 address.
    Host,
    Port,
    Path,
    Query,
}

/// A place among pieces: from 1, or from the end with -1. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub i32);

/// What is to be known of a user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentAnswer {
    /// The name of its class.
    Class,
    /// Whether it is of this class: `true` or `false`.
    Is(AgentClass),
}

/// Sorts of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentClass {
    /// Comes by itself: crawlers, monitors, previews, scanners.
    Bot,
    /// Libraries and command-line programs, that scripts and services use.
    Tool,
    /// What people look at pages with.
    Browser,
    /// None of these: the apps of products, as a rule.
    Other,
}

impl AgentClass {
    /// The name in pattern files and in fields.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Tool => "tool",
            Self::Browser => "browser",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    Lower,
    Upper,
}

/// A unit of spans of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeUnit {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
}

/// A network of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_len: u8,
}

impl Network {
    /// `None`: the prefix is longer than the address, or the address has bits beyond it.
    #[must_use]
    pub fn new(address: IpAddr, prefix_len: u8) -> Option<Self> {
        let (bits, width) = bits(address);
        if u32::from(prefix_len) > width {
            return None;
        }
        (host_bits(bits, width, prefix_len) == 0).then_some(Self { address, prefix_len })
    }

    /// The network of one address.
    #[must_use]
    pub fn of_one(address: IpAddr) -> Self {
        Self { address, prefix_len: bits(address).1 as u8 }
    }

    /// An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is taken for the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, width) = bits(self.address);
        let (other, other_width) = bits(address.to_canonical());
        let shift = width - u32::from(self.prefix_len);
        // A shift by all 128 bits gives `None` on both sides: the network of every address.
        width == other_width && own.checked_shr(shift) == other.checked_shr(shift)
    }
}

/// The address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// The bits behind the prefix.
fn host_bits(bits: u128, width: u32, prefix_len: u8) -> u128 {
    let host = width - u32::from(prefix_len);
    match 1_u128.checked_shl(host) {
        Some(limit) => bits & (limit - 1),
        None => bits,
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[track_caller]
    fn check(network: (&str, u8), inside: &[&str], outside: &[&str]) {
        let found = Network::new(network.0.parse().unwrap(), network.1).unwrap();
        for address in inside {
            assert!(found.contains(address.parse().unwrap()), "{address} in {network:?}");
        }
        for address in outside {
            assert!(!found.contains(address.parse().unwrap()), "{address} not in {network:?}");
        }
    }

    #[test]
    fn a_network_holds_what_begins_with_its_prefix() {
        check(
            ("10.0.0.0", 8),
            &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
            &["11.0.0.0", "9.255.255.255", "::1"],
        );
        check(("172.16.0.0", 12), &["172.31.255.255"], &["172.32.0.0"]);
        check(("0.0.0.0", 0), &["0.0.0.0", "255.255.255.255"], &["::", "2001:db8::1"]);
        check(("::", 0), &["::", "ffff::1"], &["192.0.2.1", "::ffff:192.0.2.1"]);
        check(("192.0.2.1", 32), &["192.0.2.1"], &["192.0.2.0"]);
        check(("2001:db8::", 32), &["2001:db8:ffff::1"], &["2001:db9::"]);
        check(("fc00::", 7), &["fdff::"], &["fe00::"]);
    }

    #[test]
    fn a_prefix_that_does_not_fit_its_address_makes_no_network() {
        for (address, prefix_len, expected) in [
            ("10.0.0.0", 33, false),
            ("10.0.0.1", 8, false),
            ("10.0.0.0", 7, true),
            ("::1", 128, true),
            ("::1", 0, false),
        ] {
            assert_eq!(
                Network::new(address.parse().unwrap(), prefix_len).is_some(),
                expected,
                "{address}/{prefix_len}"
            );
        }
        assert!(Network::of_one("192.0.2.1".parse().unwrap()).contains("192.0.2.1".parse().unwrap()));
    }
}
