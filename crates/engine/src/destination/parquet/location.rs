//! Which folder or bucket the lake is in, and the store that reaches it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use url::{Host, Url};

use super::LakeOptions;

/// For how long a request is tried again while a store is out of order. What a run has read by then waits in the
/// spool, so that nothing is lost by giving up.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket or container of a cloud, and the folder in it.
    Cloud {
        /// Whose it is.
        cloud: Cloud,
        /// Bucket or container.
        bucket: String,
        /// The folder, without slashes around it; may be empty.
        prefix: String,
    },
}

/// The clouds, and everything that speaks like one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    /// Amazon S3 and servers that speak its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

impl Location {
    /// Understands a configured address: a path, `file://`, `s3://`, `gs://` or `az://`.
    ///
    /// # Errors
    /// In words, when it is none of these.
    pub(super) fn parse(address: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = address.split_once("://") else {
            return if address.trim().is_empty() {
                Err("must name a folder or an address such as \"s3://bucket/folder\"".to_owned())
            } else if address.starts_with('~') {
                Err("begins with \"~\", which only shells know; write the folder out".to_owned())
            } else {
                Ok(Self::Folder(PathBuf::from(address)))
            };
        };
        let cloud = match scheme {
            "file" => {
                let path = Url::parse(address)
                    .ok()
                    .and_then(|url| url.to_file_path().ok());
                return path
                    .map(Self::Folder)
                    .ok_or_else(|| "is not the address of a folder of this machine".to_owned());
            }
            "s3" | "s3a" => Cloud::S3,
            "gs" => Cloud::Google,
            "az" | "azure" => Cloud::Azure,
            other => {
                return Err(format!(
                    "begins with \"{other}://\"; known are a folder, \"s3://\", \"gs://\" and \"az://\""
                ));
            }
        };
        if rest.contains(['@', '?', '#']) {
            return Err(
                "must be a bucket and a folder only: keys and other options come from the environment"
                    .to_owned(),
            );
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err("names no bucket".to_owned());
        }
        let prefix = object_store::path::Path::parse(prefix.trim_matches('/'))
            .map_err(|error| format!("names a folder that cannot be used: {error}"))?;
        Ok(Self::Cloud {
            cloud,
            bucket: bucket.to_owned(),
            prefix: prefix.to_string(),
        })
    }

    /// The address that readers use, without a slash at its end.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Cloud {
                cloud,
                bucket,
                prefix,
            } => {
                let scheme = match cloud {
                    Cloud::S3 => "s3",
                    Cloud::Google => "gs",
                    Cloud::Azure => "az",
                };
                format!("{scheme}://{bucket}/{prefix}")
                    .trim_end_matches('/')
                    .to_owned()
            }
        }
    }

    /// The folder, when it is one of this machine.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Cloud { .. } => None,
        }
    }

    /// The store at this place. A folder has to exist.
    ///
    /// # Errors
    /// In words, when the options contradict each other or the folder cannot be used.
    pub(super) fn open(&self, options: &LakeOptions) -> Result<Arc<dyn ObjectStore>, String> {
        let (cloud, bucket, prefix) = match self {
            Self::Folder(path) => {
                let store = LocalFileSystem::new_with_prefix(path)
                    .map_err(|error| error.to_string())?
                    .with_fsync(true)
                    .with_automatic_cleanup(true);
                return Ok(Arc::new(store));
            }
            Self::Cloud {
                cloud,
                bucket,
                prefix,
            } => (cloud, bucket, prefix),
        };
        let store: Arc<dyn ObjectStore> = match cloud {
            Cloud::S3 => s3(bucket, options)?,
            Cloud::Google => google(bucket, options)?,
            Cloud::Azure => azure(bucket, options)?,
        };
        if prefix.is_empty() {
            return Ok(store);
        }
        Ok(Arc::new(PrefixStore::new(store, prefix.as_str())))
    }
}

fn retry() -> RetryConfig {
    RetryConfig {
        retry_timeout: RETRY_TIMEOUT,
        ..RetryConfig::default()
    }
}

fn s3(bucket: &str, options: &LakeOptions) -> Result<Arc<dyn ObjectStore>, String> {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry());
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    } else if builder
        .get_config_value(&AmazonS3ConfigKey::Region)
        .is_none()
        && let Some(region) = builder.get_config_value(&AmazonS3ConfigKey::DefaultRegion)
    {
        builder = builder.with_region(region);
    }
    let endpoint = match &options.endpoint {
        Some(endpoint) => {
            // The address of this lake wins over the environment's, whichever of its two names that has.
            builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
            Some(endpoint.clone())
        }
        None => builder
            .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
            .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint)),
    };
    let allow_http = may_use_http(endpoint.as_deref(), options.allow_http)?;
    let store = builder
        .with_allow_http(allow_http)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(store))
}

fn google(bucket: &str, options: &LakeOptions) -> Result<Arc<dyn ObjectStore>, String> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry());
    let allow_http = may_use_http(options.endpoint.as_deref(), options.allow_http)?;
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let store = builder
        .with_client_options(object_store::ClientOptions::new().with_allow_http(allow_http))
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(store))
}

fn azure(container: &str, options: &LakeOptions) -> Result<Arc<dyn ObjectStore>, String> {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_retry(retry());
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    let allow_http = may_use_http(endpoint.as_deref(), options.allow_http)?;
    let store = builder
        .with_allow_http(allow_http)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(store))
}

/// Whether requests without encryption are allowed: only to this machine, and only where the configuration says so.
fn may_use_http(endpoint: Option<&str>, allow_http: bool) -> Result<bool, String> {
    let Some(endpoint) = endpoint else {
        return Ok(false);
    };
    let url = Url::parse(endpoint)
        .map_err(|error| format!("the endpoint \"{endpoint}\" is not an address: {error}"))?;
    match url.scheme() {
        "https" => Ok(false),
        "http" if !is_this_machine(&url) => Err(format!(
            "the endpoint {endpoint} would send keys and data without encryption; write https"
        )),
        "http" if !allow_http => Err(format!(
            "the endpoint {endpoint} has no encryption; set `allow_http = true` to allow that on this machine"
        )),
        "http" => Ok(true),
        _ => Err(format!("the endpoint {endpoint} is not an https address")),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// What is wrong with the address and endpoint of a configuration, in words; `None` when nothing is.
pub(super) fn problem(options: &LakeOptions) -> Option<(&'static str, String)> {
    if let Err(reason) = Location::parse(&options.url) {
        return Some(("url", reason));
    }
    let reason = may_use_http(options.endpoint.as_deref(), options.allow_http).err()?;
    Some(("endpoint", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood() {
        let address = |text: &str| Location::parse(text).map(|location| location.address());
        assert_eq!(address("lake").as_deref(), Ok("lake"));
        assert_eq!(address("file:///data/lake").as_deref(), Ok("/data/lake"));
        assert_eq!(address("s3://bucket").as_deref(), Ok("s3://bucket"));
        assert_eq!(
            address("s3a://bucket/a/b/").as_deref(),
            Ok("s3://bucket/a/b")
        );
        assert_eq!(address("gs://bucket/a").as_deref(), Ok("gs://bucket/a"));
        assert_eq!(
            address("az://container/a").as_deref(),
            Ok("az://container/a")
        );
        for wrong in [
            "",
            "~/lake",
            "ftp://host/a",
            "s3://",
            "s3://key:secret@bucket/a",
            "s3://b/a?key=1",
        ] {
            assert!(Location::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_and_data_leave_this_machine_encrypted_only() {
        assert_eq!(may_use_http(None, true), Ok(false));
        assert_eq!(may_use_http(Some("https://store.example"), true), Ok(false));
        for here in [
            "http://127.0.0.1:9000",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            assert_eq!(may_use_http(Some(here), true), Ok(true));
            assert!(may_use_http(Some(here), false).is_err());
        }
        for elsewhere in [
            "http://store.example",
            "http://127.0.0.1.example",
            "ftp://localhost",
            "no address",
        ] {
            assert!(may_use_http(Some(elsewhere), true).is_err(), "{elsewhere}");
        }
    }
}
