//! The patterns that the program carries with it.
//!
//! Promises: every file of `patterns/` is in it, so that a host without those files reads the same lines.
//! Does not: win over a file of the same name.

/// Name and text, by name.
pub const PATTERNS: &[(&str, &str)] = &[
    ("apache_ssl_request", include_str!("../../patterns/apache_ssl_request.toml")),
    ("apache_usage", include_str!("../../patterns/apache_usage.toml")),
    ("aws_alb", include_str!("../../patterns/aws_alb.toml")),
    ("aws_cloudfront", include_str!("../../patterns/aws_cloudfront.toml")),
    ("aws_elb", include_str!("../../patterns/aws_elb.toml")),
    ("aws_s3", include_str!("../../patterns/aws_s3.toml")),
    ("combined", include_str!("../../patterns/combined.toml")),
    ("common", include_str!("../../patterns/common.toml")),
    ("cri", include_str!("../../patterns/cri.toml")),
    ("docker", include_str!("../../patterns/docker.toml")),
    ("envoy_default", include_str!("../../patterns/envoy_default.toml")),
    ("haproxy_http", include_str!("../../patterns/haproxy_http.toml")),
    ("haproxy_tcp", include_str!("../../patterns/haproxy_tcp.toml")),
    ("istio", include_str!("../../patterns/istio.toml")),
    ("json_usage", include_str!("../../patterns/json_usage.toml")),
    ("nginx_ingress", include_str!("../../patterns/nginx_ingress.toml")),
    ("nginx_usage", include_str!("../../patterns/nginx_usage.toml")),
    ("squid", include_str!("../../patterns/squid.toml")),
    ("syslog", include_str!("../../patterns/syslog.toml")),
    ("syslog_rfc3164", include_str!("../../patterns/syslog_rfc3164.toml")),
    ("syslog_rfc5424", include_str!("../../patterns/syslog_rfc5424.toml")),
    ("traefik_clf", include_str!("../../patterns/traefik_clf.toml")),
    ("vhost_combined", include_str!("../../patterns/vhost_combined.toml")),
    ("vhost_common", include_str!("../../patterns/vhost_common.toml")),
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
