//! For any configuration: the plan is sound, can be carried out, and leaves nothing to do.

use labwright::model::Recorded;
use labwright::plan::{Options, plan};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::world::{carried_out, desired, options, planned, verbs};

/// A configuration drawn from a few numbers: which of its parts are there, and their values.
#[derive(Debug, Clone)]
struct Drawn {
    images: Vec<(bool, u8, bool)>,
    labs: Vec<(u8, u32, bool)>,
    exported: bool,
    region: bool,
    sizes: bool,
    /// Whether the labs are a lab plan's rather than a lab account's.
    of_plan: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let images = prop::collection::vec((any::<bool>(), 1..3u8, any::<bool>()), 0..4);
    let labs = prop::collection::vec((0..6u8, 0..40u32, any::<bool>()), 0..6);
    (images, labs, any::<[bool; 4]>()).prop_map(|(images, labs, [exported, region, sizes, of_plan])| Drawn {
        images,
        labs,
        exported,
        region,
        sizes,
        of_plan,
    })
}

fn lecture(lab: &str, starts: bool) -> Value {
    let start = if starts { "09:45" } else { "none" };
    json!({
        "name": "lecture", "lab": lab, "timeZone": "UTC", "from": "2027-02-01", "until": "2027-06-11",
        "days": ["Mon"], "start": start, "stop": "12:00",
    })
}

fn config(drawn: &Drawn) -> Value {
    let region = if drawn.region { "westeurope" } else { "northeurope" };
    let mut config = Map::new();
    let mut put = |address: String, value: Value| drop(config.insert(address, value));
    put("ResourceGroup/rg".into(), json!({ "location": region }));
    put("Gallery/sig".into(), json!({ "resourceGroup": "rg", "location": region }));
    let holder = if drawn.of_plan { "LabPlan/lp" } else { "LabAccount/la" };
    put(holder.into(), json!({ "resourceGroup": "rg", "location": region }));
    let credentials = json!({ "username": "student", "password": { "env": "P" } });
    let lab = |image: &str, capacity: u32| {
        let size = if drawn.sizes { "Small" } else { "Medium" };
        let quota = if drawn.exported { "PT10H" } else { "PT20H" };
        json!({ "in": holder, "image": image, "size": size, "capacity": capacity, "quota": quota, "credentials": credentials })
    };
    let mut enabled = Vec::new();
    for (at, (generalized, versions, on)) in drawn.images.iter().enumerate() {
        let state = if *generalized { "Generalized" } else { "Specialized" };
        put(
            format!("Image/i{at}"),
            json!({
                "gallery": "Gallery/sig",
                "os": { "type": "Linux", "state": state, "hyperV": "V1" },
                "identifier": { "publisher": "p", "offer": "o", "sku": format!("i{at}") },
            }),
        );
        for version in 0..*versions {
            let source = json!({ "managedDisk": format!("/subscriptions/s/a/b/d{at}{version}") });
            put(
                format!("ImageVersion/i{at}/1.0.{version}"),
                json!({ "image": format!("Image/i{at}"), "source": source }),
            );
        }
        if *on {
            enabled.push(format!("Image/i{at}"));
        }
    }
    if drawn.exported {
        put("Lab/golden".into(), lab("Marketplace/Ubuntu Server 22.04 LTS", 1));
        put("Image/exported".into(), json!({ "gallery": "Gallery/sig" }));
        put(
            "Export/exported".into(),
            json!({ "image": "Image/exported", "lab": "Lab/golden", "revision": 1, "fresh": true }),
        );
        enabled.insert(0, "Image/exported".into());
    }
    for (at, (image, capacity, published)) in drawn.labs.iter().enumerate() {
        let image =
            enabled.get(usize::from(*image)).map_or("Marketplace/Ubuntu Server 22.04 LTS", String::as_str);
        put(format!("Lab/l{at}"), lab(image, *capacity));
        if *published {
            put(format!("Publish/l{at}"), json!({ "lab": format!("Lab/l{at}"), "revision": 1 }));
        }
        if capacity % 2 == 0 {
            put(format!("Schedule/l{at}/lecture"), lecture(&format!("Lab/l{at}"), drawn.sizes));
        }
    }
    put(
        "GalleryAttachment/core".into(),
        json!({ "to": holder, "gallery": "Gallery/sig", "enabledImages": enabled }),
    );
    Value::Object(config)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_sound_and_leaves_nothing_to_do(first in drawn(), second in drawn()) {
        let (first, second) = (desired(&config(&first)), desired(&config(&second)));
        let nothing = Recorded::default();
        let (recorded, _) = carried_out(&planned(&first, &nothing), &nothing);
        let again = planned(&first, &recorded);
        prop_assert!(again.is_empty(), "after the first apply: {:?}", verbs(&again));
        let (recorded, _) = carried_out(&planned(&second, &recorded), &recorded);
        let again = planned(&second, &recorded);
        prop_assert!(again.is_empty(), "after the second apply: {:?}", verbs(&again));
        prop_assert!(again.records.is_empty(), "and nothing is only recorded: {:?}", again.records);
        let destroy = plan(&second, &recorded, &Options { destroy: true, ..options() }).expect("a plan");
        let broken = labwright::plan::check(&destroy);
        prop_assert!(broken.is_empty(), "{broken:?}");
        let (left, _) = carried_out(&destroy, &recorded);
        prop_assert!(left.rows.is_empty());
    }
}
