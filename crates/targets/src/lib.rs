//! A folder per target, each with the same files: settings and send.
