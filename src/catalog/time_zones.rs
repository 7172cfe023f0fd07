//! Time zones, by the name that Windows has for each and by the one of the IANA database.
//!
//! Source: Unicode CLDR 46 (October 2024), `windowsZones.xml`, the rows of territory 001: one IANA name for each name of
//! Windows. Later names of the same zones are IANA's own, of its file `backward`.

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone {
    /// Its name on Windows, such as `W. Europe Standard Time`: what lab accounts take.
    pub windows: &'static str,
    /// Its name in the IANA database, such as `Europe/Berlin`: what lab plans take.
    pub iana: &'static str,
}

macro_rules! zones {
    ($($windows:literal $iana:literal)*) => {
        static ZONES: &[TimeZone] = &[$(TimeZone { windows: $windows, iana: $iana }),*];
    };
}

zones! {
    "Dateline Standard Time" "Etc/GMT+12"
    "UTC-11" "Etc/GMT+11"
    "Aleutian Standard Time" "America/Adak"
    "Hawaiian Standard Time" "Pacific/Honolulu"
    "Marquesas Standard Time" "Pacific/Marquesas"
    "Alaskan Standard Time" "America/Anchorage"
    "UTC-09" "Etc/GMT+9"
    "Pacific Standard Time (Mexico)" "America/Tijuana"
    "UTC-08" "Etc/GMT+8"
    "Pacific Standard Time" "America/Los_Angeles"
    "US Mountain Standard Time" "America/Phoenix"
    "Mountain Standard Time (Mexico)" "America/Mazatlan"
    "Mountain Standard Time" "America/Denver"
    "Yukon Standard Time" "America/Whitehorse"
    "Central America Standard Time" "America/Guatemala"
    "Central Standard Time" "America/Chicago"
    "Easter Island Standard Time" "Pacific/Easter"
    "Central Standard Time (Mexico)" "America/Mexico_City"
    "Canada Central Standard Time" "America/Regina"
    "SA Pacific Standard Time" "America/Bogota"
    "Eastern Standard Time (Mexico)" "America/Cancun"
    "Eastern Standard Time" "America/New_York"
    "Haiti Standard Time" "America/Port-au-Prince"
    "Cuba Standard Time" "America/Havana"
    "US Eastern Standard Time" "America/Indianapolis"
    "Turks And Caicos Standard Time" "America/Grand_Turk"
    "Paraguay Standard Time" "America/Asuncion"
    "Atlantic Standard Time" "America/Halifax"
    "Venezuela Standard Time" "America/Caracas"
    "Central Brazilian Standard Time" "America/Cuiaba"
    "SA Western Standard Time" "America/La_Paz"
    "Pacific SA Standard Time" "America/Santiago"
    "Newfoundland Standard Time" "America/St_Johns"
    "Tocantins Standard Time" "America/Araguaina"
    "E. South America Standard Time" "America/Sao_Paulo"
    "SA Eastern Standard Time" "America/Cayenne"
    "Argentina Standard Time" "America/Buenos_Aires"
    "Greenland Standard Time" "America/Godthab"
    "Montevideo Standard Time" "America/Montevideo"
    "Magallanes Standard Time" "America/Punta_Arenas"
    "Saint Pierre Standard Time" "America/Miquelon"
    "Bahia Standard Time" "America/Bahia"
    "UTC-02" "Etc/GMT+2"
    "Azores Standard Time" "Atlantic/Azores"
    "Cape Verde Standard Time" "Atlantic/Cape_Verde"
    "UTC" "Etc/UTC"
    "GMT Standard Time" "Europe/London"
    "Greenwich Standard Time" "Atlantic/Reykjavik"
    "Sao Tome Standard Time" "Africa/Sao_Tome"
    "Morocco Standard Time" "Africa/Casablanca"
    "W. Europe Standard Time" "Europe/Berlin"
    "Central Europe Standard Time" "Europe/Budapest"
    "Romance Standard Time" "Europe/Paris"
    "Central European Standard Time" "Europe/Warsaw"
    "W. Central Africa Standard Time" "Africa/Lagos"
    "Jordan Standard Time" "Asia/Amman"
    "GTB Standard Time" "Europe/Bucharest"
    "Middle East Standard Time" "Asia/Beirut"
    "Egypt Standard Time" "Africa/Cairo"
    "E. Europe Standard Time" "Europe/Chisinau"
    "Syria Standard Time" "Asia/Damascus"
    "West Bank Standard Time" "Asia/Hebron"
    "South Africa Standard Time" "Africa/Johannesburg"
    "FLE Standard Time" "Europe/Kiev"
    "Israel Standard Time" "Asia/Jerusalem"
    "South Sudan Standard Time" "Africa/Juba"
    "Kaliningrad Standard Time" "Europe/Kaliningrad"
    "Sudan Standard Time" "Africa/Khartoum"
    "Libya Standard Time" "Africa/Tripoli"
    "Namibia Standard Time" "Africa/Windhoek"
    "Arabic Standard Time" "Asia/Baghdad"
    "Turkey Standard Time" "Europe/Istanbul"
    "Arab Standard Time" "Asia/Riyadh"
    "Belarus Standard Time" "Europe/Minsk"
    "Russian Standard Time" "Europe/Moscow"
    "E. Africa Standard Time" "Africa/Nairobi"
    "Volgograd Standard Time" "Europe/Volgograd"
    "Iran Standard Time" "Asia/Tehran"
    "Arabian Standard Time" "Asia/Dubai"
    "Astrakhan Standard Time" "Europe/Astrakhan"
    "Azerbaijan Standard Time" "Asia/Baku"
    "Russia Time Zone 3" "Europe/Samara"
    "Mauritius Standard Time" "Indian/Mauritius"
    "Saratov Standard Time" "Europe/Saratov"
    "Georgian Standard Time" "Asia/Tbilisi"
    "Caucasus Standard Time" "Asia/Yerevan"
    "Afghanistan Standard Time" "Asia/Kabul"
    "West Asia Standard Time" "Asia/Tashkent"
    "Qyzylorda Standard Time" "Asia/Qyzylorda"
    "Ekaterinburg Standard Time" "Asia/Yekaterinburg"
    "Pakistan Standard Time" "Asia/Karachi"
    "India Standard Time" "Asia/Calcutta"
    "Sri Lanka Standard Time" "Asia/Colombo"
    "Nepal Standard Time" "Asia/Katmandu"
    "Central Asia Standard Time" "Asia/Bishkek"
    "Bangladesh Standard Time" "Asia/Dhaka"
    "Omsk Standard Time" "Asia/Omsk"
    "Myanmar Standard Time" "Asia/Rangoon"
    "SE Asia Standard Time" "Asia/Bangkok"
    "Altai Standard Time" "Asia/Barnaul"
    "W. Mongolia Standard Time" "Asia/Hovd"
    "North Asia Standard Time" "Asia/Krasnoyarsk"
    "N. Central Asia Standard Time" "Asia/Novosibirsk"
    "Tomsk Standard Time" "Asia/Tomsk"
    "China Standard Time" "Asia/Shanghai"
    "North Asia East Standard Time" "Asia/Irkutsk"
    "Singapore Standard Time" "Asia/Singapore"
    "W. Australia Standard Time" "Australia/Perth"
    "Taipei Standard Time" "Asia/Taipei"
    "Ulaanbaatar Standard Time" "Asia/Ulaanbaatar"
    "Aus Central W. Standard Time" "Australia/Eucla"
    "Transbaikal Standard Time" "Asia/Chita"
    "Tokyo Standard Time" "Asia/Tokyo"
    "North Korea Standard Time" "Asia/Pyongyang"
    "Korea Standard Time" "Asia/Seoul"
    "Yakutsk Standard Time" "Asia/Yakutsk"
    "Cen. Australia Standard Time" "Australia/Adelaide"
    "AUS Central Standard Time" "Australia/Darwin"
    "E. Australia Standard Time" "Australia/Brisbane"
    "AUS Eastern Standard Time" "Australia/Sydney"
    "West Pacific Standard Time" "Pacific/Port_Moresby"
    "Tasmania Standard Time" "Australia/Hobart"
    "Vladivostok Standard Time" "Asia/Vladivostok"
    "Lord Howe Standard Time" "Australia/Lord_Howe"
    "Bougainville Standard Time" "Pacific/Bougainville"
    "Russia Time Zone 10" "Asia/Srednekolymsk"
    "Magadan Standard Time" "Asia/Magadan"
    "Norfolk Standard Time" "Pacific/Norfolk"
    "Sakhalin Standard Time" "Asia/Sakhalin"
    "Central Pacific Standard Time" "Pacific/Guadalcanal"
    "Russia Time Zone 11" "Asia/Kamchatka"
    "New Zealand Standard Time" "Pacific/Auckland"
    "UTC+12" "Etc/GMT-12"
    "Fiji Standard Time" "Pacific/Fiji"
    "Chatham Islands Standard Time" "Pacific/Chatham"
    "UTC+13" "Etc/GMT-13"
    "Tonga Standard Time" "Pacific/Tongatapu"
    "Samoa Standard Time" "Pacific/Apia"
    "Line Islands Standard Time" "Pacific/Kiritimati"
}

/// Zones that IANA has given another name, which CLDR does not follow: the later name, and the one above.
static RENAMED: &[(&str, &str)] = &[
    ("America/Argentina/Buenos_Aires", "America/Buenos_Aires"),
    ("America/Indiana/Indianapolis", "America/Indianapolis"),
    ("America/Nuuk", "America/Godthab"),
    ("Asia/Kathmandu", "Asia/Katmandu"),
    ("Asia/Kolkata", "Asia/Calcutta"),
    ("Asia/Yangon", "Asia/Rangoon"),
    ("Europe/Kyiv", "Europe/Kiev"),
];

/// Other places with the clock of a zone: a few of the same file's rows of other territories, those of many universities.
static PLACES: &[(&str, &[&str])] = &[
    (
        "W. Europe Standard Time",
        &[
            "Europe/Amsterdam",
            "Europe/Luxembourg",
            "Europe/Oslo",
            "Europe/Rome",
            "Europe/Stockholm",
            "Europe/Vienna",
            "Europe/Zurich",
        ],
    ),
    ("Romance Standard Time", &["Europe/Brussels", "Europe/Copenhagen", "Europe/Madrid"]),
    (
        "Central Europe Standard Time",
        &["Europe/Belgrade", "Europe/Bratislava", "Europe/Ljubljana", "Europe/Prague"],
    ),
    ("Central European Standard Time", &["Europe/Sarajevo", "Europe/Skopje", "Europe/Zagreb"]),
    (
        "FLE Standard Time",
        &["Europe/Helsinki", "Europe/Riga", "Europe/Sofia", "Europe/Tallinn", "Europe/Vilnius"],
    ),
    ("GTB Standard Time", &["Europe/Athens"]),
    ("GMT Standard Time", &["Europe/Dublin", "Europe/Lisbon"]),
    ("Eastern Standard Time", &["America/Detroit", "America/Toronto"]),
    ("Central Standard Time", &["America/Winnipeg"]),
    ("Mountain Standard Time", &["America/Boise", "America/Edmonton"]),
    ("Pacific Standard Time", &["America/Vancouver"]),
    ("China Standard Time", &["Asia/Hong_Kong", "Asia/Macau"]),
    ("Singapore Standard Time", &["Asia/Kuala_Lumpur", "Asia/Manila"]),
    ("SE Asia Standard Time", &["Asia/Jakarta"]),
    ("AUS Eastern Standard Time", &["Australia/Melbourne"]),
];

/// The zone with this name, of either list or of another place with its clock, in any letter case.
#[must_use]
pub fn time_zone(name: &str) -> Option<&'static TimeZone> {
    let renamed = RENAMED.iter().find(|(later, _)| later.eq_ignore_ascii_case(name));
    let name = renamed.map_or(name, |(_, before)| before);
    let is_there = |places: &&[&str]| places.iter().any(|place| place.eq_ignore_ascii_case(name));
    let place = PLACES.iter().find(|(_, places)| is_there(places));
    let name = place.map_or(name, |(windows, _)| windows);
    ZONES.iter().find(|zone| [zone.windows, zone.iana].iter().any(|own| own.eq_ignore_ascii_case(name)))
}

/// Every zone, from the west to the east.
#[must_use]
pub fn time_zones() -> &'static [TimeZone] {
    ZONES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_zone_is_found_by_either_name_and_by_a_later_one() {
        for (name, windows) in [
            ("W. Europe Standard Time", "W. Europe Standard Time"),
            ("w. europe standard time", "W. Europe Standard Time"),
            ("Europe/Berlin", "W. Europe Standard Time"),
            ("Europe/Kyiv", "FLE Standard Time"),
            ("europe/amsterdam", "W. Europe Standard Time"),
            ("Asia/Kolkata", "India Standard Time"),
        ] {
            assert_eq!(time_zone(name).map(|zone| zone.windows), Some(windows), "{name}");
        }
        assert_eq!(time_zone("Europe/Atlantis"), None);
    }

    #[test]
    fn each_name_means_one_zone_so_that_either_leads_to_the_other() {
        let names = ZONES.iter().flat_map(|zone| [zone.windows, zone.iana]);
        let different: BTreeSet<_> = names.map(str::to_ascii_lowercase).collect();
        assert_eq!(different.len(), 2 * ZONES.len());
        for (later, before) in RENAMED {
            assert!(time_zone(later).is_some_and(|zone| zone.iana == *before), "{later}");
        }
        for (windows, places) in PLACES {
            assert!(ZONES.iter().any(|zone| zone.windows == *windows), "{windows}");
            for place in *places {
                assert!(ZONES.iter().all(|zone| zone.iana != *place), "{place} stands twice");
                assert!(time_zone(place).is_some_and(|zone| zone.windows == *windows), "{place}");
            }
        }
        // What lab plans take is at most 50 characters long.
        assert!(ZONES.iter().all(|zone| zone.iana.len() <= 50 && zone.windows.len() <= 50));
    }
}
