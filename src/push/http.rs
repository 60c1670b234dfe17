//! The way to PX over HTTP.
//!
//! Promises: one call of [`Transport::send`] sends its request at most once, follows no redirect, and says `NotConnected`
//! only where no byte of the request was written. Does not: decide what an answer means.
//!
//! What the libraries below do by themselves (read in their sources: reqwest 0.13.5, hyper-util 0.1.21, hyper 1.12.0):
//!
//! - reqwest sends again after HTTP/2 and HTTP/3 refusals unless told never to. Neither protocol is compiled in, and it is
//!   told.
//! - hyper-util sends again when a pooled connection was closed and hyper hands the request back. hyper does that only for a
//!   request that it never took out of its queue: nothing of it was encoded, so nothing was written. A request that it took
//!   ends as an error, which is `Lost` here. This one repetition is safe and cannot be switched off through reqwest.
//! - An error of kind "connect" comes from making a connection (name, address, TLS, a proxy's CONNECT): the request is
//!   still whole then.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::PushError;
use super::answer::Answer;
use super::key::ApiKey;
use super::observe::Call;
use super::settings::PushSettings;

const KEY_HEADER: &str = "X-APTRINSIC-API-KEY";

/// A connection that rested longer is not used again: servers and load balancers close theirs after a minute or less, and a
/// request that meets the closing costs a look-up.
const POOL_IDLE: Duration = Duration::from_secs(5);

/// Of the answer to a POST: it only explains a status.
const MAX_EXPLANATION_BYTES: usize = 64 * 1024;

/// Of a page of 1,000 events, 16 KiB each.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// A request on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub call: Call,
    pub url: String,
    /// Present for a POST.
    pub body: Option<Arc<str>>,
    pub key: ApiKey,
}

/// Sends one request, at most once.
pub trait Transport: Send + Sync + 'static {
    fn send(&self, outgoing: Outgoing) -> impl Future<Output = Answer> + Send;
}

/// The real one.
#[derive(Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    pub fn new(settings: &PushSettings) -> Result<Self, PushError> {
        let route = route_to(&settings.base_url)?;
        // Fails when the process has one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("pxtail/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(settings.concurrency)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            // What the system still holds of a request that was given up, or whose process died, is sent on for so long and
            // no longer: settling waits for that.
            .tcp_user_timeout(settings.request_timeout);
        builder = match (route, &settings.ca_file) {
            // The key must not reach a proxy in the clear; and the sandbox works where no roots are installed.
            (Route::Loopback, _) => builder.no_proxy().tls_certs_only([]),
            (Route::Https, None) => builder.https_only(true),
            (Route::Https, Some(path)) => builder.https_only(true).tls_certs_merge(read_certificates(path)?),
        };
        let client = builder.build().map_err(|err| PushError::Client(Box::new(err)))?;
        Ok(Self { client })
    }
}

impl Transport for HttpTransport {
    async fn send(&self, outgoing: Outgoing) -> Answer {
        let Ok(mut key) = reqwest::header::HeaderValue::from_str(outgoing.key.reveal()) else {
            return Answer::NotConnected { reason: "the API key cannot stand in a header".to_owned() };
        };
        key.set_sensitive(true);
        let request = match outgoing.body {
            Some(body) => self
                .client
                .post(outgoing.url)
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.as_bytes().to_vec()),
            // A page from some cache could say that an event never arrived.
            None => self.client.get(outgoing.url).header(reqwest::header::CACHE_CONTROL, "no-cache"),
        };
        let request = request.header(reqwest::header::ACCEPT, "application/json").header(KEY_HEADER, key);
        match request.send().await {
            Ok(response) => read_answer(outgoing.call, response).await,
            Err(err) => answer_to(err),
        }
    }
}

async fn read_answer(call: Call, mut response: reqwest::Response) -> Answer {
    let limit = match call {
        Call::SendEvent => MAX_EXPLANATION_BYTES,
        Call::FindEvent => MAX_PAGE_BYTES,
    };
    let status = response.status().as_u16();
    let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(None) => break,
            // What came of a 201 may be all that something in between had of it.
            Err(err) if call == Call::SendEvent && status == 201 => {
                return Answer::Lost { reason: format!("201, but not whole: {}", in_one_line(&err.without_url())) };
            }
            // Any other status of a POST has said everything.
            _ if call == Call::SendEvent => break,
            Ok(Some(_)) => return Answer::Lost { reason: format!("the answer is longer than {limit} bytes") },
            Err(err) => return answer_to(err),
        }
    }
    Answer::Status { status, retry_after, body }
}

fn answer_to(err: reqwest::Error) -> Answer {
    let is_connect = err.is_connect();
    // The URL of a look-up holds a user's id.
    let reason = in_one_line(&err.without_url());
    if is_connect { Answer::NotConnected { reason } } else { Answer::Lost { reason } }
}

/// An error and its causes.
fn in_one_line(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Https,
    /// Plain http on this host.
    Loopback,
}

/// The key goes over plain http to this host only.
fn route_to(base_url: &str) -> Result<Route, PushError> {
    let refuse = |reason: &str| PushError::BaseUrl { base_url: base_url.to_owned(), reason: reason.to_owned() };
    let url = reqwest::Url::parse(base_url).map_err(|err| refuse(&err.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PushError::BaseUrl {
            base_url: "…".to_owned(),
            reason: "it holds a user name or a password".to_owned(),
        });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it holds a `?` or a `#`"));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(Route::Https),
        "http" if is_loopback => Ok(Route::Loopback),
        "http" => Err(refuse("plain http is for loopback addresses only")),
        _ => Err(refuse("it is not https")),
    }
}

fn read_certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, PushError> {
    let failed = |source| PushError::CaFile { path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(|err| failed(Box::new(err)))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|err| failed(Box::new(err)))?;
    if certificates.is_empty() {
        return Err(failed("there is no certificate in it".into()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base_url: &str, expected: Result<Route, &str>) {
        match (route_to(base_url), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{base_url}"),
            (Err(err), Err(part)) => assert!(err.to_string().contains(part), "{err}"),
            (found, _) => panic!("{base_url}: {found:?}"),
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_addresses_only() {
        check("https://api.aptrinsic.com/v1", Ok(Route::Https));
        check("https://127.0.0.1:1/v1", Ok(Route::Https));
        check("http://127.0.0.1:8089/v1", Ok(Route::Loopback));
        check("http://127.9.9.9/v1", Ok(Route::Loopback));
        check("http://[::1]:8089/v1", Ok(Route::Loopback));
        check("http://localhost:8089/v1", Ok(Route::Loopback));
        check("http://localhost.example.com/v1", Err("plain http"));
        check("http://127.0.0.1.example.com/v1", Err("plain http"));
        check("http://10.0.0.1/v1", Err("plain http"));
        check("http://0.0.0.0/v1", Err("plain http"));
        check("ftp://127.0.0.1/v1", Err("not https"));
        check("https://user:secret@px/v1", Err("user name or a password"));
        check("https://px/v1?x=1", Err("holds a `?`"));
        check("px", Err("relative URL"));
    }

    #[test]
    fn a_certificate_file_that_cannot_be_used_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let message = read_certificates(&path).unwrap_err().to_string();
            assert!(message.contains("ca.pem") && message.contains("help: "), "{message}");
        }
    }
}
