//! The access logs of Amazon's load balancers and of S3: what each column is.
//!
//! Sources: "Access logs for your Application Load Balancer", "Access logs for your Classic Load Balancer" and "Amazon S3
//! server access log format" in AWS's documentation. Names are AWS's in snake case, save for the canonical ones: `client`,
//! `status` and `bytes` (sent to the client), `user` (S3's requester). `target` is the request's target, a whole URL; what
//! AWS calls the target is `target_ip` and `target_port`.
//!
//! Promises: -1 for a time that there was not is absent, so that sums are right; a request of dashes is absent.

use super::columns::{Column, Next, URL_PARTS};
use super::{Field, Kind};

use Column::{Address, Bracketed, LastQuoted, Number, Quoted, Request, Seconds, Text, Time};

/// Columns of the oldest lines of application load balancers (2016): up to the trace id.
pub(super) const ALB_REQUIRED: usize = 18;

/// Where the parts that are no columns of their own begin.
const ALB_PARTS: usize = 33;

pub(super) const ALB: [Column; ALB_PARTS] = [
    Text,
    Time,
    Text,
    Address { port: ALB_PARTS },
    Address { port: ALB_PARTS + 1 },
    Seconds,
    Seconds,
    Seconds,
    Number,
    Text,
    Number,
    Number,
    Request { parts: ALB_PARTS + 2 },
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Time,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
];

pub(super) const ALB_FIELDS: [Field; ALB_PARTS + 7] = [
    ("type", Kind::Text),
    ("time", Kind::Rfc3339),
    ("elb", Kind::Text),
    ("client", Kind::Text),
    ("target_ip", Kind::Text),
    ("request_processing_time", Kind::Number),
    ("target_processing_time", Kind::Number),
    ("response_processing_time", Kind::Number),
    ("status", Kind::Integer),
    ("target_status_code", Kind::Integer),
    ("received_bytes", Kind::Integer),
    ("bytes", Kind::Integer),
    ("request", Kind::Text),
    ("user_agent", Kind::Text),
    ("ssl_cipher", Kind::Text),
    ("ssl_protocol", Kind::Text),
    ("target_group_arn", Kind::Text),
    ("trace_id", Kind::Text),
    ("domain_name", Kind::Text),
    ("chosen_cert_arn", Kind::Text),
    ("matched_rule_priority", Kind::Integer),
    ("request_creation_time", Kind::Rfc3339),
    ("actions_executed", Kind::Text),
    ("redirect_url", Kind::Text),
    ("error_reason", Kind::Text),
    ("target_port_list", Kind::Text),
    ("target_status_code_list", Kind::Text),
    ("classification", Kind::Text),
    ("classification_reason", Kind::Text),
    ("conn_trace_id", Kind::Text),
    ("transformed_host", Kind::Text),
    ("transformed_uri", Kind::Text),
    ("request_transform_status", Kind::Text),
    ("client_port", Kind::Integer),
    ("target_port", Kind::Integer),
    URL_PARTS[0],
    URL_PARTS[1],
    URL_PARTS[2],
    URL_PARTS[3],
    URL_PARTS[4],
];

/// Columns of the oldest lines of classic load balancers: up to the request.
pub(super) const ELB_REQUIRED: usize = 12;

const ELB_PARTS: usize = 15;

pub(super) const ELB: [Column; ELB_PARTS] = [
    Time,
    Text,
    Address { port: ELB_PARTS },
    Address { port: ELB_PARTS + 1 },
    Seconds,
    Seconds,
    Seconds,
    Number,
    Number,
    Number,
    Number,
    Request { parts: ELB_PARTS + 2 },
    Text,
    Text,
    Text,
];

pub(super) const ELB_FIELDS: [Field; ELB_PARTS + 7] = [
    ("time", Kind::Rfc3339),
    ("elb", Kind::Text),
    ("client", Kind::Text),
    ("backend_ip", Kind::Text),
    ("request_processing_time", Kind::Number),
    ("backend_processing_time", Kind::Number),
    ("response_processing_time", Kind::Number),
    ("status", Kind::Integer),
    ("backend_status_code", Kind::Integer),
    ("received_bytes", Kind::Integer),
    ("bytes", Kind::Integer),
    ("request", Kind::Text),
    ("user_agent", Kind::Text),
    ("ssl_cipher", Kind::Text),
    ("ssl_protocol", Kind::Text),
    ("client_port", Kind::Integer),
    ("backend_port", Kind::Integer),
    URL_PARTS[0],
    URL_PARTS[1],
    URL_PARTS[2],
    URL_PARTS[3],
    URL_PARTS[4],
];

/// Columns of the oldest lines of S3: up to the version id.
pub(super) const S3_REQUIRED: usize = 18;

pub(super) const S3: [Column; 26] = [
    Text,
    Text,
    Bracketed,
    Text,
    Text,
    Text,
    Text,
    Text,
    Quoted { next: Next::Status },
    Number,
    Text,
    Number,
    Number,
    Number,
    Number,
    Quoted { next: Next::Quoted },
    LastQuoted,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
    Text,
];

pub(super) const S3_FIELDS: [Field; 26] = [
    ("bucket_owner", Kind::Text),
    ("bucket", Kind::Text),
    ("time", Kind::Clf),
    ("client", Kind::Text),
    ("user", Kind::Text),
    ("request_id", Kind::Text),
    ("operation", Kind::Text),
    ("key", Kind::Text),
    ("request", Kind::Text),
    ("status", Kind::Integer),
    ("error_code", Kind::Text),
    ("bytes", Kind::Integer),
    ("object_size", Kind::Integer),
    ("total_time", Kind::Integer),
    ("turn_around_time", Kind::Integer),
    ("referrer", Kind::Text),
    ("user_agent", Kind::Text),
    ("version_id", Kind::Text),
    ("host_id", Kind::Text),
    ("signature_version", Kind::Text),
    ("cipher_suite", Kind::Text),
    ("authentication_type", Kind::Text),
    ("host", Kind::Text),
    ("tls_version", Kind::Text),
    ("access_point_arn", Kind::Text),
    ("acl_required", Kind::Text),
];
