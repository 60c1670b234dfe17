use core::net::IpAddr;

use proptest::prelude::*;

use super::client;
use crate::model::step::Network;

fn trusted() -> Vec<Network> {
    let network =
        |(address, prefix_len): (&str, u8)| Network::new(address.parse::<IpAddr>().unwrap(), prefix_len).unwrap();
    [("10.0.0.0", 8), ("127.0.0.0", 8), ("fd00::", 8)].map(network).to_vec()
}

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let found = client(text.as_bytes(), &trusted()).map(|(start, end)| &text[start..end]);
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn the_first_from_the_right_that_is_not_trusted_is_the_client() {
    for (text, expected) in [
        ("192.0.2.1", Some("192.0.2.1")),
        ("192.0.2.1, 10.0.0.1", Some("192.0.2.1")),
        ("198.51.100.9, 192.0.2.1, 10.0.0.1,10.2.2.2", Some("192.0.2.1")),
        ("10.0.0.3, 10.0.0.2, 127.0.0.1", Some("10.0.0.3")),
        ("10.0.0.2, 10.0.0.1, 192.0.2.1", Some("192.0.2.1")),
        ("2001:db8::1, 10.225.192.17", Some("2001:db8::1")),
        ("::ffff:192.0.2.1, ::ffff:10.0.0.1", Some("::ffff:192.0.2.1")),
        ("192.0.2.1:33045, 10.0.0.1:80", Some("192.0.2.1")),
        ("[fd00::5a24]:43000", Some("fd00::5a24")),
        ("[2001:db8::1]:43000, [fd00::1]", Some("2001:db8::1")),
        (" , 192.0.2.1 , ,", Some("192.0.2.1")),
        ("", None),
        (" , ", None),
    ] {
        check(text, expected);
    }
}

#[test]
fn forwarded_elements_are_read_with_their_quotes_and_ports() {
    for (text, expected) in [
        ("for=192.0.2.1", Some("192.0.2.1")),
        ("For=\"[2001:db8:cafe::17]:4711\"", Some("2001:db8:cafe::17")),
        ("for=192.0.2.1;proto=https;by=10.0.0.9, for=10.0.0.1", Some("192.0.2.1")),
        ("proto=https; for=\"192.0.2.1:80\" ,for=\"[fd00::1]:_p\"", Some("192.0.2.1")),
        ("for=_hidden, for=10.0.0.1", Some("_hidden")),
        ("for=\"_SEVKISEK:_x\"", Some("_SEVKISEK")),
        ("for=unknown, for=10.0.0.1", None),
        ("192.0.2.1, for=10.0.0.1", Some("192.0.2.1")),
        ("by=10.0.0.1", None),
        ("for=192.0.2.1;for=192.0.2.2", Some("192.0.2.1")),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_a_client_forges_is_never_looked_at() {
    for (text, expected) in [
        ("for=\"evil, for=192.0.2.1", Some("192.0.2.1")),
        ("\", \", <x>, unknown, 192.0.2.1, 10.0.0.1", Some("192.0.2.1")),
        // A host that a client chose, as a proxy writes it.
        ("for=192.0.2.1;host=\"a;for=198.51.100.9\"", Some("192.0.2.1")),
        ("host=\"a;for=198.51.100.9\";for=192.0.2.1", Some("192.0.2.1")),
        ("for=192.0.2.1;host=\"a\\\",for=198.51.100.9\", for=10.0.0.1", Some("192.0.2.1")),
        ("198.51.100.9, <x>, 10.0.0.1", None),
        ("198.51.100.9, unknown", None),
    ] {
        check(text, expected);
    }
}

#[test]
fn names_are_clients_and_what_is_neither_name_nor_address_ends_the_search() {
    for (text, expected) in [
        ("localhost, localhost", Some("localhost")),
        ("unix:", Some("unix:")),
        ("proxy-1.example.com:80, 10.0.0.1", Some("proxy-1.example.com")),
        ("999.0.0.1", None),
        ("192.0.2.1:x", None),
        ("192.0.2.1:", None),
        ("[192.0.2.1]", None),
        ("[2001:db8::1", None),
        ("[2001:db8::1]x", None),
        ("2001:db8::zz", None),
        ("fe80::1%eth0", None),
        ("a b", None),
        ("UNKNOWN", None),
        ("for=", None),
    ] {
        check(text, expected);
    }
}

#[test]
fn without_trusted_proxies_the_last_entry_is_the_client() {
    let text = b"192.0.2.1, 10.0.0.1";
    assert_eq!(client(text, &[]).map(|(start, end)| &text[start..end]), Some(&b"10.0.0.1"[..]));
}

proptest! {
    #[test]
    fn a_list_of_addresses_is_walked_from_the_right(hops in prop::collection::vec((any::<bool>(), 0_u8..4, any::<u8>()), 1..6)) {
        let address = |&(own, form, last): &(bool, u8, u8)| {
            let v4 = if own { format!("10.0.0.{last}") } else { format!("192.0.2.{last}") };
            let v6 = if own { format!("fd00::{last:x}") } else { format!("2001:db8::{last:x}") };
            let (written, bare) = match form {
                0 => (v4.clone(), v4),
                1 => (format!("{v4}:80"), v4),
                2 => (v6.clone(), v6),
                _ => (format!("for=\"[{v6}]:80\";proto=http"), v6),
            };
            (written, bare, own)
        };
        let hops: Vec<_> = hops.iter().map(address).collect();
        let list = hops.iter().map(|(written, _, _)| written.clone()).collect::<Vec<_>>().join(", ");
        let expected = hops.iter().rev().find(|(_, _, own)| !own).unwrap_or(&hops[0]);
        check(&list, Some(&expected.1));
    }
}
