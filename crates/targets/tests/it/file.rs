//! The file target: whole lines, in order, one per message.

use chainbell_model::Outcome;
use chainbell_targets::{BuildContext, kinds, validate};
use serde_json::{Value, json};

use crate::message::{facts, message, retraction};

#[tokio::test]
async fn a_batch_becomes_one_whole_line_per_message() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out/events.ndjson");
    let settings = validate(kinds(), &json!({"type": "file", "path": path, "fsync": true})).unwrap().settings;
    let target = settings.build(&BuildContext::new(false)).unwrap();
    assert!(target.batch_size() > 1);
    let batch = [message(facts()), retraction(message(facts()))];
    for _ in 0..2 {
        let outcomes = target.send(&batch).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Delivered { .. })), "{outcomes:?}");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let ids: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    let (one, two) = (batch[0].id.to_string(), batch[1].id.to_string());
    assert_eq!(ids, [one.clone(), two.clone(), one, two]);
    assert!(text.ends_with('\n'));
}

#[tokio::test]
async fn concurrent_batches_do_not_cut_into_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    let settings = validate(kinds(), &json!({"type": "file", "path": path})).unwrap().settings;
    let target = settings.build(&BuildContext::new(false)).unwrap();
    let batch = vec![message(facts()); 50];
    futures_util::future::join_all((0..20).map(|_| target.send(&batch))).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 1000);
}

#[tokio::test]
async fn a_message_that_cannot_be_rendered_is_rejected_alone_and_forges_no_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.log");
    let table = json!({"type": "file", "path": path, "line": "{{ event.args.memo }}\n"});
    let target = validate(kinds(), &table).unwrap().settings.build(&BuildContext::new(false)).unwrap();
    let mut forged = facts();
    forged.args_json = r#"{"memo":"one\r\nERROR two"}"#.into();
    let outcomes = target.send(&[message(facts()), message(forged)]).await;
    assert!(
        matches!(&outcomes[0], Outcome::Rejected { reason } if reason.starts_with("line 1")),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[1], Outcome::Delivered { .. }));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\\r\\nERROR two\n");
}

#[test]
fn a_directory_is_refused_when_the_target_is_built() {
    let directory = tempfile::tempdir().unwrap();
    let valid = validate(kinds(), &json!({"type": "file", "path": directory.path()})).unwrap();
    let error = valid.settings.build(&BuildContext::new(false)).unwrap_err();
    assert!(error.to_string().ends_with("is a directory"), "{error}");
}
