//! Resources and lists as answers show them.

use crate::emulator::arm::errors::Refusal;
use crate::emulator::arm::resource::{Latest, Provisioning, Resource};
use crate::emulator::arm::shape::without_nulls;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Tick;
use crate::emulator::compute::versions;
use crate::emulator::lab_accounts::{self, accounts, environments, labs, shared_galleries, template};
use crate::emulator::lab_plans;
use crate::emulator::message::{Request, Response};
use crate::emulator::world::World;
use serde_json::{Value, json};

/// Items on one page of a list, if the client does not ask for fewer.
const PAGE: usize = 100;

/// A resource as `request` is to see it.
pub(crate) fn of(world: &World, resource: &Resource, request: &Request) -> Value {
    let mut body = resource.envelope();
    match resource.kind {
        Kind::Version => versions::show(world, resource, request, &mut body),
        Kind::LabAccount => accounts::show(resource, request, &mut body),
        Kind::SharedGallery => shared_galleries::show(resource, &mut body),
        Kind::Lab => labs::show(world, resource, &mut body),
        Kind::Setting => template::show(world, resource, request, &mut body),
        Kind::Environment => environments::show(world, resource, request, &mut body),
        _ => {}
    }
    if resource.kind.is_of_lab_plans() {
        lab_plans::show(world, resource, request, &mut body);
    }
    if resource.kind.is_of_lab_accounts() {
        body["properties"]["uniqueIdentifier"] = json!(resource.unique);
        if let Some(latest) = &resource.latest {
            body["properties"]["latestOperationResult"] = latest_result(world, latest, request);
        }
    }
    if request.query("api-version") == Some("2018-10-15") {
        lab_accounts::as_published(&mut body);
    }
    if let Value::Object(object) = &mut body {
        without_nulls(object);
    }
    body
}

/// The `latestOperationResult` of a resource of Lab Services.
fn latest_result(world: &World, latest: &Latest, request: &Request) -> Value {
    let url =
        world.operation(&latest.operation).map(|operation| format!("{}{}", request.base(), operation.path()));
    json!({
        "status": latest.status,
        "errorCode": latest.code,
        "errorMessage": latest.message,
        "requestUri": format!("{}{}", request.base(), latest.path),
        "httpMethod": latest.method,
        "operationUrl": url,
    })
}

/// A list answer: the items in order of their ids, with a `nextLink` while there are more.
///
/// # Errors
/// 400 `InvalidParameter` for a `$top` that is no count.
pub(crate) fn list(request: &Request, mut items: Vec<Value>) -> Result<Response, Refusal> {
    // What is no resource, such as a size of machines, has a name alone.
    let key = |item: &Value| {
        let text = item["id"].as_str().or(item["name"].as_str());
        text.unwrap_or_default().to_lowercase()
    };
    items.sort_by_cached_key(key);
    let bad = || {
        crate::emulator::arm::errors::invalid_parameter(
            "$top",
            "The value of '$top' must be a whole number above zero.",
        )
    };
    let top = request
        .query("$top")
        .map(|top| top.parse::<usize>().ok().filter(|top| *top > 0).ok_or_else(bad))
        .transpose()?;
    let page = top.or(request.page_size).unwrap_or(PAGE).min(1000);
    let after = request.query("$skiptoken").map(str::to_lowercase);
    let mut rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    let value: Vec<Value> = rest.by_ref().take(page).collect();
    let mut body = json!({ "value": value });
    if rest.next().is_some() {
        let last = value.last().map(key).unwrap_or_default();
        body["nextLink"] = json!(next_link(request, &last));
    }
    Ok(Response::json(200, body))
}

/// The absolute URL of the page after the item of that key, with the request's own query.
fn next_link(request: &Request, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken")) {
        query.append_pair(name, value);
    }
    query.append_pair("$skiptoken", after);
    format!("{}{}?{}", request.base(), request.path, query.finish())
}

/// A list of resources.
///
/// # Errors
/// As [`list`].
pub(crate) fn listed<'a>(
    world: &World,
    request: &Request,
    resources: impl Iterator<Item = &'a Resource>,
) -> Result<Response, Refusal> {
    list(request, resources.map(|resource| of(world, resource, request)).collect())
}

/// The provisioning of something an operation changes without a resource of its own.
pub(crate) fn progress(world: &World, operation: &str) -> Provisioning {
    match world.operation(operation) {
        Some(operation) if operation.ended.is_none() => Provisioning::Updating,
        Some(operation) if operation.failure.is_some() => Provisioning::Failed,
        _ => Provisioning::Succeeded,
    }
}

/// A tick as a timestamp, null for none.
pub(crate) fn time(world: &World, tick: Option<Tick>) -> Value {
    tick.map_or(Value::Null, |tick| json!(world.time(tick)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_the_end_and_lose_nothing() {
        let items: Vec<Value> = (0..7).map(|n| json!({ "id": format!("/x/{n}") })).collect();
        for (query, size) in [("&$top=3", None), ("", Some(3)), ("&$top=2", Some(6)), ("", Some(1))] {
            assert_eq!(seen(&items, query, size), 7, "{query} {size:?}");
        }
    }

    /// Items on all the pages.
    fn seen(items: &[Value], query: &str, page_size: Option<usize>) -> usize {
        let mut request = Request::new("GET", &format!("/x?api-version=2024-03-03{query}"));
        let mut seen = 0;
        loop {
            request.page_size = page_size;
            let body = list(&request, items.to_vec()).expect("a page").body.expect("a body");
            seen += body["value"].as_array().map_or(0, Vec::len);
            let Some(link) = body["nextLink"].as_str() else { return seen };
            assert!(link.starts_with("http://127.0.0.1/x?api-version=2024-03-03"), "{link}");
            request = Request::new("GET", link.trim_start_matches("http://127.0.0.1"));
        }
    }
}
