//! Cursor, marks and the reorganisation window.

use chainbell_model::Height;
use chainbell_store::{Ledger, StoreError};

use crate::world::{World, block, network, reference, stored};

#[tokio::test]
async fn a_batch_that_does_not_follow_the_cursor_is_refused() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[])]).await;
    for after in [None, Some(reference(1, 9)), Some(reference(0, 0))] {
        let through = reference(2, 0);
        let error = world.try_commit(after, through, vec![block(2, 0, &[])], false).await.unwrap_err();
        assert!(matches!(error, StoreError::CursorMoved { .. }), "{error}");
    }
    assert_eq!(world.cursor().await, Some(reference(1, 0)));
}

#[tokio::test]
async fn the_window_holds_the_blocks_that_may_still_be_reorganised() {
    let world = World::new().await;
    world.commit((1..=6).map(|height| block(height, 0, &[])).collect()).await;
    world.store.rollback(&network(), reference(5, 0)).await.unwrap();
    world.commit(vec![block(6, 1, &[stored()])]).await;
    world.store.finality(&network(), Height(5), Height(3)).await.unwrap();
    let window: Vec<_> =
        [(3, 0), (4, 0), (5, 0), (6, 1)].map(|(height, fork)| reference(height, fork)).into();
    assert_eq!(world.store.window(&network()).await.unwrap(), window);
}

#[tokio::test]
async fn marks_never_move_back() {
    let world = World::new().await;
    world.store.finality(&network(), Height(5), Height(3)).await.unwrap();
    world.store.finality(&network(), Height(4), Height(4)).await.unwrap();
    let state = &world.store.networks().await.unwrap()[0];
    assert_eq!((state.confirmed, state.finalized), (Height(5), Height(4)));
}

#[tokio::test]
async fn a_halt_is_remembered_until_it_is_lifted() {
    let world = World::new().await;
    world.store.set_halted(&network(), Some("too deep")).await.unwrap();
    assert_eq!(world.store.networks().await.unwrap()[0].halted.as_deref(), Some("too deep"));
    world.store.set_halted(&network(), None).await.unwrap();
    assert_eq!(world.store.networks().await.unwrap()[0].halted, None);
}

#[tokio::test]
async fn a_rollback_to_above_the_cursor_is_refused() {
    let world = World::new().await;
    world.commit(vec![block(1, 0, &[])]).await;
    assert!(world.store.rollback(&network(), reference(2, 0)).await.is_err());
    assert_eq!(world.cursor().await, Some(reference(1, 0)));
}
