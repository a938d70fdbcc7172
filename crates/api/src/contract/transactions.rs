//! What the transactions report gives. The OpenAPI file declares no shape for its answer.

/// The fields of one transaction in JSON, from samples in Criteo's docs; third-party code reads the
/// same.
///
/// Every value is a text: dates as `MM/DD/YYYY HH:MM:SS` in the zone of the query, truth as
/// `True`/`False` or `Yes`/`No`, the amount as a decimal number in the currency of the query.
pub const TRANSACTION_FIELDS: &[&str] = &[
    "advertiserId",
    "transactionId",
    "transactionDate",
    "adsetName",
    "advertiserName",
    "eventType",
    "eventDate",
    "attributedTransaction",
    "currency",
    "amount",
    "crossDeviceTransaction",
];
