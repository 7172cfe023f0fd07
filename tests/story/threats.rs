//! What an evil pull request could try, and what stops it; the README has the table.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::repository::Repository;

const FORMATS: [&str; 7] = ["text", "json", "markdown", "sarif", "junit", "github", "azure-devops"];
const MARK: &str = "Mark-of-a-secret-9!";

/// Asserts that no format, on either stream, shows `mark`.
#[track_caller]
fn shows_nowhere(repository: &Repository, mark: &str, code: i32) {
    for format in FORMATS {
        let ended = repository.review(&format!("--diff -v --format {format}"));
        assert_eq!(ended.code, code, "{format}: {}{}", ended.stdout, ended.stderr);
        let said = ended.stdout + &ended.stderr;
        assert!(!said.contains(mark), "{format}: {said}");
    }
}

#[test]
fn a_path_does_not_leave_the_project() {
    for (from, to) in [
        ("\ncloud: emulator", "\ncloud: emulator\ninclude: [../outside.yaml]"),
        ("\ncloud: emulator", "\ncloud: emulator\nexclude: [/etc]"),
        (
            "\nlabs:\n",
            "\nlabs:\n  $(name):\n    forEach: { csv: ../outside.csv }\n    in: LabAccount/physics-la\n    image: java-dev\n    size: Small\n",
        ),
        (
            "\nlabs:\n",
            "\nlabs:\n  $(name):\n    forEach: { csv: /etc/passwd }\n    in: LabAccount/physics-la\n    image: java-dev\n    size: Small\n",
        ),
    ] {
        let repository = Repository::of("quickstart");
        std::fs::write(repository.place.project().join("outside.csv"), format!("name\n{MARK}\n"))
            .expect("written");
        std::fs::write(repository.place.project().join("outside.yaml"), format!("labs: {{ {MARK}: 1 }}\n"))
            .expect("written");
        repository.edit("labwright.yaml", from, to);
        repository.commit("Leave the project");
        let ended = repository.review("");
        ended.speaks_of(3, "leaves the project");
        shows_nowhere(&repository, MARK, 3);
    }
}

#[test]
fn a_secret_of_a_file_is_not_read_and_not_shown() {
    let repository = Repository::of("quickstart");
    let secret = repository.place.home().join("secret");
    std::fs::write(&secret, MARK).expect("written");
    repository.write("own", MARK);
    let password = format!("password: {{ file: {} }}", secret.display());
    repository.edit("labwright.yaml", "password: { env: LAB_PASSWORD }", &password);
    repository.commit("Read a file of this machine");
    repository.review("").speaks_of(0, "which nothing read before");
    shows_nowhere(&repository, MARK, 0);
}

#[test]
fn a_link_leads_nowhere_outside() {
    let repository = Repository::of("contoso-cs");
    let labs = repository.place.project().join("labs");
    let sheet = labs.join("terms/spring27.csv");
    // Within the project a link is what it is on a disk.
    std::fs::rename(&sheet, labs.join("terms/sheet.csv")).expect("renamed");
    symlink("../terms/sheet.csv", &sheet).expect("a link");
    repository.commit("A link within");
    repository.review("").speaks_of(0, "No changes.");
    let outside = repository.place.home().join("outside.csv");
    std::fs::write(&outside, format!("lab,account,image,size,seats,title,credentials\n{MARK},a,b,c,1,x,y\n"))
        .expect("written");
    for target in [outside.to_str().expect("text"), "../../../outside.csv", "/etc/passwd"] {
        std::fs::remove_file(&sheet).expect("it was there");
        symlink(target, &sheet).expect("a link");
        repository.commit("A link out of it");
        repository.review("").speaks_of(3, "lies outside of the project");
        shows_nowhere(&repository, MARK, 3);
    }
    std::fs::remove_file(&sheet).expect("it was there");
    symlink("spring27.csv", &sheet).expect("a link to itself");
    repository.commit("A circle");
    repository.review("").speaks_of(3, "no regular file");
    // A file of the project itself that is a link is not followed.
    let project = labs.join("labwright.yaml");
    std::fs::remove_file(&project).expect("it was there");
    symlink(&outside, &project).expect("a link");
    repository.commit("The project file is a link");
    shows_nowhere(&repository, MARK, 3);
    // Nor is the project's whole folder; it is looked at from a clone in which it is one.
    let elsewhere = repository.place.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    std::fs::write(elsewhere.join("labwright.yaml"), format!("project: {MARK}\n")).expect("written");
    std::fs::remove_dir_all(&labs).expect("it was there");
    symlink(&elsewhere, &labs).expect("a link");
    repository.commit("The folder is a link");
    repository.git("branch --quiet linked");
    repository.git("checkout --quiet main");
    let ended = repository.review("--head linked");
    ended.speaks_of(3, "there is no labwright.yaml");
    assert!(!(ended.stdout + &ended.stderr).contains(MARK));
}

#[test]
fn nothing_of_the_environment_gets_into_a_review() {
    let mut repository = Repository::of("quickstart");
    for name in ["LABWRIGHT_VAR_term", "AZURE_CLIENT_SECRET", "LAB_PASSWORD"] {
        repository.place.set(name, MARK);
    }
    repository.edit("labwright.yaml", "\ncloud: emulator", "\ncloud: emulator\nvariables: { term: Spring }");
    repository.edit("labwright.yaml", "title: Programming for physicists", "title: In $(term)");
    repository.edit(
        "labwright.yaml",
        "password: { env: LAB_PASSWORD }",
        "password: { env: AZURE_CLIENT_SECRET }",
    );
    repository.commit("Look at the environment");
    shows_nowhere(&repository, MARK, 0);
    let ended = repository.review("");
    ended.speaks_of(0, "AZURE_CLIENT_SECRET`, which nothing read before");
    ended.speaks_of(0, "→ In Spring");
    // What whoever runs the review gives is theirs to give.
    repository.review("--var term=Autumn").speaks_of(0, "→ In Autumn");
}

#[test]
fn giant_files_are_refused_before_they_are_read_whole() {
    let repository = Repository::of("quickstart");
    let line = "# nothing but a comment that goes on and on and on\n";
    repository.write("giant.yaml", &line.repeat(70 * 1024 * 1024 / line.len()));
    repository.commit("A giant");
    repository.review("").speaks_of(3, "larger than 64 MiB");
    std::fs::remove_file(repository.place.project().join("labs/giant.yaml")).expect("it was there");
    let mut bomb = String::from("labs:\n  a: &a0 [x, x]\n");
    for level in 1..40 {
        bomb.push_str(&format!("  b{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
    }
    repository.write("bomb.yaml", &bomb);
    repository.write("deep.yaml", &format!("labs: {}{}\n", "[".repeat(5000), "]".repeat(5000)));
    repository.commit("A bomb");
    let ended = repository.review("");
    ended.speaks_of(3, "bomb.yaml");
    ended.speaks_of(3, "deep.yaml");
}

#[test]
fn a_thousand_environments_do_not_hide_the_one_that_counts() {
    let repository = Repository::of("quickstart");
    repository.git("checkout --quiet main");
    repository.edit(
        "labwright.yaml",
        "\ncloud: emulator\n",
        "\ncloud: emulator\nenvironments:\n  prod: {}\n",
    );
    repository.commit("One environment");
    repository.git("checkout --quiet -B change");
    let many: String = (0..1000).map(|number| format!("  a{number}: {{}}\n")).collect();
    repository.edit("labwright.yaml", "  prod: {}\n", &format!("{many}  prod: {{}}\n"));
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 10");
    repository.commit("A thousand more");
    let ended = repository.review("--format json");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.json()["environments"][0]["environments"], serde_json::json!(["prod"]));
    assert!(ended.stdout.contains("951 environments beyond the first 50"), "{}", ended.stdout);
}

/// A title that tries everything at once; at most 120 characters.
const EVIL: &str = "x|`</details><script>![a](http://e.x)** @all #1 ##vso[task.x]y ::add-mask::z ]]> \\u001b[31m\\u202e %0A::error::w";

#[test]
fn a_name_breaks_out_of_nothing() {
    let repository = Repository::of("quickstart");
    let title = format!("title: \"{EVIL}\\n::error::v\"");
    repository.edit("labwright.yaml", "title: Programming for physicists", &title);
    repository.edit("labwright.yaml", "size: Small", "size: Large");
    repository.commit("An evil title");
    let shown = |format: &str| {
        let ended = repository.review(&format!("--format {format}"));
        assert_eq!(ended.code, 0, "{format}: {}", ended.stderr);
        assert!(ended.stdout.contains("task.x"), "the title is there\n{}", ended.stdout);
        // JSON holds each value as it is, and escapes what moves a cursor.
        assert!(!ended.stdout.contains('\u{1b}'), "{format}");
        assert!(format == "json" || !ended.stdout.contains('\u{202e}'), "{format}");
        ended.stdout
    };
    let text = shown("text");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    let markdown = shown("markdown");
    // In the fence of the difference everything is text; only its own fence would end it.
    let (comment, fenced) =
        markdown.split_once("```diff\n").or(markdown.split_once("````diff\n")).expect("a difference");
    assert!(
        !comment.contains("<script") && !comment.contains("@all") && !comment.contains("http:"),
        "{comment}"
    );
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count() + 1);
    let fence = if markdown.contains("````diff") { "````" } else { "```" };
    assert_eq!(fenced.lines().filter(|line| line.trim_start().starts_with("```")).count(), 1, "{fenced}");
    assert!(fenced.contains(&format!("\n{fence}\n\n</details>")), "{fenced}");
    for table in comment.lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(table.matches('|').count(), 5, "{table}");
    }
    for format in ["github", "azure-devops"] {
        for line in shown(format).lines() {
            assert!(
                line.starts_with("::warning ")
                    || line.starts_with("::notice ")
                    || line.starts_with("##vso[task.logissue ")
                    || line.starts_with("##[section]"),
                "{line}"
            );
            assert_eq!(line.matches("##").count(), usize::from(format == "azure-devops"), "{line}");
        }
    }
    let junit = shown("junit");
    assert!(!junit.contains("<script") && !junit.contains("]]>"), "{junit}");
    shown("json");
    shown("sarif");
}

#[test]
fn a_changed_endpoint_stands_first_and_is_asked_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it can be told");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let repository = Repository::of("quickstart");
    let azure = format!(
        "\ncloud: {{ azure: {{ subscription: 11111111-1111-1111-1111-111111111111, endpoint: '{url}' }} }}"
    );
    repository.edit("labwright.yaml", "\ncloud: emulator", &azure);
    repository.commit("Send tokens elsewhere");
    for format in FORMATS {
        let ended = repository.review(&format!("--format {format}"));
        assert_eq!(ended.code, 0, "{format}: {}", ended.stderr);
        let said = ended.stdout.find("requests and tokens go there").expect("it is said");
        let line = ended.stdout[..said].lines().count();
        assert!(
            ["json", "sarif"].contains(&format) || line < 12,
            "{format}: it is in line {line}\n{}",
            ended.stdout
        );
    }
    let nobody = listener.accept().expect_err("nobody comes");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_record_that_the_change_could_have_written_is_not_used() {
    let repository = Repository::of("quickstart");
    assert_eq!(repository.run("apply --yes").code, 0);
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.git("commit --quiet --all --message=more");
    repository.review("").speaks_of(0, "Over what is recorded");
    repository.commit("The record too");
    let ended = repository.review("");
    ended.speaks_of(0, "is in git, so whoever wrote the change could have");
    assert!(!ended.stdout.contains("Over what is recorded"), "{}", ended.stdout);
    repository.review("--state labs/.labwright/state.db").speaks_of(4, "is in commit");
    // Nor one that a link of the change leads to, nor one with a log of the change beside it.
    let folder = repository.place.project().join("labs/.labwright");
    repository.git("rm --quiet -r --cached labs/.labwright");
    repository.git("commit --quiet --message=without");
    repository.git("branch --quiet --force main HEAD");
    repository.edit("labwright.yaml", "capacity: 24", "capacity: 25");
    std::fs::write(folder.join("state.db-wal"), "").expect("written");
    repository.git("add --force labs/.labwright/state.db-wal");
    repository.git("commit --quiet --all --message=log");
    repository.review("").speaks_of(0, "it is not used");
    repository.git("rm --quiet --cached labs/.labwright/state.db-wal");
    std::fs::copy(folder.join("state.db"), repository.place.project().join("evil.db")).expect("a copy");
    symlink("../../evil.db", folder.join("link.db")).expect("a link");
    repository.git("add --force evil.db");
    repository.git("commit --quiet --all --message=link");
    repository.review("--state labs/.labwright/link.db").speaks_of(4, "is in commit");
}

/// Makes a program that leaves a trace.
fn trap(repository: &Repository) -> (std::path::PathBuf, std::path::PathBuf) {
    let (program, trace) = (repository.place.home().join("trap"), repository.place.home().join("trace"));
    std::fs::write(&program, format!("#!/bin/sh\necho $0 >> '{}'\nexit 1\n", trace.display()))
        .expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it may run");
    (program, trace)
}

#[test]
fn a_poisoned_git_configuration_runs_nothing() {
    let mut repository = Repository::of("quickstart");
    let (program, trace) = trap(&repository);
    let run = program.display();
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.write(".gitattributes", "* filter=evil diff=evil\n");
    repository.commit("Name a filter");
    let poison = format!(
        "[core]\n fsmonitor = {run}\n pager = {run}\n sshCommand = {run}\n gitProxy = {run}\n hooksPath = {0}\n alternateRefsCommand = {run}\n\
         [filter \"evil\"]\n smudge = {run}\n clean = {run}\n process = {run}\n required = true\n\
         [diff]\n external = {run}\n[diff \"evil\"]\n textconv = {run}\n command = {run}\n\
         [alias]\n rev-parse = !{run}\n ls-tree = !{run}\n cat-file = !{run}\n\
         [pager]\n ls-tree = {run}\n cat-file = {run}\n\
         [remote \"evil\"]\n url = ext::{run}\n promisor = true\n vcs = {run}\n\
         [credential]\n helper = !{run}\n",
        repository.place.home().display()
    );
    let config = repository.place.project().join(".git/config");
    let own = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, format!("{own}{poison}")).expect("written");
    std::fs::write(repository.place.home().join(".gitconfig"), &poison).expect("written");
    for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
        let hook = repository.place.project().join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
        std::fs::copy(&program, hook).expect("a copy");
    }
    // The poison works on whoever asks for the working tree.
    let plain = std::process::Command::new("git")
        .args(["status", "--short"])
        .env("HOME", repository.place.home())
        .current_dir(repository.place.project())
        .output()
        .expect("git is installed");
    assert!(trace.exists(), "the trap works: {plain:?}");
    std::fs::remove_file(&trace).expect("it was there");
    for (name, value) in [
        ("GIT_EXTERNAL_DIFF", run.to_string()),
        ("GIT_PAGER", run.to_string()),
        ("GIT_SSH_COMMAND", run.to_string()),
        ("GIT_DIR", "/nowhere".into()),
        ("GIT_CONFIG_PARAMETERS", format!("'core.fsmonitor'='{run}'")),
        ("GIT_TRACE", trace.display().to_string()),
    ] {
        repository.place.set(name, &value);
    }
    repository.review("").speaks_of(0, "capacity  20 → 24");
    assert!(!trace.exists(), "{}", std::fs::read_to_string(&trace).expect("a trace"));
}

#[test]
fn what_is_missing_is_not_fetched() {
    let repository = Repository::of("quickstart");
    let (program, trace) = trap(&repository);
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 24");
    repository.commit("More seats");
    let blob = repository.git("rev-parse HEAD:labs/labwright.yaml");
    let object = repository.place.project().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    std::fs::remove_file(object).expect("it was there");
    let url = format!("ext::{}", program.display());
    repository.git(&format!("config remote.origin.url {url}"));
    for line in ["remote.origin.promisor true", "extensions.partialClone origin", "protocol.ext.allow always"]
    {
        repository.git(&format!("config {line}"));
    }
    repository.review("").speaks_of(3, "its content is not in this repository");
    assert!(!trace.exists(), "{}", std::fs::read_to_string(&trace).expect("a trace"));
    // The trap is one: git by itself fetches what is missing.
    let plain = std::process::Command::new("git")
        .args(["cat-file", "blob", &blob])
        .env("HOME", repository.place.home())
        .env_remove("GIT_NO_LAZY_FETCH")
        .current_dir(repository.place.project())
        .output()
        .expect("git is installed");
    assert!(trace.exists(), "{plain:?}");
}

#[test]
fn an_object_that_is_replaced_is_looked_at_as_it_is() {
    let repository = Repository::of("quickstart");
    repository.edit("labwright.yaml", "capacity: 20", "capacity: 1");
    repository.commit("Nineteen seats fewer");
    repository.git("replace HEAD HEAD~1");
    repository.review("").speaks_of(0, "capacity  20 → 1");
}
