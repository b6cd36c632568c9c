//! The WebSocket side of an endpoint: calls, and what is announced.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use tokio::sync::broadcast;

use super::{
    Dropped, Node, Session,
    request::{Request, refusal},
};
use crate::{endpoint::Endpoint, fault::Fault};

/// Turns a GET into a WebSocket.
pub(crate) async fn upgrade<C: Node>(
    State(endpoint): State<Arc<Endpoint<C>>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    endpoint.port.stats.lock().websockets += 1;
    upgrade.on_upgrade(move |socket| async move {
        let stop = endpoint.port.stop.clone();
        let mut connection = Connection { endpoint, socket, session: C::Session::default(), changes: None };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = connection.run() => {}
        }
    })
}

struct Connection<C: Node> {
    endpoint: Arc<Endpoint<C>>,
    socket: WebSocket,
    session: C::Session,
    changes: Option<broadcast::Receiver<Arc<C::Change>>>,
}

impl<C: Node> Connection<C> {
    async fn run(&mut self) -> Result<(), Dropped> {
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.message(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.message(&bytes).await?,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(Dropped),
                },
                change = next_change(&mut self.changes) => {
                    let change = change?;
                    let mut messages = Vec::new();
                    let verdict = self.session.announce(&self.endpoint, &change, &mut messages);
                    self.send_all(messages).await?;
                    verdict?;
                }
            }
        }
    }

    async fn message(&mut self, body: &[u8]) -> Result<(), Dropped> {
        let request = match Request::parse(body, C::MANNERS) {
            Ok(request) => request,
            Err(error) => return self.send(refusal(C::MANNERS, &error)).await,
        };
        let fault = self.endpoint.port.transport_fault(&request.methods());
        match &fault {
            None | Some(Fault::InvalidJson) => {}
            Some(Fault::Hang) => return Ok(()),
            Some(Fault::Delay { millis }) => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Some(_) => return Err(Dropped),
        }
        let mut answer = self.answer(&request);
        if fault.is_some_and(|fault| fault == Fault::InvalidJson) {
            answer.pop();
        }
        self.send(answer).await?;
        let mut greetings = Vec::new();
        self.session.greetings(&self.endpoint, &mut greetings);
        self.send_all(greetings).await
    }

    fn answer(&mut self, request: &Request<'_>) -> Vec<u8> {
        let Self { endpoint, session, changes, .. } = self;
        let max_batch = endpoint.network.chain.read().limits().max_batch;
        request.answer(C::MANNERS, max_batch, |call, out| {
            endpoint.port.stats.lock().count_call(&call.method);
            let before = changes.is_none().then(|| endpoint.network.changes.subscribe());
            let Some(answered) = session.call(endpoint, call, out) else {
                return C::answer(endpoint, call, out);
            };
            if session.is_listening() && changes.is_none() {
                *changes = before;
            }
            answered
        })
    }

    async fn send_all(&mut self, messages: Vec<Vec<u8>>) -> Result<(), Dropped> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Vec<u8>) -> Result<(), Dropped> {
        self.endpoint.port.stats.lock().bytes += message.len() as u64;
        let text = String::from_utf8(message).map_err(|_| Dropped)?;
        self.socket.send(Message::Text(text.into())).await.map_err(|_| Dropped)
    }
}

/// Never returns without a subscription. A session that cannot keep up is dropped, as nodes do.
async fn next_change<T: Clone>(changes: &mut Option<broadcast::Receiver<T>>) -> Result<T, Dropped> {
    match changes {
        Some(changes) => changes.recv().await.map_err(|_| Dropped),
        None => std::future::pending().await,
    }
}
