//! Which patterns a user would give a source whose files are of a corpus's format.
//!
//! Promises: chosen by the format's label alone, and by the configuration that a case carries; never by its line, save how
//! many columns it has and which of them are numbers, which in a real file the `#Fields:` line says. Does not: read lines.

use crate::case::Case;
use crate::reader::Way;

/// A label, or its beginning (`*` at the end) or end (`*` in front) or both, and the patterns to be tried in order.
/// `cri>envoy_json` is a pattern inside a wrapper. The first row that fits is taken; one without patterns is a program's own
/// messages, which are not judged.
const CHOICES: &[(&str, &[&str])] = &[
    ("nginx_error*", &["nginx_error"]),
    ("apache_error*", &["apache_error"]),
    ("nginx_ingress*", &["nginx_ingress", "cri>nginx_ingress", "combined"]),
    ("nginx_json*", &["nginx_json"]),
    ("*_vhost_combined*", &["vhost_combined", "combined_forwarded", "combined"]),
    ("*_vhost_common*", &["vhost_common", "common"]),
    ("squid_com*", &["squid_combined", "combined", "common"]),
    (
        "*_combined_ext*",
        &["nginx_ingress", "traefik_clf", "combined_forwarded", "vhost_combined", "combined", "combined_more"],
    ),
    ("*_common_ext*", &["common", "vhost_common", "combined"]),
    ("*_combined*", &["combined", "combined_forwarded", "vhost_combined", "combined_more"]),
    ("*_common*", &["common", "combined", "vhost_common"]),
    ("nginx_custom*", &["nginx_proxy_manager", "nginx_timed", "combined", "common"]),
    ("apache_custom*", &["apache_ssl_request", "combined", "common"]),
    ("nginx_other*", &["nginx_proxy_manager", "nginx_timed", "combined_forwarded", "vhost_combined", "combined"]),
    ("apache_other*", &["apache_ssl_request", "vhost_combined", "combined", "common"]),
    ("traefik_clf*", &["traefik_clf", "traefik_log"]),
    ("traefik_json*", &["traefik_json"]),
    ("caddy_json*", &["caddy_json"]),
    ("envoy_json*", &["envoy_json", "cri>envoy_json"]),
    ("envoy_other*", &[]),
    ("envoy_*", &["envoy_default", "istio", "cri>envoy_json", "cri>envoy_default", "cri>istio", "envoy_json"]),
    ("istio_*", &["istio", "envoy_default", "cri>istio", "cri>envoy_json", "envoy_json"]),
    ("haproxy_*", &["haproxy_http", "haproxy_tcp", "haproxy_connect"]),
    ("gunicorn_*", &["combined", "flask", "gunicorn_error"]),
    ("aws_alb*", &["aws_alb"]),
    ("aws_clb*", &["aws_elb"]),
    ("aws_elb*", &["aws_elb"]),
    ("aws_s3*", &["aws_s3"]),
    ("aws_cloudfront*", &["aws_cloudfront"]),
    ("squid_native*", &["squid"]),
    ("squid_access*", &["squid"]),
    ("squid_log*", &["squid_cache"]),
    ("fastly*", &["syslog>fastly", "fastly"]),
    ("syslog_rfc5424*", &["syslog_rfc5424"]),
    ("syslog_rfc3164*", &["syslog_rfc3164"]),
    ("syslog_*", &["syslog"]),
    ("cri*", &["cri"]),
    ("docker*", &["docker"]),
    ("iis_httperr*", &["iis_httperr"]),
    ("w3c*", &["iis_w3c", "w3c"]),
    ("iis*", &["iis_w3c", "w3c"]),
    ("logfmt*", &["logfmt"]),
];

/// Columns that IIS logs: what its versions log by themselves, that with the address that a balancer gives, a site's with the
/// bytes, that with cookies and hosts (Azure's), and all of them without and with that address.
const IIS_COLUMNS: [&str; 8] = [
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus \
     sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status \
     sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status \
     sc-substatus sc-win32-status time-taken X-Forwarded-For",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus \
     sc-win32-status time-taken X-Forwarded-For",
    "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status \
     sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) \
     cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version \
     cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version \
     cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken \
     X-Forwarded-For",
];

/// What HTTP.sys logs since it speaks HTTP/2, and HTTP/3.
const HTTPERR_COLUMNS: [&str; 2] = [
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename",
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename transport",
];

/// `None`: the format is not one of those that are judged.
pub fn ways(case: &Case) -> Option<Vec<Way>> {
    let is_servers = ["apache", "nginx"].iter().any(|server| case.format.starts_with(server));
    if let Some(format) = case.text("log_format").filter(|_| is_servers) {
        return Some(pasted_log_formats(format));
    }
    let patterns = case.list("grok_patterns");
    if !patterns.is_empty() && case.format.starts_with("telegraf") {
        let definitions = case.text("custom_patterns").unwrap_or_default();
        let own = |pattern: &&str| pattern.starts_with("%{TEST_") && definitions.is_empty();
        // Its definitions are in a file that the case does not carry.
        return (!patterns.iter().all(own))
            .then(|| patterns.iter().map(|pattern| pasted_grok(pattern, definitions)).collect());
    }
    if let Some(format) = case.peer_argument("timestamp_format").filter(|_| !case.format.ends_with("_error")) {
        return Some(vec![pasted_with_time(format, case.peer_argument("format") == Some("combined"))]);
    }
    let ways = match case.peer_argument("format") {
        Some("combined" | "main") => &["combined"][..],
        Some("common") => &["common"],
        Some("error") if case.format.starts_with("nginx") => &["nginx_error"],
        Some("error") => &["apache_error"],
        Some("ingress_upstreaminfo") => &["nginx_ingress"],
        _ => CHOICES.iter().find(|(label, _)| fits(label, &case.format)).filter(|(_, ways)| !ways.is_empty())?.1,
    };
    Some(ways.iter().map(|name| with_columns(way(name), case)).collect())
}

fn fits(label: &str, format: &str) -> bool {
    match (label.strip_prefix('*'), label.strip_suffix('*')) {
        (Some(_), Some(_)) => format.contains(label.trim_matches('*')),
        (Some(end), None) => format.ends_with(end),
        (None, Some(beginning)) => format.starts_with(beginning),
        (None, None) => format == label,
    }
}

fn way(name: &str) -> Way {
    match name.split_once('>') {
        Some((wrapper, inner)) => way(inner).inside(wrapper),
        None => Way::shipped(name),
    }
}

fn with_columns(way: Way, case: &Case) -> Way {
    let lists: &[&str] = match &case.format {
        format if format.starts_with("w3c") || format == "iis" => &IIS_COLUMNS,
        format if format.starts_with("iis_httperr") => &HTTPERR_COLUMNS,
        _ => return way,
    };
    let values: Vec<&[u8]> = case.line.split(|&byte| byte == b' ').collect();
    let is_number = |value: &[u8]| value == b"-" || value.iter().all(u8::is_ascii_digit);
    let is_numeric = |name: &str| matches!(name, "s-port" | "streamid" | "sc-status" | "sc-bytes" | "time-taken");
    let fits = |names: &&&str| {
        names.split(' ').count() == values.len()
            && names.split(' ').zip(&values).all(|(name, value)| !is_numeric(name) || is_number(value))
    };
    lists.iter().find(fits).map_or(way.clone(), |names| way.after(&format!("#Fields: {names}")))
}

/// A server's formats, one on a line: logparser tries them in order, and takes an instruction of its own among them.
fn pasted_log_formats(formats: &str) -> Vec<Way> {
    let is_format = |line: &&str| !line.trim().is_empty() && !line.starts_with("ENABLE ");
    formats.lines().filter(is_format).map(pasted_log_format).collect()
}

/// A server's `log_format`, in the syntax that it is in.
fn pasted_log_format(format: &str) -> Way {
    match format {
        "common" => return Way::shipped("common"),
        "combined" => return Way::shipped("combined"),
        _ => {}
    }
    let syntax = if format.contains('$') && !format.contains('%') { "nginx" } else { "apache" };
    Way::pasted(format!("name = \"pasted\"\nsyntax = \"{syntax}\"\ntemplate = {}\n", quoted(format)))
}

/// Apache's common or combined format with a time that is written in another way.
fn pasted_with_time(format: &str, is_combined: bool) -> Way {
    // The peer's word for RFC 3339.
    let format = if format == "%+" { "%FT%TZ" } else { format };
    let end = if is_combined { r#" "%{Referer}i" "%{User-Agent}i""# } else { "" };
    pasted_log_format(&format!(r#"%h %l %u [%{{{format}}}t] "%r" %>s %b{end}"#))
}

/// Telegraf's own names for the fields of web servers, as a user would map them.
const TELEGRAF_FIELDS: [(&str, &[&str]); 8] = [
    ("client", &["client_ip", "clientip"]),
    ("user", &["auth"]),
    ("method", &["verb"]),
    ("target", &["request"]),
    ("status", &["resp_code"]),
    ("bytes", &["resp_bytes"]),
    ("user_agent", &["agent"]),
    ("time", &[]),
];

fn pasted_grok(pattern: &str, definitions: &str) -> Way {
    let mut types = String::new();
    for (name, sources) in TELEGRAF_FIELDS {
        let given = |text: &str, source: &str| text.contains(&format!(":{source}"));
        if let Some(source) = sources.iter().find(|source| given(pattern, source) || given(definitions, source)) {
            types = format!("{types}{name} = {{ from = \"{source}\" }}\n");
        }
    }
    let definitions = match definitions.trim() {
        "" => String::new(),
        text => format!("grok_patterns = {}\n", quoted(text)),
    };
    Way::pasted(format!("name = \"pasted\"\ngrok = {}\n{definitions}\n[types]\n{types}", quoted(pattern)))
}

/// A TOML string: JSON's escapes are TOML's too.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
