//! `forwarded = { trusted = […] }`: which proxies are one's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::value::Value;
use crate::config::words::shown;
use crate::model::step::Network;

/// Networks with a name. Sources: RFC 6890 for all; RFC 1918 and RFC 4193 for `private`, with RFC 6598's for the inside of
/// carriers and clouds.
const NAMED: [(&str, &[(IpAddr, u8)]); 3] = [
    ("loopback", &[(v4(127, 0, 0, 0), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)]),
    ("link_local", &[(v4(169, 254, 0, 0), 16), (v6(0xfe80), 10)]),
    (
        "private",
        &[
            (v4(10, 0, 0, 0), 8),
            (v4(172, 16, 0, 0), 12),
            (v4(192, 168, 0, 0), 16),
            (v4(100, 64, 0, 0), 10),
            (v6(0xfc00), 7),
        ],
    ),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(first: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0))
}

pub(super) fn read(value: &Value<'_>) -> Option<Vec<Network>> {
    if !value.node.is_table() {
        value.wrong_type("a table with the networks of your own proxies", "{ trusted = [\"private\"] }");
        return None;
    }
    let mut table = value.table()?;
    let trusted = table.require("trusted", "name your own proxies: trusted = [\"private\", \"203.0.113.7\"]");
    table.finish();
    let texts = trusted?.list()?;
    let mut networks = Vec::new();
    for text in &texts {
        networks.extend(read_network(text)?);
    }
    Some(networks)
}

fn read_network(value: &Value<'_>) -> Option<Vec<Network>> {
    let text = value.filled_text()?.value;
    if let Some((_, named)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(named.iter().filter_map(|(address, prefix_len)| Network::new(*address, *prefix_len)).collect());
    }
    let network = match text.split_once('/') {
        Some((address, prefix_len)) => {
            let prefix_len = prefix_len.parse().ok().filter(|_| prefix_len.bytes().all(|byte| byte.is_ascii_digit()));
            address.parse().ok().zip(prefix_len).and_then(|(address, prefix_len)| Network::new(address, prefix_len))
        }
        None => text.parse().ok().map(Network::of_one),
    };
    if network.is_none() {
        let message = format!(
            "{} holds `{}`; expected an address, a network, `loopback`, `link_local` or `private`",
            value.title,
            shown(&text)
        );
        value.fault(&message, "write a network by its first address: \"10.0.0.0/8\", \"2001:db8::/32\"");
    }
    network.map(|network| vec![network])
}
