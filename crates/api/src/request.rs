//! A call, before it is made.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::{API_VERSION, BaseUrl, Error, Method, Operation};

/// One call of one operation: what fills the path, what follows the `?`, and the body.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// Which operation.
    pub operation: Operation,
    /// Values for the path's placeholders, by name.
    pub path: Vec<(String, String)>,
    /// The query string, in order.
    pub query: Vec<(String, String)>,
    /// The JSON body of a `POST`.
    pub body: Option<Value>,
}

impl Request {
    /// A call without parameters.
    pub fn new(operation: Operation) -> Self {
        Self {
            operation,
            path: Vec::new(),
            query: Vec::new(),
            body: None,
        }
    }

    /// Fills a placeholder of the path. The value is percent-encoded when the call is made.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts are given alike, and without a reference at every call"
    )]
    pub fn path(mut self, placeholder: impl Into<String>, value: impl ToString) -> Self {
        self.path.push((placeholder.into(), value.to_string()));
        self
    }

    /// Adds a query parameter.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts are given alike, and without a reference at every call"
    )]
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value.
    #[must_use]
    pub fn optional_query(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets the body of a `POST`.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets the body from anything that becomes JSON.
    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, Error> {
        let value = serde_json::to_value(body).map_err(|problem| {
            Error::configuration(format!("The query does not fit into JSON: {problem}"))
        })?;
        Ok(self.body(value))
    }

    /// The full address.
    ///
    /// # Errors
    /// [`Error::Configuration`] when a placeholder has no value, a value has no placeholder, a
    /// value cannot stand in a path, or a body is missing or superfluous.
    pub(crate) fn url(&self, base: &BaseUrl) -> Result<Url, Error> {
        let refuse = |problem: String| {
            Error::configuration(format!("{} cannot be called: {problem}", self.operation.id))
        };
        if (self.operation.method == Method::Post) != self.body.is_some() {
            return Err(refuse(
                "a POST needs a body and a GET must not have one".to_owned(),
            ));
        }
        if let Some((name, _)) = self
            .path
            .iter()
            .find(|(name, _)| self.operation.placeholders().all(|known| known != name))
        {
            return Err(refuse(format!("its path has no placeholder {name:?}")));
        }
        if let Some((name, _)) = self
            .query
            .iter()
            .find(|(name, _)| !self.operation.query.contains(&name.as_str()))
        {
            return Err(refuse(format!("it has no query parameter {name:?}")));
        }
        let mut url = base.url().clone();
        {
            let mut segments = url
                .path_segments_mut()
                .map_err(|()| refuse("the API address cannot carry a path".to_owned()))?;
            segments.pop_if_empty().push(API_VERSION);
            for segment in self.operation.path.split('/').skip(1) {
                let placeholder = segment
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'));
                match placeholder {
                    Some(name) => segments.push(self.value_of(name).map_err(refuse)?),
                    None => segments.push(segment),
                };
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn value_of(&self, placeholder: &str) -> Result<&str, String> {
        let value = self
            .path
            .iter()
            .find(|(name, _)| name == placeholder)
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| format!("{placeholder} is not given"))?;
        // Such values vanish from a URL, and the call would reach another operation.
        if value.is_empty() || value == "." || value == ".." {
            return Err(format!(
                "{placeholder} is {value:?}, which cannot stand in a path"
            ));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_encoded() {
        let request = Request::new(Operation::COUPON)
            .path("advertiser-id", 7)
            .path("id", "a/b ?");
        let url = request.url(&BaseUrl::criteo()).unwrap();
        assert_eq!(
            url.as_str(),
            "https://api.criteo.com/2026-07/marketing-solutions/advertisers/7/coupons/a%2Fb%20%3F"
        );
    }

    #[test]
    fn a_base_path_and_a_query_are_kept() {
        let request = Request::new(Operation::MARKETPLACE_SELLERS)
            .query("sellerName", "a&b")
            .optional_query("campaignId", None::<u8>);
        let base = BaseUrl::parse("https://proxy.example.org/criteo/").unwrap();
        assert_eq!(
            request.url(&base).unwrap().as_str(),
            "https://proxy.example.org/criteo/2026-07/marketing-solutions/\
             marketplace-performance-outcomes/sellers?sellerName=a%26b"
        );
    }

    #[test]
    fn incomplete_calls_are_refused() {
        let base = BaseUrl::criteo();
        for request in [
            Request::new(Operation::AD),
            Request::new(Operation::AD).path("id", ".."),
            Request::new(Operation::AD).path("id", ""),
            Request::new(Operation::AD).path("id", 1).path("ad-id", 1),
            Request::new(Operation::AD).path("id", 1).body(json!({})),
            Request::new(Operation::AD).path("id", 1).query("limit", 1),
            Request::new(Operation::SEARCH_AD_SETS),
        ] {
            assert!(request.url(&base).is_err(), "{request:?}");
        }
    }
}
