//! Entity listings.
