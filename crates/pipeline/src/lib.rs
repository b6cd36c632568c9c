//! The moving parts, a file per stage: follow, match, commit, deliver, prune.
