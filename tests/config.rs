//! The language, by example: files in, resources or problems out.

#[path = "config_tree/mod.rs"]
mod config_tree;

use config_tree::{CSV, Memory, SAMPLE, codes, project};
use labwright::config::{CloudSettings, GuidOrEnv, Options, load, to_yaml};
use labwright::model::{AllowedWhat, Severity};
use serde_json::json;

fn sample() -> Memory {
    Memory::of([("labwright.yaml", SAMPLE), ("terms/spring27.csv", CSV)])
}

#[test]
fn a_project_becomes_resources_in_normal_form() {
    let project = load(&sample(), &Options::default()).expect("a good project");
    let resources = &project.desired.resources;
    let addresses: Vec<_> = resources.keys().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        [
            "Export/db-sql",
            "Gallery/sig_cs_prod",
            "GalleryAttachment/core",
            "Image/db-sql",
            "Image/java-dev",
            "ImageVersion/java-dev/1.4.0",
            "Lab/cs101-A-Spring2027",
            "Lab/cs101-B-Spring2027",
            "Lab/cs340-golden",
            "LabAccount/cs-core-la",
            "Publish/cs101-A-Spring2027",
            "Publish/cs101-B-Spring2027",
            "ResourceGroup/cslabs-rg",
        ]
    );
    let gallery = &resources["Gallery/sig_cs_prod"];
    assert_eq!(gallery.attributes["location"], "westeurope");
    assert_eq!(gallery.attributes["resourceGroup"], "CSLabs");
    assert_eq!(gallery.attributes["tags"], json!({ "department": "cs", "owner": "ana" }));
    assert!(
        gallery.defaulted.contains_key("tags.department") && !gallery.defaulted.contains_key("tags.owner")
    );
    assert_eq!(gallery.protect, Some(true));
    let lab = &resources["Lab/cs101-A-Spring2027"];
    assert_eq!(lab.attributes["capacity"], 40);
    assert_eq!(lab.attributes["quota"], "PT20H");
    assert_eq!(lab.attributes["name"], "cs101-A-Spring2027");
    assert_eq!(lab.attributes["autoShutdown"], json!({ "shutDownAfterDisconnect": "PT15M" }));
    assert_eq!(
        lab.attributes["credentials"],
        json!({ "username": "student", "password": { "env": "LAB_PASSWORD" } })
    );
    assert!(!resources["Lab/cs101-B-Spring2027"].attributes.contains_key("capacity"));
    assert_eq!(resources["Image/java-dev"].attributes["os"]["type"], "Linux");
    assert!(!resources["Image/java-dev"].attributes.contains_key("replicate"));
}

#[test]
fn a_value_knows_where_it_is_written() {
    let project = load(&sample(), &Options::default()).expect("a good project");
    let at = |address: &str, path: &str| {
        let resource = &project.desired.resources[address];
        let source = resource.source_of(path);
        format!("{}:{}:{}", source.file, source.line, source.column)
    };
    assert_eq!(at("Lab/cs101-A-Spring2027", ""), "terms/spring27.csv:2:1");
    assert_eq!(at("Lab/cs101-A-Spring2027", "capacity"), "terms/spring27.csv:2:35");
    assert_eq!(at("Lab/cs101-A-Spring2027", "in"), "terms/spring27.csv:2:9");
    assert_eq!(at("Lab/cs101-A-Spring2027", "quota"), "labwright.yaml:42:12");
    assert_eq!(at("Gallery/sig_cs_prod", "location"), "labwright.yaml:5:46");
    assert_eq!(at("ImageVersion/java-dev/1.4.0", ""), "labwright.yaml:24:7");
}

#[test]
fn what_is_shown_expanded_reads_back_as_the_same() {
    let first = load(&sample(), &Options::default()).expect("a good project");
    let text = to_yaml(&first.desired);
    let again = Memory::of([("labwright.yaml", "project: contoso-cs"), ("all.yaml", &text)]);
    let second = load(&again, &Options::default()).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    assert_eq!(to_yaml(&second.desired), text);
    let attributes = |project: &labwright::config::Project| {
        let all = project.desired.resources.iter();
        all.map(|(address, own)| (address.clone(), own.attributes.clone())).collect::<Vec<_>>()
    };
    assert_eq!(attributes(&first), attributes(&second));
}

#[test]
fn the_order_of_files_means_nothing() {
    let one = [
        ("labwright.yaml", "project: p"),
        ("a.yaml", "resourceGroups: { g: { location: westeurope } }"),
        ("b.yaml", "galleries: { s: { resourceGroup: g, location: westeurope } }"),
    ];
    let mut two = one;
    two.swap(1, 2);
    let [one, two] = [one, two].map(|files| to_yaml(&project(&files).expect("a good project").desired));
    assert_eq!(one, two);
}

#[test]
fn settings_of_azure_and_environments() {
    let yaml = "
project: p
subscriptions: { main: { env: AZURE_SUBSCRIPTION_ID }, labs2: 00000000-0000-0000-0000-000000000002 }
environment: dev
environments:
  dev: {}
  prod:
    include: [prod/]
    variables: { size: Large }
    cloud: { azure: { subscription: labs2, tenant: { env: AZURE_TENANT_ID }, auth: client-secret } }
variables: { size: Small }
";
    let tree = Memory::of([
        ("labwright.yaml", yaml),
        ("dev-only.yaml", "forget: [Lab/old]"),
        ("prod/a.yaml", "moved: []"),
    ]);
    let dev = load(&tree, &Options::default()).expect("a good project");
    assert_eq!(dev.settings.cloud, CloudSettings::Emulator);
    assert_eq!(dev.settings.state, ".labwright/dev/state.db");
    assert_eq!(dev.desired.forget.len(), 1);
    let options = Options { environment: Some("prod".into()), ..Options::default() };
    let prod = load(&tree, &options).expect("a good project");
    let CloudSettings::Azure(azure) = &prod.settings.cloud else { panic!("azure") };
    assert_eq!(azure.endpoint, "https://management.azure.com");
    assert_eq!(azure.tenant, Some(GuidOrEnv::Env("AZURE_TENANT_ID".into())));
    assert!(prod.desired.real_endpoint);
    assert_eq!(prod.desired.subscription, "labs2");
    assert_eq!(prod.desired.identity.subscription.as_deref(), Some("00000000-0000-0000-0000-000000000002"));
    assert_eq!(prod.desired.forget.len(), 0);
}

#[test]
fn an_environment_must_be_named_where_there_are_any() {
    let yaml = "project: p\nenvironments: { dev: {}, prod: {} }";
    assert_eq!(codes(&[("labwright.yaml", yaml)]), ["environment"]);
    let yaml = "project: p\nenvironment: prd\nenvironments: { dev: {}, prod: {} }";
    assert_eq!(codes(&[("labwright.yaml", yaml)]), ["environment"]);
}

#[test]
fn null_drops_what_was_inherited_and_lists_replace() {
    let yaml = "
project: p
defaults: { all: { resourceGroup: g, location: westeurope, tags: { a: x, b: y } } }
galleries: { one: { tags: { a: null, c: z } }, two: { tags: null } }
";
    let project = project(&[("labwright.yaml", yaml)]).expect("a good project");
    assert_eq!(project.desired.resources["Gallery/one"].attributes["tags"], json!({ "b": "y", "c": "z" }));
    assert!(!project.desired.resources["Gallery/two"].attributes.contains_key("tags"));
}

#[test]
fn null_in_a_layer_drops_what_lies_below_it_and_not_what_the_language_does_not_know() {
    let yaml = "
project: p
environment: e
environments: { e: { defaults: { galleries: { tags: { a: null } } } } }
defaults: { all: { resourceGroup: g, location: westeurope, tags: { a: x, b: y } } }
galleries: { one: {} }
";
    let read = project(&[("labwright.yaml", yaml)]).expect("a good project");
    assert_eq!(read.desired.resources["Gallery/one"].attributes["tags"], json!({ "b": "y" }));
    let wrong = "
project: p
defaults: { all: { resourceGroup: g, location: westeurope } }
galleries: { one: { descripton: } }
labAccounts: { la: {} }
labs:
  optics: { in: la, image: Marketplace/x, size: Small, capacity:25, publish: { revison: , revision: 1 },
    autoShutdown: { shutDownAfterDisconect: } }
";
    let shown = config_tree::rendered(&Memory::of([("labwright.yaml", wrong)]), &Options::default());
    for said in ["descripton", "capacity: 25", "perhaps `revision`?", "perhaps `shutDownAfterDisconnect`?"] {
        assert!(shown.contains(said), "{said} in\n{shown}");
    }
    assert_eq!(codes(&[("labwright.yaml", wrong)]), ["unknown_key"; 4]);
}

#[test]
fn credentials_come_from_several_layers_and_one_secret_takes_the_place_of_another() {
    let yaml = "
project: p
defaults:
  all: { resourceGroup: g, location: westeurope }
  labs: { in: la, image: Marketplace/x, size: Small, credentials: { password: { env: PW } } }
labAccounts: { la: {} }
labs:
  a: { credentials: { username: bob } }
  b: { credentials: { username: eve, password: { file: /run/eve } } }
";
    let project = project(&[("labwright.yaml", yaml)]).expect("a good project");
    let of = |lab: &str| project.desired.resources[lab].attributes["credentials"].clone();
    assert_eq!(of("Lab/a"), json!({ "username": "bob", "password": { "env": "PW" } }));
    assert_eq!(of("Lab/b"), json!({ "username": "eve", "password": { "file": "/run/eve" } }));
}

#[test]
fn a_cell_splits_wherever_a_list_is_wanted() {
    let yaml = "
project: p
defaults: { all: { resourceGroup: g, location: westeurope } }
labAccounts: { la: {} }
labs:
  $(lab):
    forEach: { csv: labs.csv }
    in: la
    image: Marketplace/x
    size: Small
    capacity: 3
    credentials: { username: u, password: { env: P } }
    ignoreChanges: $(ignored)
    dependsOn: $(after)
";
    let csv = "lab,ignored,after\na,capacity;title,LabAccount/la\nb,,\n";
    let project = project(&[("labwright.yaml", yaml), ("labs.csv", csv)]).expect("a good project");
    let lab = &project.desired.resources["Lab/a"];
    assert_eq!(lab.ignore_changes, ["capacity", "title"]);
    assert!(lab.depends_on.contains("LabAccount/la"));
    assert!(project.desired.resources["Lab/b"].ignore_changes.is_empty());
}

#[test]
fn a_version_is_made_of_an_id_of_the_right_type() {
    let of = |source: &str| {
        format!(
            "project: p\ndefaults: {{ all: {{ resourceGroup: g, location: westeurope }} }}\ngalleries: {{ s: {{}} }}\nimages:\n  i:\n    gallery: s\n    os: {{ type: Linux, state: Generalized, hyperV: V1 }}\n    identifier: {{ publisher: p, offer: o, sku: s }}\n    versions: {{ 1.0.0: {{ source: {{ {source} }} }} }}\n"
        )
    };
    for (source, fits) in [
        (format!("managedDisk: {GROUP}/Microsoft.Compute/disks/d"), true),
        (format!("managedDisk: {GROUP}/Microsoft.Compute/snapshots/d"), false),
        (format!("vm: {GROUP}/microsoft.compute/virtualmachines/d"), true),
        (format!("galleryVersion: {GROUP}/Microsoft.Compute/galleries/x"), false),
        (format!("galleryVersion: {GROUP}/Microsoft.Compute/galleries/x/images/y/versions/1.0.0"), true),
        ("managedDisk: /subscriptions/x/resourceGroups/y".into(), false),
    ] {
        let found = project(&[("labwright.yaml", &of(&source))]);
        assert_eq!(found.is_ok(), fits, "{source}: {:?}", found.err().map(|found| found.to_string()));
    }
}

#[test]
fn a_tab_is_told_where_it_stands_and_lines_keep_their_numbers_on_windows() {
    let text = "project: p\nlabs:\n  a:\n    in: la\n\tsize: Small\n";
    let tree = Memory::of([("labwright.yaml", text)]);
    let problems = load(&tree, &Options::default()).expect_err("a tab");
    let problem = problems.iter().next().expect("a problem");
    let place = problem.place().expect("a place");
    assert_eq!(
        (place.line, place.column, problem.to_string().as_str()),
        (5, 1, "a tab stands where only blanks may")
    );
    let crlf = "project: p\r\nlabs:\r\n  a:\r\n    sise: Small\r\n    in: la\r\n    image: x\r\n";
    let shown = config_tree::rendered(&Memory::of([("labwright.yaml", crlf)]), &Options::default());
    let lines: Vec<_> = shown.lines().filter(|line| line.contains(" │     ")).collect();
    for numbered in ["4 │     sise: Small", "5 │     in: la"] {
        assert!(lines.iter().any(|line| line.contains(numbered)), "{numbered} in\n{shown}");
    }
}

#[test]
fn anchors_and_merge_keys_work() {
    let yaml = "
project: p
galleries:
  one: &base { resourceGroup: g, location: westeurope, description: first }
  two: { <<: *base, description: second }
";
    let project = project(&[("labwright.yaml", yaml)]).expect("a good project");
    let two = &project.desired.resources["Gallery/two"].attributes;
    assert_eq!((&two["location"], &two["description"]), (&json!("westeurope"), &json!("second")));
}

#[test]
fn a_matrix_makes_every_combination_and_with_is_shared() {
    let yaml = "
project: p
defaults: { all: { resourceGroup: g, location: westeurope } }
galleries:
  $(term)_$(section)_$(room):
    forEach: { matrix: { section: [A, B], room: [1, 2] }, with: { term: s27 } }
    description: $(room)
";
    let project = project(&[("labwright.yaml", yaml)]).expect("a good project");
    let keys: Vec<_> = project.desired.resources.keys().map(|address| address.key().to_owned()).collect();
    assert_eq!(keys, ["s27_A_1", "s27_A_2", "s27_B_1", "s27_B_2"]);
    assert_eq!(project.desired.resources["Gallery/s27_A_2"].attributes["description"], "2");
}

#[test]
fn variables_of_the_command_line_win_and_undeclared_ones_are_noted() {
    let yaml =
        "project: p\nvariables: { n: a }\ngalleries: { $(n): { resourceGroup: g, location: westeurope } }";
    let variables = [("n", "b"), ("m", "c")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let options = Options { variables, ..Options::default() };
    let project = load(&Memory::of([("labwright.yaml", yaml)]), &options).expect("a good project");
    assert!(project.desired.resources.contains_key("Gallery/b"));
    assert_eq!(project.desired.findings.len(), 1);
    assert_eq!(project.desired.findings[0].severity, Severity::Warning);
}

#[test]
fn consents_moves_and_forgets_are_read() {
    let yaml = "
project: p
policy:
  allow: [{ delete: Lab, atMost: 38, because: end of term, until: 2027-02-15 }]
  blastRadius: { share: 30%, atLeast: 10 }
moved: [{ from: Gallery/old, to: Gallery/new }]
forget: [Lab/cs101]
galleries: { new: { name: old, resourceGroup: g, location: westeurope } }
";
    let desired = project(&[("labwright.yaml", yaml)]).expect("a good project").desired;
    let allow = &desired.policy.allow[0];
    assert_eq!((allow.allowed.what, allow.allowed.at_most), (AllowedWhat::Delete, Some(38)));
    assert_eq!(desired.policy.blast_radius.as_ref().map(|radius| radius.percent), Some(30));
    assert_eq!(desired.moved[0].to.as_str(), "Gallery/new");
    assert_eq!(desired.forget[0].0.as_str(), "Lab/cs101");
}

#[test]
fn a_nested_project_and_hidden_folders_are_left_alone() {
    let files = [
        ("labwright.yaml", "project: p"),
        ("other/labwright.yaml", "project: q"),
        ("other/labs.yaml", "nonsense: ["),
        (".github/workflow.yaml", "on: push"),
        ("notes.txt", "x"),
    ];
    assert_eq!(codes(&files), Vec::<String>::new());
    assert_eq!(
        codes(&[("labwright.yaml", "project: p\nexclude: [\"*.yml\"]"), ("x.yml", "a: 1")]),
        Vec::<String>::new()
    );
    assert_eq!(codes(&[("labwright.yaml", "project: p"), ("x.yml", "a: 1")]), ["no_section"]);
}

#[test]
fn a_mistake_is_said_once_and_its_consequences_are_not() {
    let yaml = "
project: p
defaults: { all: { resourceGroup: g, location: westeuropa } }
galleries: { one: {}, two: {} }
labAccounts: { la: { location: $(nowhere) } }
labs:
  a: { in: la, image: Marketplace/x, size: Small }
images:
  $(n): { forEach: { csv: missing.csv }, gallery: one }
galleryAttachments:
  t: { to: la, gallery: one, enabledImages: [some-image] }
";
    let found = codes(&[("labwright.yaml", yaml), ("broken.yaml", "credentials: { student: [")]);
    assert_eq!(found, ["syntax", "bad_region", "unknown_variable", "unreadable"]);
}

#[test]
fn no_secret_is_ever_shown() {
    let files = [
        (
            "labwright.yaml",
            "project: p\ncredentials:\n  a: { username: u, password: hunter2 }\n  b: { username: u, password: { plain: hunter2 } }\n  c: { username: u, pasword: hunter2 }\n  d: { username: u, password: $(hunter2) }\nlabs:\n  l: { in: x, credentials: { username: u, password: hunter2 }, size: Smal }\n",
        ),
        ("broken.yaml", "credentials:\n  a: { password: hunter2\nlabs: x: y\n"),
        ("more.yaml", "credentials: hunter2\n"),
        ("labs.yaml", "labs:\n  m: { in: x, sharedPassword: hunter2 }\n"),
    ];
    let shown = config_tree::rendered(&Memory::of(files), &Options::default());
    assert!(shown.contains("plain_secret"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn strange_bytes_are_clear_errors() {
    let cases: [(&[u8], &str); 6] = [
        (b"labs: {\xff}", "not_text"),
        (b"\xff\xfel\0a\0", "not_text"),
        (b"labs: {\0}", "not_text"),
        (b"labs: {}\n---\nlabs: {}\n", "second_document"),
        (b"labs: &a { <<: *b }", "syntax"),
        (b"? [a]\n: b\n", "unsupported_yaml"),
    ];
    for (bytes, code) in cases {
        let mut tree = Memory::of([("labwright.yaml", "project: p")]);
        tree.0.insert("a.yaml".into(), bytes.to_vec());
        let found = config_tree::codes_of(&tree);
        assert_eq!(found, [code], "{}", String::from_utf8_lossy(bytes));
    }
    let crlf = "\u{feff}project: p\r\ngalleries:\r\n  s: { resourceGroup: g, location: westeurope }\r\n";
    let project = project(&[("labwright.yaml", crlf)]).expect("a good project");
    assert_eq!(project.desired.resources["Gallery/s"].source.column, 3);
}

#[test]
fn bombs_end_soon() {
    let deep = format!("labs: {}", "[".repeat(10_000));
    assert_eq!(codes(&[("labwright.yaml", "project: p"), ("a.yaml", &deep)]), ["too_deep"]);
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_eq!(codes(&[("labwright.yaml", "project: p"), ("a.yaml", &bomb)]), ["too_large"]);
    let twice = "x: {}\n".repeat(100_000);
    let tree = Memory::of([
        ("labwright.yaml", "project: p"),
        ("a.yaml", &format!("labs:\n{}", twice.replace("x:", "  x:"))),
    ]);
    let problems = load(&tree, &Options::default()).expect_err("duplicates");
    assert_eq!((problems.len(), problems.left_out() > 90_000), (1000, true));
}

#[test]
#[ignore = "a measurement: cargo test --release --test config -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "the measurement is what it is for")]
fn ten_thousand_resources_load_in_no_time() {
    let mut files = vec![
        ("labwright.yaml".to_owned(), SAMPLE.to_owned()),
        ("terms/spring27.csv".to_owned(), CSV.to_owned()),
    ];
    for file in 0..10 {
        let mut text = String::from("labs:\n");
        for lab in 0..500 {
            text.push_str(&format!("  lab-{file}-{lab}:\n    in: LabAccount/cs-core-la\n    image: java-dev\n    size: Medium\n    capacity: 30\n    quota: 20h\n    access: Restricted\n    title: Programming in Java {lab}\n    credentials: student\n    publish: {{ revision: 1 }}\n"));
        }
        files.push((format!("labs{file}.yaml"), text));
    }
    let tree = Memory::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = std::time::Instant::now();
        let project = load(&tree, &Options::default()).expect("a good project");
        best = best.min(start.elapsed().as_secs_f64());
        assert_eq!(project.desired.resources.len(), 10_013);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    assert!(best < 0.5, "{best} s");
    eprintln!("10,013 resources in {:.0} ms; {peak}", best * 1000.0);
}

#[test]
fn forty_mistakes_are_forty_problems() {
    let mut yaml = String::from(
        "project: p\ndefaults: { all: { resourceGroup: g, location: westeurope } }\ngalleries: { s: {} }\nlabAccounts: { la: {} }\nlabs:\n",
    );
    let wrong = [
        "capacity: many",
        "quota: 20",
        "size: Midium",
        "image: java",
        "access: all",
        "capcity: 3",
        "template: yes",
        "title: [a]",
        "dependsOn: [Lab/nothing]",
    ];
    for at in 0..36 {
        let line = wrong[at % wrong.len()];
        let rest = [("image", "Marketplace/x"), ("size", "Small")].map(|(key, value)| {
            if line.starts_with(key) { String::new() } else { format!(", {key}: {value}") }
        });
        yaml.push_str(&format!("  l{at}: {{ in: la, {line}{} }}\n", rest.concat()));
    }
    yaml.push_str("images: { i: { gallery: t, os: {}, identifier: { publisher: a, offer: b, sku: c } } }\n");
    let files = [("labwright.yaml", yaml.as_str()), ("a.yaml", "labs: [\n")];
    let once = codes(&files);
    assert_eq!(once.len(), 40, "{once:?}");
    assert_eq!(codes(&files), once);
}

#[test]
fn an_include_that_means_nothing_is_an_error() {
    assert_eq!(
        codes(&[("labwright.yaml", "project: p\ninclude: [prd/]"), ("prod/a.yaml", "labs: {}")]),
        ["path"]
    );
}

#[test]
fn a_folder_on_disk_is_read_without_following_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
    std::fs::write(outside.path().join("secret.csv"), "lab\na\n").expect("a file");
    write("labwright.yaml", "project: p\nlabs: { $(lab): { forEach: { csv: link.csv } } }\n");
    let problems = || {
        let found = load(&labwright::config::Folder::new(folder.path()), &Options::default());
        found
            .err()
            .map(|problems| problems.iter().map(|problem| problem.code().to_owned()).collect::<Vec<_>>())
    };
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), folder.path().join("loop.yaml")).expect("a link");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).expect("a link");
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), folder.path().join("link.csv"))
            .expect("a link");
    }
    assert_eq!(problems(), Some(vec!["labwright::config::path".to_owned()]));
    write("labwright.yaml", "project: p\n");
    assert_eq!(problems(), None);
    let empty = labwright::config::Folder::new(outside.path());
    assert_eq!(config_tree::codes_of(&empty), ["no_project"]);
}

#[test]
fn a_mistake_in_a_given_variable_is_shown_where_it_was_given() {
    let text = "project: p\nvariables: { where: westeurope }\ngalleries: { g: { resourceGroup: r, location: $(where) } }";
    let variables = [("where".to_owned(), "nowhere".to_owned())].into();
    let options = Options { variables, ..Options::default() };
    let problems = load(&Memory::of([("labwright.yaml", text)]), &options).expect_err("no such region");
    let place = problems.iter().next().and_then(|problem| problem.place()).expect("a place");
    assert_eq!((&*place.file, place.line, place.column), ("given variables", 1, 7));
}

#[test]
fn a_consent_is_to_what_takes_one_and_variables_are_opened_in_it() {
    let of = |consent: &str| {
        format!(
            "project: p\nvariables: {{ x: a, day: 2027-02-15 }}\npolicy: {{ allow: [{{ {consent}, because: b, until: $(day) }}] }}"
        )
    };
    let read = project(&[("labwright.yaml", &of("delete: Lab/$(x)"))]).expect("a good project");
    assert_eq!(read.desired.policy.allow[0].allowed.on.as_deref(), Some("Lab/a"));
    for (consent, instead) in [
        ("republish: Lab/c", "write `Publish/c`"),
        ("shrink: Gallery", "write `Lab`"),
        ("reexport: Lab/a", "write `Export/a`"),
    ] {
        let shown = config_tree::rendered(
            &Memory::of([("labwright.yaml", of(consent).as_str())]),
            &Options::default(),
        );
        assert!(shown.contains(instead), "{shown}");
    }
    assert_eq!(codes(&[("labwright.yaml", &of("delete: Lab/$(nope)"))]), ["unknown_variable"]);
}

#[test]
fn a_consent_without_a_reason_is_refused() {
    let text = "project: p\npolicy: { allow: [{ delete: Lab, because: ' ', until: 2027-02-15 }] }";
    let problems = load(&Memory::of([("labwright.yaml", text)]), &Options::default()).expect_err("no reason");
    let messages: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["a consent's `because` is empty"]);
}

const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/others-rg/providers";

#[test]
fn what_is_not_managed_is_named_by_its_id_and_says_what_a_lab_needs_of_it() {
    let yaml = format!(
        "
project: p
labs:
  one: {{ in: {{ id: {GROUP}/Microsoft.LabServices/LabAccounts/La }}, image: {{ id: {GROUP}/Microsoft.Compute/galleries/g/images/i }}, size: Small }}
  two: {{ in: {{ id: {GROUP}/Microsoft.LabServices/labplans/lp }}, image: Marketplace/x, size: Small, location: westeurope }}
"
    );
    let project = project(&[("labwright.yaml", &yaml)]).expect("a good project");
    let [one, two] = ["Lab/one", "Lab/two"].map(|lab| &project.desired.resources[lab].attributes);
    assert_eq!(one["in"], json!({ "id": format!("{GROUP}/Microsoft.LabServices/LabAccounts/La") }));
    assert!(!one.contains_key("resourceGroup"));
    assert_eq!((&two["resourceGroup"], two.get("subscription")), (&json!("others-rg"), None));
    let text = to_yaml(&project.desired);
    let again = Memory::of([("labwright.yaml", "project: p"), ("all.yaml", &text)]);
    let again = load(&again, &Options::default()).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    assert_eq!(to_yaml(&again.desired), text);
    let without = yaml.replace(", location: westeurope", "");
    assert_eq!(codes(&[("labwright.yaml", &without)]), ["missing_attribute"]);
    let of_others = "22222222-2222-2222-2222-222222222222";
    let project = config_tree::project(&[(
        "labwright.yaml",
        &yaml.replace("11111111-1111-1111-1111-111111111111", of_others),
    )]);
    let project = project.expect("a good project");
    assert_eq!(project.desired.resources["Lab/two"].attributes["subscription"], of_others);
}

#[test]
fn ids_that_do_not_fit_are_told_one_by_one() {
    let lab = |rest: &str| format!("project: p\nlabs: {{ a: {{ size: Small, {rest} }} }}");
    let plan = format!("{{ id: {GROUP}/Microsoft.LabServices/labPlans/lp }}");
    for (rest, code) in [
        ("in: { id: labaccounts/a }, image: Marketplace/x".to_owned(), "bad_id"),
        (format!("in: {GROUP}/Microsoft.LabServices/labaccounts/a, image: Marketplace/x"), "bad_id"),
        (
            format!("in: {{ id: {GROUP}/Microsoft.LabServices/labaccounts/a/labs/b }}, image: Marketplace/x"),
            "bad_id",
        ),
        (
            "in: https://portal.azure.com/#@x/resource/subscriptions/x/labaccounts/a, image: Marketplace/x"
                .to_owned(),
            "bad_id",
        ),
        ("in: { id: [x] }, image: Marketplace/x".to_owned(), "wrong_type"),
        ("in: { key: x }, image: Marketplace/x".to_owned(), "unknown_key"),
        ("in: { }, image: Marketplace/x".to_owned(), "wrong_type"),
        (
            format!(
                "in: {plan}, location: westeurope, image: {{ id: {GROUP}/Microsoft.Compute/galleries/g }}"
            ),
            "bad_id",
        ),
    ] {
        assert_eq!(codes(&[("labwright.yaml", &lab(&rest))]), [code], "{rest}");
    }
}

#[test]
fn an_id_stands_for_name_group_and_subscription_and_lies_over_defaults() {
    let yaml = format!(
        "
project: p
defaults: {{ all: {{ resourceGroup: own-rg, location: westeurope, subscription: 33333333-3333-3333-3333-333333333333 }} }}
resourceGroups:
  rg: {{ id: /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/others-rg }}
labAccounts:
  la: {{ id: {GROUP}/Microsoft.LabServices/labaccounts/Others-La }}
  lb: {{ id: {GROUP}/Microsoft.LabServices/labaccounts/lb, name: LB, resourceGroup: rg, subscription: 11111111-1111-1111-1111-111111111111 }}
galleries:
  g: {{ id: {GROUP}/Microsoft.Compute/galleries/sig }}
images:
  i: {{ id: {GROUP}/Microsoft.Compute/galleries/sig/images/java, gallery: g, os: {{ type: Linux, state: Generalized }}, identifier: {{ publisher: a, offer: b, sku: c }} }}
"
    );
    let found = project(&[("labwright.yaml", &yaml)]).expect("a good project");
    let la = &found.desired.resources["LabAccount/la"].attributes;
    assert_eq!((&la["name"], &la["resourceGroup"]), (&json!("Others-La"), &json!("others-rg")));
    assert_eq!(la["subscription"], "11111111-1111-1111-1111-111111111111");
    assert_eq!(found.desired.resources["ResourceGroup/rg"].attributes["name"], "others-rg");
    assert_eq!(found.desired.resources["LabAccount/lb"].attributes["name"], "LB");
    assert_eq!(found.desired.resources["Image/i"].attributes["name"], "java");
    for (from, to, code) in [
        ("name: LB", "name: other", "id_contradicts"),
        ("resourceGroup: rg, subscription", "resourceGroup: other, subscription", "id_contradicts"),
        ("resourceGroup: rg, subscription: 1", "resourceGroup: rg, subscription: 2", "id_contradicts"),
        ("galleries/sig/images", "galleries/other/images", "id_contradicts"),
        ("labaccounts/Others-La", "labPlans/Others-La", "bad_id"),
        ("labaccounts/Others-La", "labaccounts/9", "bad_name"),
    ] {
        let wrong = yaml.replacen(from, to, 1);
        assert_eq!(codes(&[("labwright.yaml", &wrong)]), [code], "{to}");
    }
    assert_eq!(
        codes(&[("labwright.yaml", &yaml.replacen("{ all: {", "{ all: { id: x,", 1))]),
        ["unknown_key"]
    );
}

#[test]
fn an_id_of_what_is_in_the_files_is_an_error_or_where_its_subscription_is_not_known_a_warning() {
    let yaml = "
project: p
subscriptions: { main: { env: S } }
labAccounts: { la: { name: Others-La, resourceGroup: others-rg, location: westeurope } }
labs: { a: { in: { id: GROUP/Microsoft.LabServices/labaccounts/others-la }, image: Marketplace/x, size: Small } }
"
    .replace("GROUP", GROUP);
    assert_eq!(codes(&[("labwright.yaml", &yaml)]), ["id_of_ours"]);
    let main = format!("{yaml}cloud: {{ azure: {{ subscription: main }} }}\n");
    let findings = project(&[("labwright.yaml", &main)]).expect("a good project").desired.findings;
    let said: Vec<_> = findings.iter().filter(|own| own.rule == "id").map(|own| own.severity).collect();
    assert_eq!(said, [Severity::Warning]);
}

#[test]
fn a_default_that_an_exported_image_cannot_have_is_left_out_with_a_note_whole_or_not() {
    let yaml = "
project: p
defaults:
  all: { resourceGroup: g, location: westeurope }
  images: { gallery: s, identifier: { publisher: Contoso, offer: Teaching }, os: { type: Linux, state: Generalized } }
galleries: { s: {} }
labAccounts: { la: {} }
labs: { golden: { in: la, image: Marketplace/x, size: Small } }
images:
  java: { identifier: { sku: java } }
  sql: { exportedFrom: { lab: golden, revision: 1, fresh: true } }
";
    let desired = project(&[("labwright.yaml", yaml)]).expect("a good project").desired;
    let sql = &desired.resources["Image/sql"].attributes;
    assert!(!sql.contains_key("identifier") && !sql.contains_key("os"), "{sql:?}");
    assert_eq!(desired.resources["Image/java"].attributes["identifier"]["offer"], "Teaching");
    let notes: Vec<_> = desired.findings.iter().filter(|own| own.rule == "defaults").collect();
    let lines: Vec<_> = notes.iter().filter_map(|own| own.source.as_ref()).map(|own| own.line).collect();
    assert_eq!((notes.len(), lines), (2, vec![5, 5]));
    assert!(notes.iter().all(|own| own.severity == Severity::Info && own.address.is_some()));
    let written = yaml.replace("  sql: {", "  sql: { identifier: { sku: x },");
    assert_eq!(codes(&[("labwright.yaml", &written)]), ["not_for_exported"]);
}
