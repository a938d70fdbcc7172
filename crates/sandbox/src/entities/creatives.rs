//! Ads, creatives and coupons, with the shapes of Criteo's OpenAPI 2026-07.

use serde_json::{Map, Value, json};

use super::resource;
use crate::world::calendar::{self, DayNumber};
use crate::world::{Ad, Coupon, Creative, Quality, World};

const HOST: &str = "https://static.example";

fn midnight(day: DayNumber) -> String {
    format!("{}T00:00:00Z", calendar::date_of(day))
}

pub(super) fn ad(world: &World, ad: &Ad) -> Value {
    let accounts = world.accounts();
    let ad_set = &accounts.ad_sets[ad.ad_set];
    let mut chance = world.revision_chance(ad.id, Quality::Appearance, -2);
    let described = chance.one_in(2);
    let inventory = if ad_set.video {
        "Video"
    } else {
        chance.pick(&["Display", "Native"])
    };
    resource(
        "Ad",
        ad.id,
        json!({
            "id": ad.id.to_string(),
            "name": ad.name,
            "description": if described { json!("Shown \"above\" the fold;\nsecond line") } else { Value::Null },
            "adSetId": ad_set.id.to_string(),
            "creativeId": accounts.creatives[ad.creative].id.to_string(),
            "inventoryType": inventory,
            "startDate": midnight(ad.life.from),
            "endDate": ad.life.until.map(midnight),
        }),
    )
}

/// A creative; the single shape repeats the id inside.
pub(super) fn creative(world: &World, creative: &Creative, day: DayNumber, single: bool) -> Value {
    let advertiser = &world.accounts().advertisers[creative.advertiser];
    let mut chance = world.revision_chance(creative.id, Quality::Appearance, -2);
    let kind = chance.index(FORMATS.len());
    let revision = world.revision(creative.id, Quality::Appearance, day);
    let color = world
        .revision_chance(creative.id, Quality::Appearance, revision)
        .below(1 << 24);
    let mut attributes = Map::new();
    if single {
        attributes.insert("id".to_owned(), json!(creative.id.to_string()));
    }
    let described = chance.one_in(3);
    let common = [
        (
            "name",
            json!(world.present_name(creative.id, &creative.name, day)),
        ),
        ("advertiserId", json!(advertiser.id.to_string())),
        ("author", json!(format!("designer.{}", chance.below(9)))),
        ("datasetId", json!(advertiser.dataset_id.to_string())),
        (
            "description",
            if described { json!("") } else { Value::Null },
        ),
        ("format", json!(FORMATS[kind])),
        (
            "status",
            json!(if chance.one_in(6) { "Draft" } else { "Ready" }),
        ),
    ];
    for (name, value) in common {
        attributes.insert(name.to_owned(), value);
    }
    // One family of attributes goes with each format; the others are null.
    for (position, family) in FAMILIES.iter().enumerate() {
        let value = if position == kind {
            family_attributes(position, creative.id, color)
        } else {
            Value::Null
        };
        attributes.insert((*family).to_owned(), value);
    }
    resource("Creative", creative.id, Value::Object(attributes))
}

const FORMATS: [&str; 4] = ["Image", "HtmlTag", "Dynamic", "Adaptive"];
const FAMILIES: [&str; 4] = [
    "imageAttributes",
    "htmlTagAttributes",
    "dynamicAttributes",
    "adaptiveAttributes",
];

fn family_attributes(family: usize, id: u32, color: u64) -> Value {
    let color = format!("{color:06X}");
    let image = |name: &str| format!("{HOST}/{id}/{name}.png");
    let logos = json!([{ "shape": "Square", "url": image("logo") }]);
    match family {
        0 => json!({
            "urls": [image("300x250"), image("728x90")],
            "landingPageUrl": format!("https://shop.example/landing?creative={id}&from=ad"),
        }),
        1 => json!({
            "tags": [{
                "htmlTag": format!("<div data-color=\"#{color}\"><a href=\"%%CLICK%%\">Go</a></div>"),
                "size": { "width": 300, "height": 250 },
            }],
        }),
        2 => json!({
            "logos": logos,
            "creativeBackgroundColor": color,
            "bodyTextColor": "101010",
            "pricesColor": "AB00FF",
            "primaryFont": "Arial",
            "callsToAction": ["Buy now", "Découvrir"],
            "productImageDisplay": "ShowFullImage",
        }),
        _ => json!({
            "layouts": ["Editorial", "Montage"],
            "headlineText": "New season",
            "headlineFont": "Arial",
            "descriptionText": "Free delivery; free returns",
            "descriptionFont": "Arial",
            "callsToAction": ["Go!"],
            "colors": {
                "backgroundColor": color,
                "ctaBackgroundColor": "AB00FF",
                "ctaTextColor": "FFFFFF",
                "logoAreaAndTitleColor": "202020",
                "text1Color": "303030",
                "text2Color": "404040",
            },
            "imageDisplay": "ZoomOnImage",
            "imageSets": [{
                "headlineText": null,
                "images": [{ "shape": "Horizontal", "url": image("wide") }],
            }],
            "landingPageUrl": "https://shop.example/new",
            "logos": logos,
            "videos": [{ "duration": 14_500.5, "shape": "Horizontal", "url": format!("{HOST}/{id}/clip.mp4") }],
        }),
    }
}

pub(super) fn coupon(world: &World, coupon: &Coupon, day: DayNumber) -> Value {
    let accounts = world.accounts();
    let ad_set = &accounts.ad_sets[coupon.ad_set];
    let advertiser = &accounts.advertisers[ad_set.advertiser];
    let mut chance = world.revision_chance(coupon.id, Quality::Appearance, -2);
    let full_frame = chance.one_in(2);
    let status = if coupon.life.until.is_some_and(|until| until <= day) {
        "Expired"
    } else {
        "Running"
    };
    let (width, height) = if full_frame { (300, 250) } else { (120, 60) };
    resource(
        "Coupon",
        coupon.id,
        json!({
            "id": coupon.id.to_string(),
            "name": coupon.name,
            "description": "One per customer",
            "advertiserId": advertiser.id.to_string(),
            "adSetId": ad_set.id.to_string(),
            "author": format!("designer.{}", chance.below(9)),
            "format": if full_frame { "FullFrame" } else { "LogoZone" },
            "status": status,
            "startDate": midnight(coupon.life.from),
            "endDate": coupon.life.until.map(midnight),
            "landingPageUrl": "https://shop.example/coupon",
            "rotationsNumber": chance.between(1, 10),
            "showDuration": chance.between(1, 5),
            "showEvery": chance.between(1, 10),
            "images": [{
                "width": width,
                "height": height,
                "slideUrls": [format!("{HOST}/coupon/{}.png", coupon.id)],
            }],
        }),
    )
}

pub(super) fn coupon_supported_sizes(advertiser_id: &str) -> Value {
    resource(
        "CouponSupportedSizes",
        advertiser_id,
        json!({
            "fullFrame": ["300x250", "160x600", "728x90"],
            "logoZone": ["120x60", "125x125"],
        }),
    )
}

pub(super) fn coupon_preview(coupon: &Coupon, width: u32, height: u32) -> String {
    let title = escaped(&coupon.name);
    let id = coupon.id;
    format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body>\
         <img src=\"{HOST}/coupon/{id}.png\" width=\"{width}\" height=\"{height}\" alt=\"{title}\">\
         </body></html>"
    )
}

pub(super) fn seller_ad_preview(name: &str, width: u32, height: u32) -> String {
    let title = escaped(name);
    format!("<div style=\"width:{width}px;height:{height}px\"><h1>{title}</h1></div>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
