//! Criteo API client.
