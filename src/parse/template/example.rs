//! Made-up lines of a template.
//!
//! Promises: each value is one that its class allows. Does not: read lines.

use super::Variable;
use super::class::Class;
use super::compiled::Template;
use crate::parse::time::TimeFormat;

impl Template {
    /// A line that the server could have written.
    pub(in crate::parse) fn example(&self) -> Vec<u8> {
        let mut line = Vec::new();
        for (step, variable) in self.steps.iter().zip(&self.variables) {
            line.extend_from_slice(step.literal.bytes());
            line.extend_from_slice(value(variable).as_bytes());
        }
        line.extend_from_slice(self.tail.bytes());
        line
    }
}

/// Monday, 23 November 2026, 10:00 UTC: a date whose parts all differ.
const SECOND: i64 = 1_795_428_000;

fn value(variable: &Variable) -> String {
    if let Some(time) = variable.known.time.as_ref().and_then(written) {
        return time;
    }
    match variable.class {
        Class::Status => "200",
        Class::Digits | Class::Elapsed | Class::Count => "512",
        Class::Number | Class::NumberList => "0.012",
        Class::Clf => "23/Nov/2026:10:00:00 +0000",
        Class::LocalClf => "23/Nov/2026:10:00:00.000",
        Class::Iso => "2026-11-23T10:00:00+00:00",
        Class::Address | Class::Forwarded | Class::Host => "192.0.2.1",
        Class::Port => ":443",
        Class::Braces => "{example.com}",
        Class::WordList => "192.0.2.2:8080",
        Class::Clock | Class::Word | Class::Free | Class::Raw | Class::Authority => text(&variable.known.name),
    }
    .to_owned()
}

fn text(name: &str) -> &'static str {
    match name {
        "request" => "GET /api/v1/items?page=2 HTTP/1.1",
        "request_method" | "method" => "GET",
        "server_protocol" | "protocol" => "HTTP/1.1",
        "request_uri" | "target" => "/api/v1/items?page=2",
        "uri" | "path" => "/api/v1/items",
        "args" | "query_string" | "query" => "page=2",
        "remote_addr" | "client" => "192.0.2.1",
        "scheme" => "https",
        "host" | "http_host" | "server_name" => "example.com",
        "http_user_agent" | "user_agent" => "curl/8.9.1",
        "remote_user" | "user" | "ident" | "http_referer" => "-",
        _ => "a",
    }
}

fn written(format: &TimeFormat) -> Option<String> {
    match format {
        TimeFormat::Unix => Some(format!("{SECOND}.000")),
        TimeFormat::UnixMillis => Some(format!("{SECOND}000")),
        TimeFormat::UnixMicros => Some(format!("{SECOND}000000")),
        TimeFormat::UnixNanos => Some(format!("{SECOND}000000000")),
        TimeFormat::Strptime(format) => format.example(SECOND),
        TimeFormat::Strftime(format) => Some(format.example()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fault::{Located, Location};
    use crate::model::fields::Fields;
    use crate::model::spec::{Engine, NginxEscape, PatternSpec, RecordSpec};
    use crate::parse::Pattern;
    use jiff::tz::TimeZone;

    #[track_caller]
    fn check(engine: Engine) {
        let at = Location::new("p.toml", 1);
        let engine = Located::new(engine, at.clone());
        let spec = PatternSpec {
            at,
            name: "p".to_owned(),
            about: None,
            engine,
            types: [].into(),
            records: RecordSpec::default(),
            cases: Vec::new(),
        };
        let pattern = Pattern::compile(&spec).expect("a pattern");
        let line = pattern.example().expect("a line");
        let mut parser = pattern.line_parser(&[], &TimeZone::UTC).expect("a parser");
        let mut fields = Fields::default();
        assert_eq!(parser.parse(&line, &mut fields), Ok(()), "{}", String::from_utf8_lossy(&line));
        assert_eq!(fields.time.is_some(), pattern.has_time(), "{}", String::from_utf8_lossy(&line));
    }

    #[test]
    fn an_example_is_a_line_of_its_template_with_a_time() {
        let nginx = |text: &str| Engine::NginxTemplate { text: text.to_owned(), escape: NginxEscape::Default };
        let apache = |text: &str| Engine::ApacheTemplate { text: text.to_owned() };
        check(nginx(
            "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" $request_time",
        ));
        check(nginx("$msec|$upstream_addr|$upstream_response_time|$http_x_forwarded_for|$pipe"));
        check(nginx("{\"t\":\"$time_iso8601\",\"u\":\"$arg_user\"}"));
        check(apache("%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" %D"));
        check(apache("%{%Y-%m-%d %H:%M:%S %z}t %a %U%q"));
        check(Engine::HaproxyTemplate { text: "%ci:%cp [%tr] %ft %b/%s %TR/%Tw %ST %B %hr %hs %{+Q}r".to_owned() });
        check(Engine::EnvoyTemplate {
            text: "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %DURATION%"
                .to_owned(),
        });
    }
}
