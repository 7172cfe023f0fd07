//! A pull request reviewed: eight kinds of change on one branch, in every format.

use serde_json::Value;

use super::repository::Repository;

const FORMATS: [&str; 7] = ["text", "json", "markdown", "sarif", "junit", "github", "azure-devops"];

/// A branch that renames a lab with and one without `moved`, comments, changes a default that reaches every lab, exports
/// again, replaces a lab, deletes an account with its labs, and changes a setting.
fn eight_kinds() -> Repository {
    let mut repository = Repository::of("contoso-cs");
    // In the other one the account is protected.
    repository.place.set("LABWRIGHT_ENV", "dev");
    let labs = |from: &str, to: &str| repository.edit("labs.yaml", from, to);
    // Renamed, with the line that says so, and the name in Azure as it is.
    labs("  cs340-golden:\n", "  cs340-template:\n    name: cs340-golden\n");
    labs("\nlabs:\n", "\nmoved: [{ from: Lab/cs340-golden, to: Lab/cs340-template }]\nlabs:\n");
    repository.edit("images.yaml", "lab: cs340-golden, revision: 1", "lab: cs340-template, revision: 2");
    // Renamed without it.
    labs("  open-lab:\n", "  open-hours:\n");
    labs("# Forty labs:", "# This comment means nothing. Forty labs:");
    repository.edit("labwright.yaml", "quota: 10h", "quota: 12h");
    repository.edit(
        "terms/spring27.csv",
        "cs220-A,cs-core-la,java-dev,Medium",
        "cs220-A,cs-core-la,java-dev,Large",
    );
    repository.edit("labwright.yaml", "\nvariables:", "\nstate: records/state.db\nvariables:");
    without_the_account(&repository);
    repository.commit("Eight kinds of change");
    repository
}

/// Takes `cs-ai-la` away, and everything that lies in it.
fn without_the_account(repository: &Repository) {
    repository.edit("accounts.yaml", "  cs-ai-la: { location: northeurope }\n", "");
    repository.edit(
        "accounts.yaml",
        "  ai:\n    to: LabAccount/cs-ai-la\n    gallery: sig_cs_ai\n    enabledImages: all\n",
        "",
    );
    let folder = repository.place.project().join("labs");
    let sheet = std::fs::read_to_string(folder.join("terms/spring27.csv")).expect("a sheet");
    let rows: Vec<_> = sheet.lines().filter(|row| !row.contains(",cs-ai-la,")).collect();
    repository.write("terms/spring27.csv", &(rows.join("\n") + "\n"));
    let labs = std::fs::read_to_string(folder.join("labs.yaml")).expect("a file");
    let (before, rest) = labs.split_once("  # The sections that meet only once").expect("the block is there");
    let (_, after) = rest.split_once("\n\n").expect("it ends");
    repository.write("labs.yaml", &format!("{before}{after}"));
}

#[test]
fn the_one_important_thing_stands_first() {
    let repository = eight_kinds();
    let text = repository.review("");
    assert_eq!(text.code, 0, "{}{}", text.stdout, text.stderr);
    let wide: Vec<_> = text.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(text.stdout.lines().count() < 130, "no wall of text\n{}", text.stdout);
    insta::assert_snapshot!("review_text", repository.without_ids(&text.stdout));
    let markdown = repository.review("--format markdown");
    let shown = repository.without_ids(&markdown.stdout);
    let (comment, diff) = shown.split_once("```diff").expect("the difference is there");
    insta::assert_snapshot!("review_markdown", comment);
    assert!(diff.contains("-    quota: PT10H\n+    quota: PT12H"), "{diff}");
}

#[test]
fn the_exit_code_is_the_same_in_each_format() {
    let repository = eight_kinds();
    for format in FORMATS {
        assert_eq!(repository.review(&format!("--format {format}")).code, 0, "{format}");
        let detailed = repository.review(&format!("--detailed-exitcode --format {format}"));
        assert_eq!(detailed.code, 2, "{format}");
        let same = repository.run(&format!("review --base HEAD --detailed-exitcode --format {format}"));
        assert_eq!(same.code, 0, "{format}: {}", same.stdout);
    }
    // A protected lab that goes.
    repository.git("checkout --quiet main");
    repository.edit("labs.yaml", "  open-lab:\n", "  open-lab:\n    protect: true\n");
    repository.commit("Protect it");
    repository.git("checkout --quiet -b refused");
    repository.edit(
        "labs.yaml",
        "    image: cs-base-ubuntu\n    size: Small\n    capacity: 15",
        "    image: cs-base-ubuntu\n    size: Large\n    capacity: 15",
    );
    repository.commit("Replace it");
    for format in FORMATS {
        let ended = repository.review(&format!("--detailed-exitcode --format {format}"));
        assert_eq!(ended.code, 4, "{format}: {}", ended.stdout);
        assert!(ended.stdout.contains("protect"), "{format}: {}", ended.stdout);
    }
}

#[test]
fn a_broken_file_is_told_with_its_place_in_each_format() {
    let repository = eight_kinds();
    repository.edit("labs.yaml", "size: Small", "size: Smal");
    repository.commit("Break a file");
    let line = 1 + std::fs::read_to_string(repository.place.project().join("labs/labs.yaml"))
        .expect("a file")
        .lines()
        .position(|line| line.contains("Smal"))
        .expect("it is there");
    for format in FORMATS {
        let ended = repository.review(&format!("--format {format}"));
        assert_eq!(ended.code, 3, "{format}");
        assert!(ended.stderr.contains(&format!("[labs.yaml:{line}:")), "{}", ended.stderr);
        let place = match format {
            "text" => "Head does not load".to_owned(),
            "json" => format!("\"line\": {line}"),
            "markdown" => format!("<code>labs.yaml:{line}</code>"),
            "sarif" => format!("\"startLine\": {line}"),
            "junit" => format!("file=\"labs/labs.yaml\" line=\"{line}\""),
            "github" => format!("::error file=labs/labs.yaml,line={line},col="),
            _ => format!("type=error;sourcepath=labs/labs.yaml;linenumber={line};"),
        };
        assert!(ended.stdout.contains(&place), "{format}: {}", ended.stdout);
    }
    let document = repository.review("--format json").json();
    assert_eq!(document["settings"][0]["path"], "state", "settings are told all the same");
    // The comment stays the same one.
    let marker = |ended: super::place::Ended| ended.stdout.lines().next().map(str::to_owned);
    let broken = marker(repository.review("--format markdown"));
    let whole = marker(repository.run("review --base main --head HEAD~1 --format markdown"));
    assert_eq!(
        (broken, whole),
        (
            Some("<!-- labwright review contoso-cs/dev -->".into()),
            Some("<!-- labwright review contoso-cs/dev -->".into())
        )
    );
}

#[test]
fn json_says_of_each_change_what_it_means() {
    let repository = eight_kinds();
    let document = repository.review("--format json --json-into ../same.json --diff").json();
    let beside = std::fs::read_to_string(repository.place.project().join("../same.json")).expect("beside");
    assert_eq!(serde_json::from_str::<Value>(&beside).expect("JSON"), document);
    let change = |address: &str| {
        let changes = document["changes"].as_array().expect("a list");
        changes
            .iter()
            .find(|own| own["address"] == address)
            .unwrap_or_else(|| panic!("{address}: {document:#}"))
    };
    assert_eq!(change("Lab/cs340-template")["verb"], "update", "moved, and its quota differs");
    assert_eq!(change("LabAccount/cs-ai-la")["cannot_be_undone"], true);
    assert_eq!(change("LabAccount/cs-ai-la")["affected"]["labs"], 7);
    assert_eq!(change("Lab/open-lab")["affected"]["published"], 15);
    assert_eq!(change("Export/db-sql")["verb"], "invoke");
    let replaced = change("Lab/cs220-A-Spring2027");
    assert_eq!(
        (&replaced["verb"], &replaced["source"]["file"], &replaced["source"]["line"]),
        (&"replace".into(), &"terms/spring27.csv".into(), &2.into())
    );
    let quota = change("Lab/cs101-A-Spring2027");
    assert_eq!(
        quota["attributes"][0]["source"]["file"], "labwright.yaml",
        "a default is told where it is written"
    );
    assert!(document["placement"].is_null() && document["cost"].is_null());
    assert!(
        document["environments"][0]["diff"].as_str().expect("it is asked for").contains("+    quota: PT12H")
    );
    assert!(
        document["findings"].as_array().expect("a list").iter().any(|own| own["rule"] == "renamed"),
        "{document:#}"
    );
}

#[test]
fn another_layout_of_the_same_is_no_change() {
    let repository = Repository::of("quickstart");
    let path = repository.place.project().join("labs/labwright.yaml");
    let text = std::fs::read_to_string(&path).expect("a file");
    let (settings, labs) = text.split_once("\nlabs:\n").expect("a section");
    std::fs::write(&path, format!("# Said anew.\n\n{settings}\n")).expect("written");
    repository.write("more/labs.yml", &format!("labs:\n{labs}"));
    repository.commit("Another layout");
    let ended = repository.review("--detailed-exitcode");
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("No changes."), "{}", ended.stdout);
}

#[test]
fn every_environment_is_told_and_alike_ones_once() {
    let repository = Repository::of("quickstart");
    let environments =
        "\nenvironments:\n  dev: {}\n  test: {}\n  prod: { defaults: { labs: { quota: 30h } } }\n";
    repository.git("checkout --quiet main");
    repository.edit("labwright.yaml", "\ncloud: emulator\n", &format!("\ncloud: emulator{environments}"));
    repository.commit("Environments");
    repository.git("checkout --quiet -b two");
    repository.edit("labwright.yaml", "quota: 20h", "quota: 25h");
    repository.edit("labwright.yaml", "  prod: {", "  new: {}\n  prod: {");
    repository.commit("Another quota");
    let document = repository.review("--format json").json();
    let names: Vec<_> = document["environments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|own| own["environments"].to_string())
        .collect();
    assert_eq!(names, [r#"["dev","prod","test"]"#, r#"["new"]"#], "{document:#}");
    let one = repository.review("--env dev --format json").json();
    assert_eq!(one["environments"][0]["summary"]["update"], 1, "{one:#}");
    repository.review("--env dev").speaks_of(0, "quota  20h → 25h");
    repository.review("--env nope").speaks_of(3, "there is no environment `nope`");
    repository.review("--state some.db").speaks_of(64, "name that of --state with --env");
}

#[test]
fn a_base_that_is_wrong_is_compared_as_far_as_it_loads() {
    let repository = Repository::of("contoso-cs");
    repository.git("checkout --quiet main");
    repository.write("broken.yaml", "labs:\n  extra: { in: LabAccount/cs-core-la, size: Midium\n");
    repository.commit("Break the base");
    repository.git("checkout --quiet -B change");
    std::fs::remove_file(repository.place.project().join("labs/broken.yaml")).expect("it was there");
    repository.edit("labwright.yaml", "quota: 10h", "quota: 12h");
    repository.commit("Mend it");
    let ended = repository.review("");
    ended.speaks_of(0, "the base does not load as a whole");
    assert!(ended.stdout.contains("`broken.yaml`") && ended.stdout.contains("39 × Lab"), "{}", ended.stdout);
    // With nothing to compare with everything is new, and that is said.
    repository.git("checkout --quiet main");
    repository.edit("labwright.yaml", "project: contoso-cs", "project: [");
    repository.commit("Break all of it");
    repository.git("checkout --quiet -B change");
    repository.edit("labwright.yaml", "project: [", "project: contoso-cs");
    std::fs::remove_file(repository.place.project().join("labs/broken.yaml")).expect("it was there");
    repository.commit("Mend all of it");
    repository.review("").speaks_of(0, "Everything looks as if it were new");
}

#[test]
fn what_was_merged_meanwhile_is_not_undone_by_the_change() {
    let repository = Repository::of("quickstart");
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.commit("More seats");
    repository.git("checkout --quiet main");
    repository.edit("labwright.yaml", "quota: 10h", "quota: 15h");
    repository.commit("Merged meanwhile");
    repository.git("checkout --quiet change");
    let ended = repository.review("");
    ended.speaks_of(0, "Review: 1 to change.");
    assert!(!ended.stdout.contains("quota"), "{}", ended.stdout);
    repository.run("review --base change --head main~1").speaks_of(0, "is part of `change` already");
}

#[test]
fn where_head_left_the_base_is_not_known_is_said() {
    let repository = Repository::of("quickstart");
    repository.git("checkout --quiet --orphan alone");
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.commit("Without a history");
    let ended = repository.review("");
    ended.speaks_of(0, "where head left `main` is not known here");
    ended.speaks_of(0, "Review: 1 to change.");
}

#[test]
fn with_a_record_at_hand_the_plan_over_it_is_told_too() {
    let repository = Repository::of("quickstart");
    assert_eq!(repository.run("apply --yes").code, 0);
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.git("commit --quiet --all --message=more");
    let ended = repository.review("");
    ended.speaks_of(0, "Over what is recorded in state.db: Plan: 0 to add, 1 to change, 0 to destroy.");
    let named = repository.review("--state labs/.labwright/state.db --format json").json();
    assert_eq!(named["environments"][0]["recorded"]["besides"], serde_json::json!([]));
    repository.review("--state nothing.db").speaks_of(64, "there is no `nothing.db`");
}

#[test]
fn without_a_repository_a_commit_or_git_the_way_out_is_told() {
    let repository = Repository::of("quickstart");
    repository.run("review --base nope").speaks_of(64, "git fetch origin BRANCH");
    let outside = super::place::Place::of("quickstart");
    let mut command = outside.command("review --base main");
    command.envs(std::env::var("PATH").map(|path| ("PATH", path)));
    super::place::ended(&mut command).speaks_of(64, "is in no git repository");
    let mut without = repository.place.command("review --base main -C labs");
    super::place::ended(without.env("PATH", "/nowhere")).speaks_of(1, "git is not installed");
}

#[test]
fn a_project_that_the_base_does_not_have_is_new() {
    let repository = Repository::of("quickstart");
    repository.git("checkout --quiet --orphan fresh");
    repository.git("rm --quiet -r --cached labs");
    repository.git("commit --quiet --allow-empty --message=empty");
    repository.git("checkout --quiet -b with");
    repository.commit("The project");
    let ended = repository.run("review --base fresh");
    ended.speaks_of(0, "the base has no labwright.yaml here: everything is new");
    ended.speaks_of(0, "10 to add");
    let markdown = repository.run("review --base fresh --format markdown").stdout;
    assert!(markdown.contains("```mermaid\nflowchart LR\n"), "a graph that is small enough\n{markdown}");
}

#[test]
fn json_is_what_its_schema_says() {
    let repository = eight_kinds();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/review.schema.json");
    let text = std::fs::read_to_string(path).expect("a schema");
    let schema = jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema");
    let fits = |line: &str, code: i32| {
        let ended = repository.run(&format!("review {line} --format json"));
        assert_eq!(ended.code, code, "{line}: {}", ended.stderr);
        let document = ended.json();
        let wrong: Vec<_> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}\n{document:#}");
        assert_eq!(document["exit_code"], code, "{line}");
    };
    fits("--base main --diff --detailed-exitcode", 2);
    fits("--base nope", 64);
    fits("--base main --env staging", 3);
}
