//! The HTTP server: reads requests, shows the scripted faults, notes what happened.
//!
//! Promises: a request that was read whole is processed also when its client has gone, as a real server does; a lost
//! answer is a closed connection without a byte. Does not: know what a call means.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::any;

use super::Shared;
use super::books::RequestNote;
use super::calls::{self, Answer, BODY_BYTES, Call};
use super::connection::{AnswerControl, ControlledListener};
use super::desk;
use super::faults::{Ending, Fault, FaultAction, Processing, ScriptedAnswer};

/// Body of an answer that is to be cut and has none of its own: PX answers a POST with an empty one.
const FILLER: &str = "{\"status\":\"this answer ends early\"}";

/// A body that is too large is read on up to here, so that its sender sees the answer and not a broken connection.
const BODY_BYTES_DRAINED: usize = 16 * BODY_BYTES;

/// Serves until `end` is over and all connections are closed.
pub(super) async fn serve(
    listener: ControlledListener,
    shared: Arc<Shared>,
    end: impl Future<Output = ()> + Send + 'static,
) {
    let router = Router::new()
        .route("/v1/{*rest}", any(px_call))
        .merge(desk::routes(shared.settings.exposure))
        .with_state(shared)
        .into_make_service_with_connect_info::<AnswerControl>();
    // Accepting retries by itself: there is no error to hand on.
    let _ = axum::serve(listener, router).with_graceful_shutdown(end).await;
}

async fn px_call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(control): ConnectInfo<AnswerControl>,
    request: Request,
) -> Response {
    // On a task of its own: the server drops what it awaits when a client hangs up, but PX would go on.
    let processed = tokio::spawn(process(shared, control, request));
    processed.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, String::new()))
}

async fn process(shared: Arc<Shared>, control: AnswerControl, request: Request) -> Response {
    let Some((call, target)) = read(request).await else {
        // The client left before the end of its request: there is nobody to answer and nothing to process.
        control.drop_answer(Ending::Close);
        return Response::new(Body::empty());
    };
    let fault = shared.faults().next(&call.method, &call.path);
    control.restore();
    if let Some(fault) = fault {
        return with_fault(&shared, &call, target, fault, &control).await;
    }
    let answer = calls::answer(&shared, &call);
    note(&shared, &call, target, &Outcome::of(&answer));
    response(&answer)
}

/// Reads a request whole, with its target as sent; `None` when its client left before its end.
async fn read(request: Request) -> Option<(Call, String)> {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: Query::try_from_uri(&parts.uri).ok().map(|Query(pairs)| pairs),
        api_key: text("x-aptrinsic-api-key"),
        content_type: text("content-type"),
        body: read_body(body).await?,
    };
    Some((call, parts.uri.to_string()))
}

/// The body to its end; `Some(None)` when it is too large, `None` when the end does not come.
async fn read_body(mut body: Body) -> Option<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        // Trailers are no data and are passed over.
        let Ok(data) = frame.ok()?.into_data() else { continue };
        seen += data.len();
        if seen <= BODY_BYTES {
            bytes.extend_from_slice(&data);
        } else if seen > BODY_BYTES_DRAINED {
            break;
        }
    }
    Some((seen <= BODY_BYTES).then_some(bytes))
}

/// What a note says of a request's end.
#[derive(Default)]
struct Outcome {
    status: Option<u16>,
    answer: Option<Answer>,
    fault: Option<&'static str>,
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        Self { status: Some(answer.status), answer: Some(answer.clone()), fault: None }
    }
}

fn note(shared: &Shared, call: &Call, target: String, outcome: &Outcome) {
    let at = shared.settings.clock.now();
    shared.books().note(RequestNote {
        at,
        method: call.method.clone(),
        path: target,
        status: outcome.status,
        stored: outcome.answer.as_ref().and_then(|answer| answer.stored),
        refused: outcome.answer.as_ref().and_then(|answer| answer.refused),
        fault: outcome.fault,
    });
}

async fn with_fault(shared: &Shared, call: &Call, target: String, fault: Fault, control: &AnswerControl) -> Response {
    let mut before = fault.delay_before;
    if let FaultAction::SlowRead { bytes_per_second } = fault.action {
        let bytes = call.body.as_ref().map_or(BODY_BYTES, Vec::len);
        before += Duration::from_secs_f64(bytes as f64 / f64::from(bytes_per_second.max(1)));
    }
    pause(before).await;
    let dropped = match &fault.action {
        FaultAction::LoseRequest => true,
        FaultAction::Answer(scripted) => scripted.call == Processing::Dropped,
        _ => false,
    };
    let answer = (!dropped).then(|| calls::answer(shared, call));
    let status = match &fault.action {
        FaultAction::LoseAnswer | FaultAction::LoseRequest => None,
        FaultAction::Answer(scripted) => Some(scripted.status),
        _ => answer.as_ref().map(|answer| answer.status),
    };
    note(shared, call, target, &Outcome { status, answer: answer.clone(), fault: Some(fault.action.name()) });
    pause(fault.delay_after).await;
    match (&fault.action, answer) {
        (FaultAction::Answer(scripted), _) => scripted_response(scripted),
        (FaultAction::LoseAnswer | FaultAction::LoseRequest, _) | (_, None) => {
            control.drop_answer(fault.ending);
            Response::new(Body::empty())
        }
        (FaultAction::CutBody, Some(mut answer)) => {
            if answer.body.is_empty() {
                FILLER.clone_into(&mut answer.body);
            }
            control.cut_body(answer.body.len() / 2, fault.ending);
            response(&answer)
        }
        (FaultAction::SlowAnswer { bytes_per_second }, Some(answer)) => {
            control.slow_down(*bytes_per_second);
            response(&answer)
        }
        (FaultAction::Pass | FaultAction::SlowRead { .. }, Some(answer)) => response(&answer),
    }
}

async fn pause(span: Duration) {
    // A sleep of nothing still waits for the timer's next tick.
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}

fn response(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    plain(status, answer.body.clone())
}

fn plain(status: StatusCode, body: String) -> Response {
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if has_body {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

fn scripted_response(scripted: &ScriptedAnswer) -> Response {
    let status = StatusCode::from_u16(scripted.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(scripted.body.clone()));
    *response.status_mut() = status;
    for (name, value) in &scripted.headers {
        // Checked when the script came in.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
