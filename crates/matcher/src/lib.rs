//! Pure matching: expressions, monitors compiled, the index, a block evaluated.
