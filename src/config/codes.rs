//! The codes of what can be wrong with a user's files, each with its explanation.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $name:literal $explanation:literal)*) => {
        /// What is wrong, as one stable word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum Code { $($variant),* }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// `labwright::config::…`.
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!("labwright::config::", $name)),* }
            }
        }

        /// Every code of this module with its explanation, for `explain CODE`.
        pub static CODES: &[(&str, &str)] = &[$((concat!("labwright::config::", $name), $explanation)),*];
    };
}

codes! {
    NoProject "no_project" "A project is a folder with a `labwright.yaml`. Start one with `labwright init`, or name the folder with `-C DIR`."
    Unreadable "unreadable" "A file or folder of the project could not be read. Labwright reads regular files below the project's root; mend its permissions, or leave it out with `exclude:`."
    NotText "not_text" "Files are UTF-8 text. Save the file as UTF-8 in your editor; spreadsheets call it `CSV UTF-8`."
    TooLarge "too_large" "Files may have 64 MiB each, 512 MiB and 200,000 files in all; anchors may expand to a million values. Beyond that it is rather an accident than a configuration."
    TooDeep "too_deep" "Values may be nested 64 levels deep. Nothing in the language needs more than ten."
    Syntax "syntax" "The file is no YAML from this place on, so the rest of it was not read. The usual causes are indentation, a missing blank after `:`, or a text with `: ` or ` #` in it that needs quotes."
    SecondDocument "second_document" "One file is one document. Put what follows `---` into a file of its own, or take the line away: sections are merged over files."
    UnsupportedYaml "unsupported_yaml" "The language uses plain YAML: maps with text as keys, lists, scalars, anchors and merge keys. Tags such as `!include` and maps as keys are not part of it."
    NotFormatted "not_formatted" "`labwright fmt` takes a new layout only where the file says the same as before, every comment among it. This one's would have lost something, so it stays as it is."
    DuplicateKey "duplicate_key" "A key stands twice in one map. YAML would silently take one of them; take one away, or merge the two."
    NoSection "no_section" "Every YAML file below the project's root is read, and this one holds nothing of labwright's. Leave it out with `exclude:` in labwright.yaml, or move it to a hidden folder."
    UnknownKey "unknown_key" "The key is not part of the language at this place. `labwright schema` prints all of them; editors with a YAML language server complete them."
    SettingElsewhere "setting_elsewhere" "Settings stand in labwright.yaml alone, so that its owners can be asked for review. Move the section there."
    Later "later" "The language knows this word already, but this version of labwright does not carry it out yet. Take it away for now."
    WrongType "wrong_type" "The value is of another type than the key takes: a list where a text belongs, a text where a number belongs. Only `true` and `false` are booleans; quoted digits are text."
    MissingAttribute "missing_attribute" "Something that must be written is written in no layer: neither in the block nor in `defaults`."
    Environment "environment" "A project with `environments:` needs to know which one: `--env NAME`, `LABWRIGHT_ENV`, or `environment: NAME` in labwright.yaml."
    Path "path" "Paths are relative to the file that names them and, links resolved, stay inside the project. Only the `file:` of a secret may be absolute."
    Endpoint "endpoint" "The endpoint is an address of Azure Resource Manager: https, or http on loopback only, without a path."
    NameTwice "name_twice" "A name stands twice in one section, perhaps in two files. Names are unique in a section over all files; rename one, or take one away."
    AzureNameTwice "azure_name_twice" "Two resources would be one and the same in Azure: same kind, same name, same place. Azure does not tell letter case apart. Give one another `name:`, or take one away."
    BadKey "bad_key" "Keys are the names by which the files speak of a resource: letters, digits, `.`, `_` and `-`, a letter or digit first. The name in Azure may be another: `name:`."
    BadName "bad_name" "Azure refuses this name for this kind of resource. The key may stay as it is if `name:` says another."
    BadSubscription "bad_subscription" "A subscription is a GUID or a name of `subscriptions:` in labwright.yaml. Only what lies directly in a resource group has one of its own."
    UnknownReference "unknown_reference" "Nothing of this name is in the files. References name keys, not names in Azure, and letter case counts."
    AmbiguousReference "ambiguous_reference" "The name could mean several kinds of resource. Write `Kind/key`."
    WrongKind "wrong_kind" "The reference names a kind of resource that does not fit here."
    BadRegion "bad_region" "Azure has no region of this name. Any spelling will do: `westeurope`, `West Europe`."
    BadGeography "bad_geography" "Azure has no geography of this name. A geography is a group of regions, such as `Europe`."
    BadSize "bad_size" "Labs have no VM size of this name. Sizes are named as in the portal, such as `Medium`; those of lab plans also by their SKU, such as `Classic_Fsv2_4_8GB_128_S_SSD`."
    BadDuration "bad_duration" "Durations are written `15m`, `20h` or `1h30m`, within the bounds that Azure sets."
    BadDate "bad_date" "Days are written `YYYY-MM-DD` and exist in the calendar."
    BadTime "bad_time" "Times of day are written with hours and minutes, from `00:00` to `23:59`, such as `09:45`: what a clock on the wall shows in the schedule's time zone."
    BadTimeZone "bad_time_zone" "A time zone is written by its name on Windows, such as `W. Europe Standard Time`, or by the one of the IANA database that stands for it, such as `Europe/Berlin`; labwright sends the one that Azure takes. `labwright explain SCH-01` says more."
    BadVersion "bad_version" "Versions of images are three numbers, `Major.Minor.Patch`, such as `1.4.0`."
    BadChoice "bad_choice" "The key takes one of a few words."
    BadNumber "bad_number" "The number is not whole, or outside the bounds that Azure sets."
    BadText "bad_text" "Azure refuses this text."
    Repeated "repeated" "A list of names holds one of them twice. Take one away."
    PlainSecret "plain_secret" "Passwords never stand in files: not as plain text and not made of `$(…)`. Name where it is: `{ env: NAME }` or `{ file: PATH }`."
    BadSecret "bad_secret" "A secret is a reference with exactly one of `env` and `file`."
    UnknownVariable "unknown_variable" "`$(name)` takes variables, `with` and the row of `forEach`, nothing else. A literal `$(` is written `$$(`."
    BadExpression "bad_expression" "`$(` begins a name and needs its `)`; only text, numbers and booleans can stand inside other text. A literal `$(` is written `$$(`."
    ForEach "for_each" "`forEach` makes one resource for each row of exactly one of `rows`, `matrix` and `csv`, and its key must tell the rows apart."
    Csv "csv" "The CSV file does not fit: a first line with unique column names, then rows with as many cells, delimited by comma, semicolon or tab."
    NoRows "no_rows" "The list has no rows, so the block would make nothing. If that is meant, write `allowEmpty: true`."
    RowTwice "row_twice" "Two rows make resources of one name. The key must hold what tells the rows apart."
    Cycle "cycle" "Resources wait for each other in a circle, so none could be first. Take one `dependsOn` of the circle away."
    Moved "moved" "`moved` renames a key: `from` is no longer in the files, `to` is. Both are of one kind."
    Forget "forget" "`forget` drops the record of something that is no longer in the files, and keeps the thing."
    Policy "policy" "A standing consent names what (`delete`, `replace`, `shrink`, `republish`, `reexport`), to which kind or address, why and until when."
    NotForExported "not_for_exported" "An image that is exported from a lab is made by the service: its system, identifier and versions come from the export."
    BadId "bad_id" "An id is that of a resource in Azure, `/subscriptions/GUID/resourceGroups/GROUP/providers/…`, and of a type that the key takes. The portal shows it among a resource's properties. Where more is needed than an id tells, the resource has a block of its own: `adopt: true` takes it over as it is."
    IdContradicts "id_contradicts" "`id:` stands for the subscription, the group and the name of a resource, or for the name within what it lies in. What the block says beside it says the same, or is taken away."
    IdOfOurs "id_of_ours" "`{ id: … }` is for what labwright does not manage. What is in the files is named by its key, so that everything waits for it as it should."
    OneSource "one_source" "A version of an image is made of exactly one source."
}

impl Code {
    /// The code whose last part is `name`, for what the kinds themselves find wrong.
    pub(super) fn of_kind(name: &str) -> Self {
        match name {
            "not_for_exported" => Self::NotForExported,
            "unknown_key" => Self::UnknownKey,
            "bad_name" => Self::BadName,
            "bad_number" => Self::BadNumber,
            "bad_size" => Self::BadSize,
            "one_source" => Self::OneSource,
            _ => Self::MissingAttribute,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        let names: BTreeSet<_> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(names.len(), CODES.len());
        for code in Code::ALL {
            assert!(names.contains(code.as_str()), "{code}");
        }
        assert!(CODES.iter().all(|(_, explanation)| explanation.ends_with('.')));
    }

    #[test]
    fn codes_of_the_kinds_are_known_here() {
        for name in [
            "missing_attribute",
            "not_for_exported",
            "one_source",
            "unknown_key",
            "bad_name",
            "bad_number",
            "bad_size",
        ] {
            assert_eq!(Code::of_kind(name).as_str(), format!("labwright::config::{name}"));
        }
    }
}
