//! `[px]`: where events go and at what pace.
//!
//! Promises: a key never travels over an unprotected network: plain http goes to this machine only. Does not: read the
//! API key, nor speak to PX.

use std::net::IpAddr;

use reqwest::Url;

use super::section::Section;
use super::settings::{DAY, MINUTE, SECOND, read_path};
use super::value::{Limits, Value};
use super::words::one_of;
use crate::model::fault::{Fault, Located};
use crate::model::spec::{ApiKeySource, PxSpec};

/// The data centers' addresses, from PX's published contract.
const REGIONS: [(&str, &str); 3] = [
    ("us", "https://api.aptrinsic.com/v1"),
    ("eu", "https://api-eu.aptrinsic.com/v1"),
    ("us2", "https://api-us2.aptrinsic.com/v1"),
];

/// What a subscription may ask per second and per day, by PX's support pages.
const SUBSCRIPTION_PER_SECOND: f64 = 200.0;
const SUBSCRIPTION_PER_DAY: u64 = 1_000_000;

/// A sandbox takes more; a limit still finds a slip of the keyboard.
const SANDBOX_PER_SECOND: f64 = 100_000.0;

/// Reads `[px]`.
pub(super) fn read(mut section: Section<'_>) -> Option<PxSpec> {
    section.refuse(
        "api_key",
        "the API key itself does not belong into the configuration",
        "put it alone into a file of mode 0600 and write api_key_file = \"/etc/pxtail/api-key\"; or give the systemd \
         credential pxtail-api-key, or the environment variable PXTAIL_PX_API_KEY",
    );
    let base_url = read_destination(&mut section);
    let product_key = section
        .require(
            "product_key",
            "write product_key = \"AP-XXXXXXXXXXXX-2\", as PX shows it under Administration, Products",
        )
        .and_then(|value| read_product_key(&value));
    let api_key = ApiKeySource { file: section.get("api_key_file").and_then(|value| read_path(&value)) };
    let ca_file = section.get("ca_file").and_then(|value| read_path(&value));
    // Plain http is for loopback alone: a sandbox has no subscription to share.
    let is_sandbox = base_url.as_ref().is_some_and(|url| url.value.starts_with("http://"));
    let requests_per_second = section.number(
        "requests_per_second",
        20.0,
        Limits {
            least: 0.01,
            most: if is_sandbox { SANDBOX_PER_SECOND } else { SUBSCRIPTION_PER_SECOND },
            reason: "all hosts share the subscription's 200 a second: give this host its part",
        },
    );
    let requests_per_day = section.integer(
        "requests_per_day",
        100_000,
        Limits {
            least: 1,
            most: SUBSCRIPTION_PER_DAY,
            reason: "all hosts share the subscription's 1,000,000 a day: give this host its part",
        },
    );
    let waits = "too short breaks off requests that would succeed, and leaves their outcome unknown";
    let connect_timeout =
        section.duration("connect_timeout", 10 * SECOND, Limits { least: SECOND, most: 5 * MINUTE, reason: waits });
    let request_timeout =
        section.duration("request_timeout", 30 * SECOND, Limits { least: SECOND, most: DAY / 24, reason: waits });
    section.finish();
    Some(PxSpec {
        base_url: base_url?,
        product_key: product_key?,
        api_key,
        requests_per_second,
        requests_per_day,
        connect_timeout,
        request_timeout,
        ca_file,
    })
}

/// The address, from `region` or `base_url`.
fn read_destination(section: &mut Section<'_>) -> Option<Located<String>> {
    let region = section.get("region");
    let base_url = section.get("base_url");
    match (region, base_url) {
        (Some(region), None) => {
            let url = region.choice(&REGIONS)?;
            Some(Located::new(url.to_owned(), region.at))
        }
        (None, Some(base_url)) => read_base_url(&base_url),
        (Some(_), Some(base_url)) => {
            let message = format!("{} has both `region` and `base_url`", section.title);
            base_url.fault(&message, "keep `region` for PX itself, or `base_url` for a sandbox or proxy");
            None
        }
        (None, None) => {
            let regions = one_of(REGIONS.map(|(name, _)| name));
            let help = format!(
                "write region = \"us\" for PX itself ({regions}), or base_url = \"http://127.0.0.1:8089/v1\" for a sandbox"
            );
            section.absence(&format!("{} says neither `region` nor `base_url`", section.title), &help);
            None
        }
    }
}

fn read_base_url(value: &Value<'_>) -> Option<Located<String>> {
    let text = value.filled_text()?;
    let refuse = |reason: &str, help: &str| {
        // Without what may be a password in it.
        value.fault(&format!("{} {reason}", value.title), help);
    };
    let example = "write it as base_url = \"https://api.aptrinsic.com/v1\"";
    if text.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        refuse("holds a space or control character", example);
        return None;
    }
    let url = match Url::parse(&text.value) {
        Ok(url) => url,
        Err(err) => {
            refuse(&format!("is no address: {err}"), example);
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        refuse("holds a user name or password", "leave them out: PX takes the API key in a header of its own");
    } else if url.query().is_some() || url.fragment().is_some() {
        refuse("holds `?` or `#`", "end it with the version: https://api.aptrinsic.com/v1");
    } else if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        refuse("is no https address", example);
    } else if url.scheme() == "http" && !is_loopback(&url) {
        let help = "write https; plain http is for this machine only: 127.0.0.1, ::1 or localhost";
        refuse("would send the API key over the network unprotected", help);
    } else {
        return Some(Located::new(text.value.trim_end_matches('/').to_owned(), text.at));
    }
    None
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_product_key(value: &Value<'_>) -> Option<Located<String>> {
    let key = value.filled_text()?;
    if key.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        value.fault(
            &format!("{} holds a space or control character", value.title),
            "copy it as PX shows it: AP-XXXXXXXXXXXX-2",
        );
        return None;
    }
    Some(key)
}

impl Section<'_> {
    /// A key that people may try, and why not.
    fn refuse(&mut self, key: &'static str, reason: &str, help: &str) {
        if let Some(at) = self.refused(key) {
            self.fault(Fault::new(at, format!("{}: {reason}", self.title)).help(help));
        }
    }
}
