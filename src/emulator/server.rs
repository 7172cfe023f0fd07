//! HTTP around the world: reads requests, asks the engine, writes answers.

use crate::emulator::engine::{Message, Reply};
use crate::emulator::message::{Request, Response};
use crate::emulator::timer::Timer;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// Bytes of a request's body at most, as ARM has it.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// How long a connection may take to agree on its keys.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What every request needs.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) engine: mpsc::Sender<Message>,
    pub(crate) timer: Arc<Timer>,
    /// What links begin with where no proxy says otherwise.
    pub(crate) scheme: &'static str,
    /// Items on a page of a list, if not as many as the service has.
    pub(crate) page_size: Option<usize>,
}

/// Serves until `stop` comes, then finishes what is open.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Shared,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let app = Router::new().fallback(answer).with_state(shared);
    let app = app.into_make_service_with_connect_info::<Cut>();
    let stopped = async {
        stop.await.ok();
    };
    axum::serve(Cuttable { listener, tls, handshakes: FuturesUnordered::new() }, app)
        .with_graceful_shutdown(stopped)
        .await
}

async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let request = match read(request, &shared).await {
        Ok(request) => request,
        Err(refusal) => return written(refusal),
    };
    let (to, reply) = oneshot::channel();
    let asked = shared.engine.send(Message::Ask(Box::new(request), to));
    let reply = if asked.is_ok() { reply.await.ok() } else { None };
    match reply {
        Some(Reply::Answer(response, not_before)) => {
            shared.timer.reached(not_before).await;
            written(*response)
        }
        Some(Reply::Cut(_)) => {
            cut.0.store(true, Ordering::Release);
            axum::response::Response::new(Body::empty())
        }
        None => written(refusal(503, "ServiceUnavailable", "The emulator is stopping.")),
    }
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, json!({ "error": { "code": code, "message": message } }))
}

/// A request as the world wants it.
async fn read(request: axum::extract::Request, shared: &Shared) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await;
    let body = body.map_err(|_| {
        refusal(413, "RequestEntityTooLarge", "The request's body could not be read or is too large.")
    })?;
    let header =
        |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let forwarded = header(&HeaderName::from_static("x-forwarded-proto"))
        .filter(|scheme| scheme == "https" || scheme == "http");
    let host = header(&HOST).or_else(|| head.uri.authority().map(ToString::to_string));
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let query = head.uri.query().unwrap_or_default();
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Request {
        method: head.method.as_str().to_owned(),
        scheme: forwarded.unwrap_or_else(|| shared.scheme.to_owned()),
        host: host.ok_or_else(|| refusal(400, "BadRequest", "The Host header is missing."))?,
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: headers.collect(),
        body: body.to_vec(),
        page_size: shared.page_size,
        received: since_epoch.as_secs(),
    })
}

fn written(response: Response) -> axum::response::Response {
    let body = response.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let has_body = axum::body::HttpBody::size_hint(&body).exact() != Some(0);
    let mut answer = axum::response::Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if has_body {
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    answer.headers_mut().insert("cache-control", HeaderValue::from_static("no-cache"));
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// Tells a connection to end without another byte.
#[derive(Debug, Clone)]
struct Cut(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        Self(Arc::clone(&stream.io().cut))
    }
}

/// A listener whose connections can be cut.
struct Cuttable {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    /// Connections that have not yet agreed on their keys; none waits for another's.
    handshakes: FuturesUnordered<Timeout<Accept<TcpStream>>>,
}

impl Listener for Cuttable {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(agreed) = self.handshakes.next() => {
                    // Who does not trust the certificate, or speaks no TLS, says so on his own side.
                    let Ok(Ok(stream)) = agreed else { continue };
                    let Ok(from) = stream.get_ref().0.peer_addr() else { continue };
                    return (Connection::new(Stream::Tls(Box::new(stream))), from);
                }
            };
            match (accepted, &self.tls) {
                (Ok((stream, from)), tls) => {
                    // Small answers are not to wait for each other; without it they are only slower.
                    stream.set_nodelay(true).ok();
                    let Some(tls) = tls else { return (Connection::new(Stream::Plain(stream)), from) };
                    self.handshakes.push(tokio::time::timeout(HANDSHAKE, tls.accept(stream)));
                }
                // Too many open files, perhaps: some of them close.
                (Err(_), _) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What a connection reads and writes.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Calls the same of whichever stream there is.
macro_rules! of_either {
    ($connection:expr, $call:ident $(, $argument:expr)*) => {
        match &mut $connection.stream {
            Stream::Plain(stream) => Pin::new(stream).$call($($argument),*),
            Stream::Tls(stream) => Pin::new(stream).$call($($argument),*),
        }
    };
}

/// A connection that refuses to write once it is cut.
struct Connection {
    stream: Stream,
    cut: Arc<AtomicBool>,
}

impl Connection {
    fn new(stream: Stream) -> Self {
        Self { stream, cut: Arc::default() }
    }

    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        of_either!(self, poll_read, context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        of_either!(self, poll_write, context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        of_either!(self, poll_write_vectored, context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self, poll_flush, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self, poll_shutdown, context)
    }
}
