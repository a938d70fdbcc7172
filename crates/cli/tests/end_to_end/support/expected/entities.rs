//! Entities as they stand now, by the path of each field.

use criteo_engine::catalog::Role;
use criteo_sandbox::TrueEntity;
use serde_json::Value;

use super::{Cell, ExpectedStream};
use crate::support::{Stage, cell};

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    let Some(entities) = stage.sandbox.truth_entities(&stream.name) else {
        panic!("The sandbox has no entities of the name {}", stream.name);
    };
    for entity in entities {
        if advertisers.contains(&entity.advertiser_id) {
            take(&cells(stream, &entity));
        }
    }
}

fn cells(stream: &ExpectedStream, entity: &TrueEntity) -> Vec<Cell> {
    stream
        .fields()
        .iter()
        .map(|field| match (field.role, field.name.as_str()) {
            (Role::Stamp, "advertiserId") => Some(entity.advertiser_id.clone()),
            (Role::Stamp, "adSetId") => entity.ad_set_id.clone(),
            (Role::Stamp, name) => stream.constant(name),
            (_, path) => cell::of_json(field.field_type, at(&entity.element, path)),
        })
        .collect()
}

/// The value at a dotted path.
fn at<'element>(element: &'element Value, path: &str) -> Option<&'element Value> {
    let mut steps = path.split('.');
    steps.try_fold(element, |value, step| value.get(step))
}
