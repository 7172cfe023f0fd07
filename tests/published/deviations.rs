//! Where the emulator answers otherwise than described, on purpose.

/// Problems that are none, by a pattern (`*` stands for anything) of the line that tells them, with the reason.
///
/// A row that nothing matches any more fails the check: it hides what it no longer explains.
pub(crate) const DEVIATIONS: &[(&str, &str)] = &[
    ("* request has $skiptoken", "a nextLink is the service's own, whatever it says"),
    ("Skus_List * request has $top", "every list of the emulator takes it"),
    ("Operation*_Get * request has *", "the address of an operation is the service's own, whatever it says"),
    ("Operation*_Get * 202 status not described", "what Location names answers 202 while the work goes on"),
    (
        "Operations_Get 2018-10-15 204 status not described",
        "what Location names answers 204 where nothing is left to show",
    ),
    ("Operations_Get 2018-10-15 200 answer / *", "clients read ARM's own status, which says more"),
    (
        "OperationResults_Get * 200 answer / *",
        "what Location names answers with the resource itself at the end",
    ),
    ("*Lab*_Update * request /tags type", "described as a list of texts; the service takes an object"),
    (
        "Schedules_* request /properties/recurrencePattern/expirationDate format",
        "described as a date-time, written as a date by clients of the preview",
    ),
    (
        "* request /properties additionalProperties * ('unknown' was unexpected)",
        "what is not known is passed over",
    ),
    ("Usages_ListByLocation * request location pattern", "regions are read as people write them"),
    ("ResourceGroups_Delete * 204 status not described", "a DELETE of what is not there is done already"),
];

/// What is answered and in no description, by method and path in lower case, with the reason.
pub(crate) const UNDESCRIBED: &[(&str, &str)] = &[
    (
        "HEAD /subscriptions/*/resourcegroups/*/providers/*",
        "generic clients ask so whether a resource is there",
    ),
    (
        "GET /subscriptions/*/operationresults/*",
        "operations of groups; clients follow whatever they are told",
    ),
    (
        "GET /subscriptions/*/providers/microsoft.compute/locations/*/capsoperations/*",
        "operations of Compute; clients follow whatever they are told",
    ),
];

/// Whether `text` is `pattern`, whose `*` stand for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
        }),
    }
}
