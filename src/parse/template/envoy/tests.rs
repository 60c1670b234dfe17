use super::super::Token;
use super::tokens;
use crate::model::spec::Engine;
use crate::parse::tests::{check, compile};

fn envoy(text: &str) -> Engine {
    Engine::EnvoyTemplate { text: text.to_owned() }
}

const DEFAULT: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#;

#[test]
fn the_default_format_is_read() {
    let pattern = compile(envoy(DEFAULT));
    let line = |request: &str, agent: &str| {
        format!(
            r#"[2026-11-23T10:00:00.123Z] "{request}" 200 UF,URX 0 15 7 - "192.0.2.1, 198.51.100.2" "{agent}" "id" "example.com" "10.0.0.1:80""#
        )
    };
    let expected: &[_] = &[
        ("time", Some("2026-11-23T10:00:00.123Z")),
        ("method", Some("GET")),
        ("path", Some("/a")),
        ("query", Some("b")),
        ("protocol", Some("HTTP/2")),
        ("status", Some("200")),
        ("response_flags", Some("UF,URX")),
        ("bytes_received", Some("0")),
        ("bytes", Some("15")),
        ("duration_ms", Some("7")),
        ("sent_http_x_envoy_upstream_service_time", None),
        ("http_x_forwarded_for", Some("192.0.2.1, 198.51.100.2")),
        ("user_agent", Some("x\\")),
        ("http_x_request_id", Some("id")),
        ("host", Some("example.com")),
        ("upstream_host", Some("10.0.0.1:80")),
    ];
    check(&pattern, &line("GET /a?b HTTP/2", "x\\"), Some(expected));
    let garbage: &[_] = &[("request", Some("- - -")), ("method", None), ("path", None), ("user_agent", None)];
    check(&pattern, &line("- - -", "-"), Some(garbage));
    // Envoy does not escape: this could be a user agent `x` and a request id `forged`.
    check(&pattern, &line("GET / HTTP/2", r#"x" "forged" "h" "u"#), None);
    check(&pattern, &line("GET / HTTP/2", "x\"y"), None);
    check(&pattern, &line("GET /\" HTTP/2", "x"), None);
}

#[test]
fn commands_give_fields_of_their_class_and_name() {
    for (format, line, fields) in [
        (
            "%DOWNSTREAM_REMOTE_ADDRESS% %RESPONSE_CODE%",
            "[2001:db8::1]:443 200",
            Some(&[("client", Some("2001:db8::1")), ("remote_port", Some("443")), ("status", Some("200"))][..]),
        ),
        (
            "%DOWNSTREAM_REMOTE_ADDRESS%",
            "192.0.2.1:80",
            Some(&[("client", Some("192.0.2.1")), ("remote_port", Some("80"))]),
        ),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", "-", Some(&[("client", None), ("remote_port", None)])),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", "/var/run/x.sock", Some(&[("client", Some("/var/run/x.sock"))])),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", "192.0.2.1:80 x", None),
        ("%RESPONSE_CODE%:%RESPONSE_FLAGS%", "0:-", Some(&[("status", Some("0")), ("response_flags", None)])),
        ("%RESPONSE_CODE%", "2x", None),
        ("%REQ(X-A?Y):10%|%RESP(Z)%", "a b|c", Some(&[("http_x_a", Some("a b")), ("sent_http_z", Some("c"))])),
        ("%REQ(X-FORWARDED-FOR)% %PROTOCOL%", "a, b,c HTTP/2", Some(&[("http_x_forwarded_for", Some("a, b,c"))])),
        ("%REQ(X-FORWARDED-FOR)% %PROTOCOL%", "a b HTTP/2", None),
        ("%START_TIME% %START_TIME%", "- 2026-11-23T10:00:00.123Z", Some(&[("time", None)])),
        (
            "%DYNAMIC_METADATA(istio.mixer:status)%",
            "x\"y",
            Some(&[("dynamic_metadata_istio_mixer_status", Some("x\"y"))]),
        ),
        ("%FILTER_STATE(a.b:PLAIN)% 1", "x 1", Some(&[("filter_state_a_b_plain", Some("x"))])),
        (
            "%ENVIRONMENT(POD_NAME)%%% %NEW_THING%",
            "p% x",
            Some(&[("env_pod_name", Some("p")), ("new_thing", Some("x"))]),
        ),
        ("%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):5%", "/a", Some(&[("path", Some("/a"))])),
        (
            "%REQUEST_DURATION% %COMMON_DURATION(DS_RX_BEG:US_TX_END:ms)%",
            "1 2",
            Some(&[("request_duration_ms", Some("1")), ("ds_rx_beg_us_tx_end_ms_duration", Some("2"))]),
        ),
        ("\"[%PROTOCOL%] \\\"%REQ(A)%\\\"\\n\"", "[HTTP/2] \"x\"", Some(&[("http_a", Some("x"))])),
    ] {
        check(&compile(envoy(format)), line, fields);
    }
}

#[test]
fn times_are_read_in_the_format_that_is_given() {
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    for (format, text, expected) in [
        ("%START_TIME%", "2026-11-23T10:00:00.123Z", 1_795_428_000_123),
        ("%START_TIME(%s)%", "1795428000", 1_795_428_000_000),
        ("%START_TIME(%s.%3f)%", "1795428000.123", 1_795_428_000_123),
        ("%START_TIME(%s%3f)%", "1795428000123", 1_795_428_000_123),
        ("%START_TIME(%s%6f)%", "1795428000123456", 1_795_428_000_123),
        ("%START_TIME(%Y/%m/%dT%H:%M:%S%z)%", "2026/11/23T11:00:00+0100", 1_795_428_000_000),
        ("%START_TIME(%Y-%m-%d %H:%M:%S.%6f)%", "2026-11-23 10:00:00.123456", 1_795_428_000_123),
        ("%START_TIME(%Y-%m-%d %H:%M:%E3S)%", "2026-11-23 10:00:00.123", 1_795_428_000_123),
        ("%START_TIME_LOCAL(%Y-%m-%d %H:%M:%S)%", "2026-11-23 11:00:00", 1_795_428_000_000),
        ("%START_TIME(%d/%b/%Y:%H:%M:%S (UTC))%", "23/Nov/2026:10:00:00 (UTC)", 1_795_428_000_000),
    ] {
        let pattern = compile(envoy(&format!("{format} %RESPONSE_CODE%")));
        let mut parser = pattern.line_parser(&["time"], &berlin).unwrap();
        let mut fields = crate::model::fields::Fields::with_slots(1);
        let line = format!("{text} 200");
        parser.parse(line.as_bytes(), &mut fields).unwrap_or_else(|_| panic!("{}", parser.explain(line.as_bytes())));
        assert_eq!(fields.time.map(crate::model::time::UnixMicros::millis), Some(expected), "{format}");
    }
}

#[test]
fn what_is_no_command_is_named() {
    for (format, expected) in [
        ("[%START_TIME", "character 2, `%START_TIME`, begins no command"),
        ("%REQ(X %PROTOCOL", "character 1, `%REQ(X %PROT`, begins no command"),
        ("%START_TIME(%H:%M)%", "`%START_TIME(%H:%M)%`: the time format"),
    ] {
        let (message, help) = tokens(format).unwrap_err();
        assert!(message.contains(expected) && !help.is_empty(), "{message}");
    }
    assert!(matches!(tokens("100%% %PROTOCOL%").unwrap().last(), Some(Token::Field(_))));
}
