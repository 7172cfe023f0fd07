//! Paths as ARM reads them: blind to case, many slashes as one, each segment percent-decoded.
//!
//! Source: ARM resource provider contract, resource ids; recorded traffic of the official clients.

/// A request's path in segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// As the client wrote them, decoded.
    pub(crate) segments: Vec<String>,
    /// The same in lower case, for comparing.
    pub(crate) lower: Vec<String>,
}

impl Path {
    /// The segments of `raw`; `None` when a segment does not decode to text.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        let segments: Vec<String> =
            raw.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Option<_>>()?;
        let lower = segments.iter().map(|part| part.to_lowercase()).collect();
        Some(Self { segments, lower })
    }

    /// The lower-case segments as one slice for matching.
    pub(crate) fn lower(&self) -> Vec<&str> {
        self.lower.iter().map(String::as_str).collect()
    }
}

/// `text` with its percent escapes resolved; `None` when the bytes are no UTF-8 or hold a control character.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

/// `text` as one segment of a path, everything but unreserved characters escaped.
pub(crate) fn encode_segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// An ARM id as a key of the world: lower case, single slashes, a leading one, none at the end.
pub(crate) fn key(id: &str) -> String {
    let mut key = String::with_capacity(id.len() + 1);
    for part in id.split('/').filter(|part| !part.is_empty()) {
        key.push('/');
        key.push_str(&part.to_lowercase());
    }
    key
}

/// The key of the resource that holds the one of `key`, if it is a resource's.
pub(crate) fn parent(key: &str) -> Option<&str> {
    let (head, _) = key.rsplit_once('/')?;
    let (head, kind) = head.rsplit_once('/')?;
    if head.ends_with("/providers") || kind == "providers" {
        return None;
    }
    // A top-level resource: what is left ends in `/providers/{namespace}`.
    match head.rsplit_once('/') {
        Some((before, _)) if before.ends_with("/providers") => before.strip_suffix("/providers"),
        _ => Some(head),
    }
}

/// The last segment of an id.
pub(crate) fn last_segment(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_collapse_and_segments_decode() {
        let path = Path::parse("//Subscriptions/x//galleryimages/Ubuntu%20Server").expect("decodes");
        assert_eq!(path.lower(), ["subscriptions", "x", "galleryimages", "ubuntu server"]);
        assert_eq!(path.segments[3], "Ubuntu Server");
    }

    #[test]
    fn a_path_of_broken_escapes_is_none() {
        for raw in ["/a%", "/a%2", "/a%zz", "/%ff", "/%00"] {
            assert_eq!(Path::parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn the_parent_of_a_top_level_resource_is_its_group() {
        let gallery = "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/galleries/x";
        assert_eq!(parent(gallery), Some("/subscriptions/s/resourcegroups/g"));
        assert_eq!(parent(&format!("{gallery}/images/y")), Some(gallery));
    }

    #[test]
    fn an_encoded_segment_decodes_to_itself() {
        let name = "Ubuntu Server/22.04 ü%";
        assert_eq!(decode(&encode_segment(name)).as_deref(), Some(name));
    }
}
