//! EVM networks behind the Chain seam.
