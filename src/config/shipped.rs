//! The patterns that the program carries with it.
//!
//! Promises: every file of `patterns/` is in it, so that a host without those files reads the same lines.
//! Does not: win over a file of the same name.

/// Name and text, by name.
pub const PATTERNS: &[(&str, &str)] = &[
    ("apache_error", include_str!("../../patterns/apache_error.toml")),
    ("apache_ssl_request", include_str!("../../patterns/apache_ssl_request.toml")),
    ("apache_usage", include_str!("../../patterns/apache_usage.toml")),
    ("aspnet_request", include_str!("../../patterns/aspnet_request.toml")),
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
    ("combined_forwarded", include_str!("../../patterns/combined_forwarded.toml")),
    ("combined_more", include_str!("../../patterns/combined_more.toml")),
    ("common", include_str!("../../patterns/common.toml")),
    ("cri", include_str!("../../patterns/cri.toml")),
    ("django", include_str!("../../patterns/django.toml")),
    ("django_verbose", include_str!("../../patterns/django_verbose.toml")),
    ("docker", include_str!("../../patterns/docker.toml")),
    ("dotnet_console", include_str!("../../patterns/dotnet_console.toml")),
    ("ecs_json", include_str!("../../patterns/ecs_json.toml")),
    ("envoy_default", include_str!("../../patterns/envoy_default.toml")),
    ("envoy_json", include_str!("../../patterns/envoy_json.toml")),
    ("fastly", include_str!("../../patterns/fastly.toml")),
    ("flask", include_str!("../../patterns/flask.toml")),
    ("gcp_http_request", include_str!("../../patterns/gcp_http_request.toml")),
    ("gelf", include_str!("../../patterns/gelf.toml")),
    ("gin", include_str!("../../patterns/gin.toml")),
    ("go_log", include_str!("../../patterns/go_log.toml")),
    ("gunicorn", include_str!("../../patterns/gunicorn.toml")),
    ("gunicorn_error", include_str!("../../patterns/gunicorn_error.toml")),
    ("haproxy_connect", include_str!("../../patterns/haproxy_connect.toml")),
    ("haproxy_http", include_str!("../../patterns/haproxy_http.toml")),
    ("haproxy_tcp", include_str!("../../patterns/haproxy_tcp.toml")),
    ("heroku_router", include_str!("../../patterns/heroku_router.toml")),
    ("iis_httperr", include_str!("../../patterns/iis_httperr.toml")),
    ("iis_w3c", include_str!("../../patterns/iis_w3c.toml")),
    ("iis_without_header", include_str!("../../patterns/iis_without_header.toml")),
    ("istio", include_str!("../../patterns/istio.toml")),
    ("json_usage", include_str!("../../patterns/json_usage.toml")),
    ("key_value", include_str!("../../patterns/key_value.toml")),
    ("kong_json", include_str!("../../patterns/kong_json.toml")),
    ("log4j2", include_str!("../../patterns/log4j2.toml")),
    ("log4j2_json", include_str!("../../patterns/log4j2_json.toml")),
    ("logback", include_str!("../../patterns/logback.toml")),
    ("logback_json", include_str!("../../patterns/logback_json.toml")),
    ("logfmt", include_str!("../../patterns/logfmt.toml")),
    ("lograge", include_str!("../../patterns/lograge.toml")),
    ("lograge_json", include_str!("../../patterns/lograge_json.toml")),
    ("logrus", include_str!("../../patterns/logrus.toml")),
    ("logrus_json", include_str!("../../patterns/logrus_json.toml")),
    ("ltsv", include_str!("../../patterns/ltsv.toml")),
    ("monolog", include_str!("../../patterns/monolog.toml")),
    ("monolog_json", include_str!("../../patterns/monolog_json.toml")),
    ("morgan_dev", include_str!("../../patterns/morgan_dev.toml")),
    ("nginx_error", include_str!("../../patterns/nginx_error.toml")),
    ("nginx_ingress", include_str!("../../patterns/nginx_ingress.toml")),
    ("nginx_json", include_str!("../../patterns/nginx_json.toml")),
    ("nginx_proxy_manager", include_str!("../../patterns/nginx_proxy_manager.toml")),
    ("nginx_timed", include_str!("../../patterns/nginx_timed.toml")),
    ("nginx_usage", include_str!("../../patterns/nginx_usage.toml")),
    ("php_fpm_access", include_str!("../../patterns/php_fpm_access.toml")),
    ("pino", include_str!("../../patterns/pino.toml")),
    ("postgresql", include_str!("../../patterns/postgresql.toml")),
    ("postgresql_csv", include_str!("../../patterns/postgresql_csv.toml")),
    ("python_logging", include_str!("../../patterns/python_logging.toml")),
    ("rack", include_str!("../../patterns/rack.toml")),
    ("rails", include_str!("../../patterns/rails.toml")),
    ("rust_tracing_json", include_str!("../../patterns/rust_tracing_json.toml")),
    ("serilog_compact", include_str!("../../patterns/serilog_compact.toml")),
    ("spring_boot", include_str!("../../patterns/spring_boot.toml")),
    ("spring_boot_json", include_str!("../../patterns/spring_boot_json.toml")),
    ("squid", include_str!("../../patterns/squid.toml")),
    ("squid_cache", include_str!("../../patterns/squid_cache.toml")),
    ("squid_combined", include_str!("../../patterns/squid_combined.toml")),
    ("symfony_request", include_str!("../../patterns/symfony_request.toml")),
    ("syslog", include_str!("../../patterns/syslog.toml")),
    ("syslog_rfc3164", include_str!("../../patterns/syslog_rfc3164.toml")),
    ("syslog_rfc5424", include_str!("../../patterns/syslog_rfc5424.toml")),
    ("tomcat_access", include_str!("../../patterns/tomcat_access.toml")),
    ("tomcat_catalina", include_str!("../../patterns/tomcat_catalina.toml")),
    ("traefik_clf", include_str!("../../patterns/traefik_clf.toml")),
    ("traefik_json", include_str!("../../patterns/traefik_json.toml")),
    ("traefik_log", include_str!("../../patterns/traefik_log.toml")),
    ("uvicorn", include_str!("../../patterns/uvicorn.toml")),
    ("vhost_combined", include_str!("../../patterns/vhost_combined.toml")),
    ("vhost_common", include_str!("../../patterns/vhost_common.toml")),
    ("w3c", include_str!("../../patterns/w3c.toml")),
    ("werkzeug", include_str!("../../patterns/werkzeug.toml")),
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
