//! Creatives.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// A creative: what an ad looks like. Attributes in the creative operations, from Criteo's
/// OpenAPI 2026-07, where the list and the single creative are two types: what either may leave
/// out is optional here. One of the four kinds of attributes is filled, as `format` says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Creative {
    /// The creative's id, again; only in the answer for a single creative.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whose creative it is.
    pub advertiser_id: String,
    /// The login of the person who made it: personal data.
    pub author: String,
    /// The product data it shows.
    pub dataset_id: Option<String>,
    /// Its kind; the contract lists no values.
    pub format: Option<String>,
    /// Its state; the contract lists no values.
    pub status: String,
    /// For pictures.
    pub image_attributes: Option<ImageAttributes>,
    /// For HTML.
    pub html_tag_attributes: Option<HtmlTagAttributes>,
    /// For pictures made of products.
    pub dynamic_attributes: Option<DynamicAttributes>,
    /// For texts and pictures that Criteo arranges.
    pub adaptive_attributes: Option<AdaptiveAttributes>,
}

/// A creative of pictures.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageAttributes {
    /// Where a click leads.
    pub landing_page_url: Option<String>,
    /// Where the pictures are.
    pub urls: Option<Vec<String>>,
}

/// A creative of HTML.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HtmlTagAttributes {
    /// One for each size.
    pub tags: Option<Vec<Tag>>,
}

/// A piece of HTML for one size.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tag {
    /// The HTML.
    pub html_tag: Option<String>,
    /// The size.
    pub size: Option<Size>,
}

/// Width and height.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Size {
    /// In pixels.
    pub width: Option<i64>,
    /// In pixels.
    pub height: Option<i64>,
}

/// A creative made of products.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DynamicAttributes {
    /// Logos.
    pub logos: Option<Vec<ImageShape>>,
    /// Six hexadecimal digits.
    pub creative_background_color: Option<String>,
    /// Six hexadecimal digits.
    pub body_text_color: Option<String>,
    /// Six hexadecimal digits.
    pub prices_color: Option<String>,
    /// A font name.
    pub primary_font: Option<String>,
    /// Texts such as "Buy now".
    pub calls_to_action: Option<Vec<String>>,
    /// How pictures of products fit.
    pub product_image_display: Option<ImageDisplay>,
}

/// A creative of texts and pictures that Criteo arranges.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdaptiveAttributes {
    /// Logos.
    pub logos: Option<Vec<ImageShape>>,
    /// Pictures.
    pub image_sets: Option<Vec<ImageSet>>,
    /// Videos.
    pub videos: Option<Vec<VideoDetail>>,
    /// Arrangements allowed.
    pub layouts: Option<Vec<AdaptiveLayout>>,
    /// Colours.
    pub colors: Option<AdaptiveColors>,
    /// The headline.
    pub headline_text: Option<String>,
    /// A font name.
    pub headline_font: Option<String>,
    /// The description.
    pub description_text: Option<String>,
    /// A font name.
    pub description_font: Option<String>,
    /// Texts such as "Buy now".
    pub calls_to_action: Option<Vec<String>>,
    /// How pictures fit.
    pub image_display: Option<ImageDisplay>,
    /// Where a click leads.
    pub landing_page_url: Option<String>,
}

/// Colours, each as six hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdaptiveColors {
    /// Background.
    pub background_color: String,
    /// Logo area and title.
    pub logo_area_and_title_color: String,
    /// Headline and description.
    pub text1_color: String,
    /// Headline of the pictures.
    pub text2_color: String,
    /// Background of the call to action.
    pub cta_background_color: String,
    /// Text of the call to action.
    pub cta_text_color: String,
}

/// Pictures that belong together.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageSet {
    /// Their headline.
    pub headline_text: Option<String>,
    /// The pictures.
    pub images: Vec<ImageShape>,
}

/// A picture and its proportions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageShape {
    /// The proportions.
    pub shape: Shape,
    /// Where the picture is.
    pub url: String,
}

/// A video.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VideoDetail {
    /// The proportions.
    pub shape: Shape,
    /// In milliseconds; what exceeds 30,000 may be cut off.
    pub duration: f64,
    /// Where the video is.
    pub url: String,
}

open_enum! {
    /// Proportions of a picture or a video.
    Shape {
        Horizontal = "Horizontal",
        Vertical = "Vertical",
        Square = "Square",
    }
}

open_enum! {
    /// How pictures fit into their place.
    ImageDisplay {
        ShowFullImage = "ShowFullImage",
        ZoomOnImage = "ZoomOnImage",
    }
}

open_enum! {
    /// An arrangement of an adaptive creative.
    AdaptiveLayout {
        Editorial = "Editorial",
        Montage = "Montage",
        InBannerVideo = "InBannerVideo",
    }
}
