//! Where the emulator answers otherwise than described, on purpose.

/// Problems that are none, by a pattern (`*` stands for anything) of the line that tells them, with the reason.
///
/// A row that nothing matches any more fails the check: it hides what it no longer explains.
pub(crate) const DEVIATIONS: &[(&str, &str)] = &[
    ("* request has $skiptoken", "a nextLink is the service's own, whatever it says"),
    (
        "OperationResults_Get * request has *",
        "the address of an operation is the service's own, whatever it says",
    ),
    (
        "OperationResults_Get * 202 status not described",
        "what Location names answers 202 while the work goes on",
    ),
    (
        "OperationResults_Get * 200 answer / *",
        "what Location names answers with the resource itself at the end",
    ),
    (
        "GalleryImages_Update * request /properties required *",
        "a PATCH names what it changes; the description asks for all",
    ),
    (
        "GalleryImageVersions_Update * request /properties required *",
        "a PATCH names what it changes; the description asks for all",
    ),
    ("ResourceGroups_Delete * 204 status not described", "a DELETE of what is not there is done already"),
];

/// What is answered and in no description, by method and path in lower case, with the reason.
pub(crate) const UNDESCRIBED: &[(&str, &str)] = &[
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
