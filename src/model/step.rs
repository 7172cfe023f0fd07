//! Steps: the fixed requests that make an action, as data.
//!
//! A kind writes them when the plan is made, the executor carries them out without knowing the kind.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ArmId, Row};

/// An HTTP method of ARM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or replaces; idempotent.
    Put,
    /// Merges (RFC 7396).
    Patch,
    /// Acts; not idempotent.
    Post,
    /// Deletes; 204 where nothing is.
    Delete,
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One mutating request of an action, and how its end is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it does, in two or three words: `create lab`.
    pub name: Cow<'static, str>,
    /// What must hold before the request leaves; waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<Until>,
    /// The request; `None` for a step that only records.
    pub request: Option<Request>,
    /// A bulk correction of a list after the request, idempotent as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// What tells after a lost answer whether the request took effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What must hold for the step to be done, after any long-running operation ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<Until>,
    /// What to read into the row's outputs when it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    /// What is written down together with the step's end.
    pub record: Recording,
}

impl Step {
    /// A step that asks nothing of Azure and only records.
    #[must_use]
    pub fn recording(name: impl Into<Cow<'static, str>>, record: Recording) -> Self {
        Self {
            name: name.into(),
            ready: Vec::new(),
            request: None,
            sweep: None,
            evidence: None,
            until: Vec::new(),
            outputs: Vec::new(),
            record,
        }
    }
}

/// A request to ARM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, an ARM id with an action's name where the request is a POST.
    pub path: ArmId,
    /// The api-version.
    pub api_version: Cow<'static, str>,
    /// The JSON body. A secret is `{"$secret": <SecretReference>}`; it is opened as the request leaves.
    pub body: Option<Value>,
    /// Whether the body is merged (RFC 7396) onto what a GET of the path answers before it is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub onto: bool,
    /// Parts of the body that only Azure knows, read in the request's turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fills: Vec<Fill>,
}

/// A part of a body that only Azure knows: an id that it gave, an image by the name that people see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// RFC 6901 pointer of where it goes. What the body has there is merged onto it (RFC 7396).
    pub pointer: String,
    /// What is read.
    pub read: Read,
    /// What of it is taken; where that is absent the request fails and does not leave.
    pub take: Take,
}

/// A GET.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Read {
    /// The path.
    pub path: ArmId,
    /// The api-version.
    pub api_version: Cow<'static, str>,
    /// More of the query, such as `$expand=ReplicationStatus`, not percent-encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Whether it is a list: every page is read, repeats (by id) dropped, the answer is an array.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
}

/// Something to wait for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Until {
    /// A GET answers 200.
    Exists {
        /// What is read.
        read: Read,
    },
    /// A GET answers 404.
    Gone {
        /// What is read.
        read: Read,
    },
    /// `properties.provisioningState` is `Succeeded`; `Failed` or `Canceled` fail the step.
    Provisioned {
        /// What is read.
        read: Read,
    },
    /// The text at a JSON pointer is one of `is`; one of `fails` fails the step.
    Field {
        /// What is read.
        read: Read,
        /// RFC 6901 pointer.
        pointer: String,
        /// The wanted values.
        is: Vec<String>,
        /// The values that mean failure.
        fails: Vec<String>,
    },
    /// `properties.replicationStatus.aggregatedState` is `Completed`; `Failed` fails the step.
    Replicated {
        /// A GET with `$expand=ReplicationStatus`.
        read: Read,
    },
    /// A version that was not in the evidence before shows in the list, provisioned and replicated.
    NewVersion {
        /// The list of versions.
        read: Read,
    },
}

/// What is read before a request leaves and looked at again after a lost answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is read.
    pub read: Read,
    /// What of it counts.
    pub look: Look,
}

/// What of an evidence's read is compared; a difference means that the request took effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Look {
    /// Whether it exists.
    Exists,
    /// The values at these JSON pointers.
    Fields(Vec<String>),
    /// The names of the list's items.
    Names,
}

/// A value of Azure's that is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name in the row's outputs.
    pub name: String,
    /// What is read.
    pub read: Read,
    /// What of it is kept; nothing is recorded where it is absent.
    pub take: Take,
}

/// What of a read becomes an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Take {
    /// The value at this JSON pointer.
    Pointer(String),
    /// The highest version's name among the list's items that are not excluded from latest.
    Newest,
    /// All items' names, sorted.
    Names,
    /// The target regions of the highest version among the list's items, sorted.
    NewestRegions,
    /// A value of the list's first item that has a text at one of these JSON pointers, in any letter case.
    Item {
        /// The pointers.
        at: Vec<String>,
        /// The text.
        is: String,
        /// JSON pointer of the value.
        value: String,
    },
}

/// Makes the switches of a list's items what they should be, one request for each that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The list.
    pub read: Read,
    /// JSON pointers of the switch in an item; the first that is there is read, the first is written.
    pub switch: Vec<String>,
    /// The value that means on, and the one that means off.
    pub on_off: (Value, Value),
    /// Which items should be on.
    pub wanted: SweepWanted,
    /// Names of items that come into the list late. They are waited for until the time is over in which an
    /// effect shows; one that is not there by then is never listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaits: Vec<String>,
    /// Which items of the list it is about; all of them where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Whether a PATCH of the switch alone is sent in place of a PUT of the whole item.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub patches: bool,
}

/// The items of a list that belong to something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Within {
    /// JSON pointer of an id in an item.
    pub pointer: String,
    /// What the id is, or lies in.
    pub id: ArmId,
}

/// Which items of a swept list should be switched on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SweepWanted {
    /// Those with these names; the others off.
    Exactly(Vec<String>),
    /// Every one.
    All,
}

/// What a step's end writes down about the action's address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Recording {
    /// Nothing yet.
    Nothing,
    /// The row; recorded outputs that the step does not read anew stay.
    Put(Box<Row>),
    /// The row with what Azure shows of it in place of what it says: it was there before.
    Adopt(Box<Row>),
    /// One more item of the list at a dotted attribute path; kept sorted.
    Include {
        /// The attribute's dotted path.
        path: String,
        /// The item.
        item: Value,
        /// What the row depends on from now on.
        depends_on: Vec<super::Address>,
    },
    /// The row is dropped.
    Delete,
    /// As [`Delete`](Self::Delete), and with it the rows of what was done to it: a lab made anew is not published.
    DeleteWithDone {
        /// The addresses of what was done.
        done: Vec<super::Address>,
    },
    /// The row of `from`, its children and all references to them get this address.
    Move {
        /// The old address.
        from: super::Address,
    },
}

/// What must be true of the live resource before an action's first request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Expectation {
    /// Nothing is asked.
    Anything,
    /// Nothing is there yet: ARM's PUT takes over what exists without a word.
    Absent {
        /// The GET that must answer 404.
        read: Read,
    },
    /// A property that is to be set has no value yet.
    Unset {
        /// The GET of what has the property.
        read: Read,
        /// RFC 6901 pointer of the property.
        pointer: String,
    },
    /// Its managed attributes are still what was recorded when the plan was made, or already what is asked.
    AsRecorded,
    /// It was never done before. Where it was, and well, the action is recorded as done instead of
    /// being carried out.
    NeverDone {
        /// What is read.
        read: Read,
        /// What of it shows an earlier doing.
        done: Done,
    },
}

/// What shows that something was done already; a failed attempt does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Done {
    /// The text at a JSON pointer is one of `is`.
    Field {
        /// RFC 6901 pointer.
        pointer: String,
        /// The values that show it.
        is: Vec<String>,
    },
    /// Some item of the list has succeeded.
    SucceededItem,
}

/// A list that must hold nothing unknown before its container goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// The list.
    pub read: Read,
    /// What its items are called in a message, in the plural.
    pub noun: String,
}
