//! The words the world is made of. Some are awkward on purpose: separators, quotes, scripts and emoji that a reader of
//! CSV or JSON must carry unharmed.

/// Advertiser names.
pub(crate) const ADVERTISERS: [&str; 12] = [
    "Maison Lumière",
    "Northwind Outdoor",
    "Kobo & Sons; Tailors",
    "東京靴店",
    "Zelt \"Gipfel\" GmbH",
    "Azul Viagens",
    "Petit Potager",
    "Harbour Books",
    "Fjord Møbler",
    "Casa Limón",
    "Blue Finch Toys",
    "Vélo Rapide",
];

/// Currencies and home time zones of advertisers.
pub(crate) const HOMES: [(&str, &str); 6] = [
    ("EUR", "Europe/Paris"),
    ("USD", "America/New_York"),
    ("GBP", "Europe/London"),
    ("JPY", "Asia/Tokyo"),
    ("INR", "Asia/Kolkata"),
    ("BRL", "America/Sao_Paulo"),
];

/// What campaigns are about.
pub(crate) const CAMPAIGN_THEMES: [&str; 8] = [
    "Always on",
    "New customers",
    "Spring sale, -20%",
    "Été 2026",
    "Back to school",
    "Loyalty; members only",
    "App \"download\" drive",
    "黒五 Black Friday",
];

/// Whom ad sets address.
pub(crate) const AUDIENCES: [&str; 8] = [
    "Visitors 30 days",
    "Cart abandoners",
    "Lookalike 1%",
    "Contextual | sports",
    "Previous buyers",
    "Commerce audience 🛒",
    "In-market, electronics",
    "Broad",
];

/// Product categories; the first stands for products without one.
pub(crate) const CATEGORIES: [&str; 14] = [
    "Uncategorized",
    "Shoes > Kids' \"Sport\"; sale",
    "Électroménager",
    "Garden & Patio",
    "Livres, BD",
    "靴",
    "Phones/Accessories",
    "Möbel",
    "Toys",
    "Travel: city breaks",
    "Beauty",
    "Jewellery — fine",
    "Pet supplies",
    "Outdoor\\Camping",
];

/// Operating systems that ads are seen on.
pub(crate) const OPERATING_SYSTEMS: [&str; 6] =
    ["Android", "iOS", "Windows", "macOS", "Linux", "Unknown"];

/// Devices that ads are seen on.
pub(crate) const DEVICES: [&str; 4] = ["Desktop", "Smartphone", "Tablet", "Unknown"];

/// Marketing objectives with their ids.
pub(crate) const MARKETING_OBJECTIVES: [(&str, &str); 3] = [
    ("1", "Awareness"),
    ("2", "Consideration"),
    ("3", "Conversion"),
];

/// Channels with their ids.
pub(crate) const CHANNELS: [(&str, &str); 4] = [
    ("10", "Retargeting"),
    ("11", "Prospecting"),
    ("12", "Contextual"),
    ("13", "Loyalty"),
];

/// Campaign goals as reports spell them.
pub(crate) const GOALS: [&str; 3] = ["Acquisition", "Retention", "Unspecified"];

/// Where an ad is shown: the open web or a social network.
pub(crate) const AD_CHANNELS: [&str; 2] = ["Web", "Social"];

/// Social networks; the first stands for none.
pub(crate) const SOCIAL_PLATFORMS: [&str; 3] = ["", "Facebook", "Instagram"];

/// Environments that placements are shown in, as Criteo's OpenAPI 2026-07 spells them.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["Web", "Android", "Ios"];

/// Parts of publisher domains.
pub(crate) const PUBLISHERS: [&str; 16] = [
    "daily-courier",
    "wetterblick",
    "recettes-faciles",
    "sportline",
    "city-events",
    "puzzle-corner",
    "mobile-news",
    "travel-notes",
    "finanzen-heute",
    "garden-diary",
    "cine-club",
    "game-hub",
    "parenting-today",
    "auto-revue",
    "health-desk",
    "xn--bcher-kva",
];

/// Content categories of publishers with their ids (the numbering of IAB's taxonomy).
pub(crate) const CONTENT_CATEGORIES: [(&str, &str); 8] = [
    ("IAB1", "Arts & Entertainment"),
    ("IAB2", "Automotive"),
    ("IAB6", "Family & Parenting"),
    ("IAB7", "Health & Fitness"),
    ("IAB8", "Food & Drink"),
    ("IAB12", "News"),
    ("IAB17", "Sports"),
    ("IAB20", "Travel"),
];

/// Marketplace sellers.
pub(crate) const SELLERS: [&str; 8] = [
    "Atelier 9",
    "La Bonne Affaire",
    "Sole & Heel",
    "Kitchen \"Pro\"",
    "靴のミナト",
    "Nordlicht Möbel",
    "Toy; Box",
    "Garden & Co",
];
