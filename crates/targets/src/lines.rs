//! Writes messages as whole lines to a local sink, a batch at a time, off the asynchronous threads.

use std::{io, sync::Arc, time::Duration};

use chainbell_model::{Message, Outcome, Reached};
use tokio::sync::Mutex;

use crate::{Rendered, Template, TemplateError, cloudevent, keys::Keys, render_cloudevent};

/// How many messages one write takes at the most.
pub(crate) const BATCH_SIZE: usize = 256;
/// A sink that takes nothing for that long (a full pipe, a stalled disk) counts as failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where lines go.
pub(crate) trait LineSink: Send + 'static {
    /// Writes all of `lines`, each ended by a line feed, and flushes. After an error the caller does not know how far it came.
    fn write_lines(&mut self, lines: &[u8]) -> io::Result<()>;
}

/// How a message becomes a line.
#[derive(Clone, Debug)]
pub(crate) enum LineForm {
    /// The CloudEvent, which never holds a line feed: NDJSON.
    CloudEvent,
    /// A template's text.
    Template(Template),
}

impl LineForm {
    /// Reads the key `line`; `None` when it is wrong, which is recorded.
    pub(crate) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let Some(source) = keys.text("line") else { return Some(Self::CloudEvent) };
        match Template::compile(source) {
            Ok(template) => Some(Self::Template(template)),
            Err(error) => {
                keys.refuse("line", error.to_string());
                None
            }
        }
    }

    pub(crate) fn render(&self, message: &Message) -> Result<Rendered, TemplateError> {
        Ok(match self {
            Self::CloudEvent => Rendered {
                content_type: cloudevent::CONTENT_TYPE.to_owned(),
                body: render_cloudevent(message),
            },
            Self::Template(template) => {
                let text = template.render(message)?;
                // A message is one line, whatever the chain wrote into it: nobody forges a second one.
                let line = text.trim_end_matches(['\r', '\n']).replace('\r', "\\r").replace('\n', "\\n");
                Rendered { content_type: "text/plain".to_owned(), body: line.into_bytes() }
            }
        })
    }
}

/// Renders and writes batches, one at a time.
#[derive(Debug)]
pub(crate) struct LineWriter<S> {
    sink: Arc<Mutex<S>>,
    form: LineForm,
}

impl<S: LineSink> LineWriter<S> {
    pub(crate) fn new(sink: S, form: LineForm) -> Self {
        Self { sink: Arc::new(Mutex::new(sink)), form }
    }

    /// One outcome per message: a message that cannot be rendered is rejected by itself, the others share the write's fate.
    pub(crate) async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        let mut lines = Vec::new();
        let rendered: Vec<_> = batch
            .iter()
            .map(|message| {
                let line = self.form.render(message)?;
                lines.extend_from_slice(&line.body);
                lines.push(b'\n');
                Ok::<_, TemplateError>(())
            })
            .collect();
        let written = self.write(lines).await;
        rendered
            .into_iter()
            .map(|rendered| match rendered {
                Ok(()) => written.clone(),
                Err(error) => Outcome::Rejected { reason: error.to_string() },
            })
            .collect()
    }

    async fn write(&self, lines: Vec<u8>) -> Outcome {
        let retry = |reason: String, reached| Outcome::Retry { after: None, reason, reached };
        let bytes = lines.len();
        // A write that hangs keeps the lock, so that at most one thread hangs with it.
        let Ok(mut sink) = tokio::time::timeout(TIMEOUT, self.sink.clone().lock_owned()).await else {
            return retry(format!("an earlier write still hangs after {TIMEOUT:?}"), Reached::No);
        };
        let writing = tokio::task::spawn_blocking(move || sink.write_lines(&lines));
        match tokio::time::timeout(TIMEOUT, writing).await {
            Ok(Ok(Ok(()))) => Outcome::Delivered { detail: format!("{bytes} bytes written") },
            Ok(Ok(Err(error))) => retry(error.to_string(), Reached::Maybe),
            Ok(Err(_stopped)) => retry("the process is stopping".to_owned(), Reached::Maybe),
            Err(_elapsed) => retry(format!("not written within {TIMEOUT:?}"), Reached::Maybe),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    /// Hangs until its channel closes, or breaks when it has none.
    struct Stuck(Option<Receiver<()>>);

    impl LineSink for Stuck {
        fn write_lines(&mut self, _lines: &[u8]) -> io::Result<()> {
            let Some(release) = &self.0 else { return Err(io::ErrorKind::BrokenPipe.into()) };
            let _ = release.recv();
            Ok(())
        }
    }

    fn reached(outcome: Outcome) -> Reached {
        let Outcome::Retry { reached, .. } = outcome else { panic!("{outcome:?}") };
        reached
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_that_hangs_holds_one_thread_however_many_wait() {
        let (release, released) = mpsc::channel();
        let writer = LineWriter::new(Stuck(Some(released)), LineForm::CloudEvent);
        let impatient = tokio::time::advance(TIMEOUT + Duration::from_secs(1));
        let (first, second, ()) = tokio::join!(writer.write(vec![]), writer.write(vec![]), impatient);
        drop(release);
        assert_eq!((reached(first), reached(second)), (Reached::Maybe, Reached::No));
    }

    #[tokio::test]
    async fn a_closed_pipe_is_tried_again() {
        let writer = LineWriter::new(Stuck(None), LineForm::CloudEvent);
        assert_eq!(reached(writer.write(b"x\n".to_vec()).await), Reached::Maybe);
    }
}
