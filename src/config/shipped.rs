//! The patterns that the program carries with it.
//!
//! Promises: every file of `patterns/` is in it, so that a host without those files reads the same lines.
//! Does not: win over a file of the same name.

/// Name and text, by name.
pub const PATTERNS: &[(&str, &str)] = &[
    ("apache_usage", include_str!("../../patterns/apache_usage.toml")),
    ("aws_alb", include_str!("../../patterns/aws_alb.toml")),
    ("aws_api_gateway", include_str!("../../patterns/aws_api_gateway.toml")),
    ("aws_api_gateway_json", include_str!("../../patterns/aws_api_gateway_json.toml")),
    ("aws_cloudfront", include_str!("../../patterns/aws_cloudfront.toml")),
    ("aws_elb", include_str!("../../patterns/aws_elb.toml")),
    ("aws_s3", include_str!("../../patterns/aws_s3.toml")),
    ("azure_application_gateway", include_str!("../../patterns/azure_application_gateway.toml")),
    ("bunyan", include_str!("../../patterns/bunyan.toml")),
    ("caddy_json", include_str!("../../patterns/caddy_json.toml")),
    ("combined", include_str!("../../patterns/combined.toml")),
    ("common", include_str!("../../patterns/common.toml")),
    ("cri", include_str!("../../patterns/cri.toml")),
    ("docker", include_str!("../../patterns/docker.toml")),
    ("ecs_json", include_str!("../../patterns/ecs_json.toml")),
    ("envoy_json", include_str!("../../patterns/envoy_json.toml")),
    ("gcp_http_request", include_str!("../../patterns/gcp_http_request.toml")),
    ("gelf", include_str!("../../patterns/gelf.toml")),
    ("heroku_router", include_str!("../../patterns/heroku_router.toml")),
    ("iis_httperr", include_str!("../../patterns/iis_httperr.toml")),
    ("iis_w3c", include_str!("../../patterns/iis_w3c.toml")),
    ("iis_without_header", include_str!("../../patterns/iis_without_header.toml")),
    ("json_usage", include_str!("../../patterns/json_usage.toml")),
    ("key_value", include_str!("../../patterns/key_value.toml")),
    ("kong_json", include_str!("../../patterns/kong_json.toml")),
    ("log4j2_json", include_str!("../../patterns/log4j2_json.toml")),
    ("logback_json", include_str!("../../patterns/logback_json.toml")),
    ("logfmt", include_str!("../../patterns/logfmt.toml")),
    ("lograge", include_str!("../../patterns/lograge.toml")),
    ("lograge_json", include_str!("../../patterns/lograge_json.toml")),
    ("logrus", include_str!("../../patterns/logrus.toml")),
    ("logrus_json", include_str!("../../patterns/logrus_json.toml")),
    ("ltsv", include_str!("../../patterns/ltsv.toml")),
    ("monolog_json", include_str!("../../patterns/monolog_json.toml")),
    ("nginx_usage", include_str!("../../patterns/nginx_usage.toml")),
    ("pino", include_str!("../../patterns/pino.toml")),
    ("rust_tracing_json", include_str!("../../patterns/rust_tracing_json.toml")),
    ("serilog_compact", include_str!("../../patterns/serilog_compact.toml")),
    ("spring_boot_json", include_str!("../../patterns/spring_boot_json.toml")),
    ("squid", include_str!("../../patterns/squid.toml")),
    ("syslog", include_str!("../../patterns/syslog.toml")),
    ("syslog_rfc3164", include_str!("../../patterns/syslog_rfc3164.toml")),
    ("syslog_rfc5424", include_str!("../../patterns/syslog_rfc5424.toml")),
    ("traefik_json", include_str!("../../patterns/traefik_json.toml")),
    ("w3c", include_str!("../../patterns/w3c.toml")),
    ("winston", include_str!("../../patterns/winston.toml")),
    ("zap", include_str!("../../patterns/zap.toml")),
    ("zerolog", include_str!("../../patterns/zerolog.toml")),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::PATTERNS;

    #[test]
    fn every_pattern_of_the_directory_is_built_in() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns");
        let mut files: Vec<String> = std::fs::read_dir(&directory)
            .map(|entries| entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>())
            .unwrap_or_default()
            .iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .map(|path| path.file_stem().expect("a stem").to_string_lossy().into_owned())
            .collect();
        files.sort();
        let built_in: Vec<&str> = PATTERNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(built_in, files);
    }
}
