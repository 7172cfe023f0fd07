//! The vendor's bulk sheets as files: every quirk of theirs, and every row that is left out with its line.
//!
//! The sheets are written anew after the column tables of both tools.

use super::place::Place;

/// The shape of the first generation's sheet: a byte order mark, blanks before names, quotes within quotes.
const ACADEMY: &str = "\u{feff}Id,Tags,ResourceGroupName,Location,LabAccountName,LabName,ImageName,MaxUsers,UsageQuota,UsageMode,SharedPassword,Size,Title,Descr,TemplateVmState, UserName, Password,LinuxRdp,GpuDriverEnabled, Emails, LabOwnerEmails,Invitation,Schedules,idleGracePeriod,idleOsGracePeriod,idleNoConnectGracePeriod,LabAccountResult,LabResult
1,magic;year1,academy-rg,West Europe,academy-la,Potions,\" \"\"Ubuntu Server 22.04 LTS\"\"\",30,20,Restricted,DISABLED,Medium,Potions,\"First year, A and B\",Enabled,ada,Mark-of-ada-1!,True,,a@x.edu;b@x.edu,prof@x.edu,Welcome,mon-wed,15,0,20,Completed,Completed
2,,academy-rg,westeurope,Academy-LA,Year 1: Charms,Ubuntu Server 22.04 LTS,12,10,Open,Enabled,Basic,,,Disabled,ada,Mark-of-ada-1!,,False,,,,,0,0,0,,
3,,academy-rg,westeurope,academy-la,Runes,Windows 10 Pro,5,10,open,true,Large,,,disabled,ada,Mark-of-other-2!,,,,,,,,5,,,

";

/// Times that both sheets name.
const TIMES: &str = "Frequency,FromDate,ToDate,StartTime,EndTime,WeekDays,TimeZoneId,Notes,EventType
Weekly,2/1/2027,6/11/2027,9:45 AM,\" \"\"12:00\"\"\",\"Monday, Wednesday\",W. Europe Standard Time,Lecture,Standard
Daily,2/1/2027,6/11/2027,,23:00,,Europe/Berlin,,Stop
";

fn times(place: &Place, text: &str) {
    std::fs::write(place.project().join("mon-wed.csv"), text).expect("written");
}

fn sheet(place: &Place, text: &str) {
    std::fs::write(place.project().join("sheet.csv"), text).expect("written");
}

#[test]
fn a_sheet_of_the_first_generation_becomes_a_project_that_applies() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    sheet(&place, ACADEMY);
    times(&place, &TIMES.replace("Wednesday", "Midweek"));
    let wrong = place.run("convert csv sheet.csv --out other");
    wrong.says(3, "  sheet.csv:2");
    wrong.says(3, "    Schedules `mon-wed`: line 2: WeekDays: `Midweek` is no day of the week");
    times(&place, TIMES);
    let converted = place.run("convert csv sheet.csv");
    converted.says(3, "    `Year 1: Charms` holds `:`, which Azure refuses in a lab's name");
    converted.says(3, "  ADA_2_PASSWORD  for ada, line 4");
    converted.says(3, "Converted: 2 labs of 3 rows.");
    sheet(&place, &ACADEMY.replace("Year 1: Charms", "Year 1 Charms"));
    let converted = place.run("convert csv sheet.csv");
    converted.says(0, "Converted: 1 lab of 3 rows.");
    converted.speaks_of(
        0,
        "In the files already, and left as they are: Lab/Potions (line 2), Lab/Runes (line 4).",
    );
    converted.says(0, "Written: labs-2.yaml.");
    for (column, rows) in [("Tags", 1), ("Emails", 1), ("LabOwnerEmails", 1), ("Invitation", 1)] {
        converted.says(0, &format!("  {column} ({rows} row)"));
    }
    let shown = place.run("show --config").stdout;
    for line in [
        "    sharedPassword: false",
        "    description: First year, A and B",
        "    image: Marketplace/Ubuntu Server 22.04 LTS",
        "      shutDownAfterDisconnect: PT15M",
        "    linuxRemoteDesktop: true",
        "    name: Year 1 Charms",
        "  Year-1-Charms:",
        "      disconnectWhenIdle: PT5M",
        "        env: ADA_PASSWORD",
        "      Mon-Wed-0945:",
        "      Daily-stop-2300:",
    ] {
        assert!(shown.lines().any(|own| own == line), "{line} is not in\n{shown}");
    }
    for file in place.files() {
        let text = std::fs::read_to_string(&file).expect("a file");
        assert!(file.ends_with("sheet.csv") || !text.contains("Mark-of-"), "{}", file.display());
    }
    place.run("apply --yes").speaks_of(0, "Apply complete! Resources: 7 added");
    place.run("drift").speaks_of(0, "No drift");
}

#[test]
fn every_row_that_is_left_out_is_told_with_its_line_and_all_its_reasons() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    let head = "ResourceGroupName,Location,LabAccountName,LabName,ImageName,Size,MaxUsers,UsageMode,SharedPassword,AadGroupId,idleGracePeriod,SharedGalleryId,EnableSharedGalleryImages\n";
    let rows = [
        "rg,westeurope,la,,,,,,,,,,",
        "rg,Atlantis,lb,A,Windows 10,Tiny,many,Closed,maybe,,soon,,",
        "rg,westeurope,la,B,*Windows*,Small,5,Open,true,,,,",
        "rg,westeurope,la,C,Windows 10,Small,5,Open,true,7f0d1c3e-0000-4000-8000-000000000001,,,",
        "rg,westeurope,la,D,Windows 10,Small,,Open,true,00000000-0000-0000-0000-000000000000,,,",
        "rg,westeurope,la,E,Windows 10,Small,401,Open,true,,,,",
        "rg,northeurope,la,F,Windows 10,Small,4,Open,true,,,,",
        "rg,westeurope,lc,G,Windows 10,Small,4,Open,true,,,/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Compute/galleries/g,a",
        "rg,westeurope,ld,H,Windows 10,Small,4,Open,true,,,,a",
        "rg,westeurope,le,I,Windows 10,Small,4,Open,true,,,,",
        "RG,West Europe,LE,i,Windows 10,Small,4,Open,true,,,,",
    ];
    sheet(&place, &format!("{head}{}\n", rows.join("\n")));
    let converted = place.run("convert csv sheet.csv");
    let (said, _) = converted.stdout.split_once("\n\n").expect("a paragraph");
    let expected = "\
Left out (10 rows):
  sheet.csv:2
    Size is blank
    LabName is blank
  sheet.csv:3
    Size `Tiny` is none of Basic, Standard, Virtualization, Large, Performance, SmallGPUCompute, SmallGPUVisualization, MediumGPUVisualization
    MaxUsers `many` is no whole number
    UsageMode `Closed` is neither Restricted nor Open
    SharedPassword `maybe` is neither true (Enabled) nor false (Disabled)
    idleGracePeriod `soon` is no whole number
    Location `Atlantis` is no region of Azure
  sheet.csv:4
    ImageName `*Windows*` fits no gallery image that the files describe; write a marketplace image's whole name
  sheet.csv:5
    AadGroupId and MaxUsers exclude each other
  sheet.csv:6
    AadGroupId is the null id, which is no group
  sheet.csv:7
    401 is outside of 0 to 400
  sheet.csv:8
    Location is not that of line 4, which is of the same lab account
  sheet.csv:9
    the files have no gallery /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Compute/galleries/g: `labwright import --from /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Compute/galleries/g` takes it in, with its images; then convert again
  sheet.csv:10
    EnableSharedGalleryImages lists images, and SharedGalleryId is blank
  sheet.csv:12
    lab `i` of `LE` stands in the sheet twice";
    assert_eq!(said, expected);
    converted.says(3, "Converted: 1 lab of 11 rows.");
}

#[test]
fn names_that_are_one_key_stay_apart_and_so_do_their_passwords() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    let head = "ResourceGroupName,Location,LabAccountName,LabName,ImageName,Size,UserName,Password\n";
    let row = |group: &str, lab: &str, user: &str| {
        format!("{group},westeurope,la,\"{lab}\",Windows 10 Pro,Small,{user},Mark-of-{user}\n")
    };
    let rows = [
        row("rg(1)", "A B", "ada"),
        row("rg(1)", "A,B", "Ada"),
        row("rg(1)", "A!B", "a.da"),
        row("rg2", "A-B", "a-da"),
    ];
    sheet(&place, &format!("{head}{}", rows.concat()));
    let converted = place.run("convert csv sheet.csv");
    converted.says(0, "Converted: 4 labs of 4 rows.");
    for line in [
        "  ADA_PASSWORD  for ada, line 2",
        "  ADA_2_PASSWORD  for Ada, line 3",
        "  A_DA_PASSWORD  for a.da, line 4",
        "  A_DA_2_PASSWORD  for a-da, line 5",
    ] {
        converted.says(0, line);
    }
    let applied = place.run("apply --yes");
    applied.speaks_of(0, "Resources: 8 added");
}

#[test]
fn patterns_name_one_image_of_the_gallery_that_the_files_describe() {
    let place = Place::of("contoso-cs");
    let gallery = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/CS-IMAGES-RG/providers/microsoft.compute/galleries/sig_cs_prod";
    let head = "ResourceGroupName,Location,LabAccountName,LabName,ImageName,Size,MaxUsers,UserName,Password,SharedGalleryId,EnableSharedGalleryImages\n";
    let row = |account: &str, lab: &str, image: &str, enabled: &str| {
        format!("cslabs-rg,West Europe,{account},{lab},{image},Small,5,{lab},any,{gallery},\"{enabled}\"\n")
    };
    let rows = [
        row("cs-core-la", "extra-1", "*base*", ""),
        row("CS-CORE-LA", "extra-2", "JAVA-d?v", ""),
        row("new-la", "extra-3", "java-dev", "java-dev, no-such"),
        row("newer-la", "extra-4", "java*", "java-dev"),
        row("newer-la", "extra-5", "cs-base-ubuntu", "java-dev"),
        "cslabs-rg,,cs-ai-la,extra-6,ml-g*,Small,5,extra-6,any,,\n".to_owned(),
    ];
    sheet(&place, &format!("{head}{}", rows.concat()));
    let converted = place.run("convert csv sheet.csv");
    converted.speaks_of(3, "ImageName `*base*` fits several images: ");
    converted.speaks_of(3, "the files have no image `no-such` in gallery sig_cs_prod");
    converted.says(3, "Written: accounts-2.yaml, labs-2.yaml.");
    let labs = std::fs::read_to_string(place.project().join("labs-2.yaml")).expect("a file");
    for line in
        ["  extra-2:", "    image: java-dev", "    in: LabAccount/cs-core-la", "  extra-4:", "  extra-6:"]
    {
        assert!(labs.lines().any(|own| own == line), "{line} is not in\n{labs}");
    }
    let accounts = std::fs::read_to_string(place.project().join("accounts-2.yaml")).expect("a file");
    for line in ["  newer-la:", "    gallery: sig_cs_prod", "    to: LabAccount/newer-la", "    - java-dev"] {
        assert!(accounts.lines().any(|own| own == line), "{line} is not in\n{accounts}");
    }
    assert!(!accounts.contains("cs-core-la"), "{accounts}");
    place.run("validate").speaks_of(0, "Valid");
}

/// The shape of the second generation's sheet: either name for the plan, tags with values, SKUs and sizes, accounts without
/// rights, idle columns of the same names that mean other things.
const BELLOWS: &str = "\u{feff}Id,Tags,ResourceGroupName,Location,LabPlanName,LabAccountName,LabName,ImageName,MaxUsers,UsageQuota,UsageMode,SharedPassword,Size,Title,Descr,TemplateVmState, UserName, Password,NonAdminUserName,NonAdminPassword,LinuxRdp,GpuDriverEnabled,Emails,Invitation,Schedules,idleGracePeriod,idleOsGracePeriod,idleNoConnectGracePeriod,LabPlanResult,LabResult
1,term=fall; dept=cs,Bellows-RG,West Europe,lp-bellows,,Optics,Ubuntu Server 22.04 LTS,20,10,Restricted,Enabled,Classic_Fsv2_2_4GB_128_S_SSD,Optics,\"Light, and more\",Enabled,ada,Mark-of-ada-1!,bob,Mark-of-bob-1!,True,,a@x.edu,Welcome,mon-wed,15,0,20,Completed,Completed
2,dept=cs;term=fall,bellows-rg,westeurope,,LP-Bellows,Waves,Ubuntu Server 22.04 LTS,12,0,Anyone,False,fsv2_4_8gb_128_s_ssd,,,Disabled,ada,Mark-of-ada-1!,,,,,,,,0,30,,,
3,dept=cs;term=fall,bellows-rg,northeurope,lp-bellows,,Sound,Ubuntu Server 22.04 LTS,5,4,restricted,,Av2_2_4GB_128_S_SSD,,,,ada,Mark-of-other-2!,,,,,,,,,,,,
";

#[test]
fn a_sheet_of_the_second_generation_becomes_a_project_that_applies() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    sheet(&place, BELLOWS);
    place
        .run("convert csv sheet.csv --out other")
        .speaks_of(3, "Schedules `mon-wed`: mon-wed.csv cannot be read");
    times(&place, TIMES);
    let converted = place.run("convert csv sheet.csv");
    converted.says(0, "Converted: 3 labs of 3 rows.");
    for (column, rows) in [("Emails", 1), ("Invitation", 1)] {
        converted.says(0, &format!("  {column} ({rows} row)"));
    }
    assert!(!converted.stdout.contains("  Tags ("), "{}", converted.stdout);
    for line in [
        "  ADA_PASSWORD  for ada, line 2",
        "  BOB_PASSWORD  for bob, line 2",
        "  ADA_2_PASSWORD  for ada, line 4",
    ] {
        converted.says(0, line);
    }
    converted.speaks_of(0, "does not say how students reach their VMs");
    let shown = place.run("show --config").stdout;
    let parts = [
        "  lp-bellows:
    allowedRegions:
    - northeurope
    - westeurope
    location: westeurope
    resourceGroup: bellows-rg
    tags:
      dept: cs
      term: fall
",
        "  Optics:
    access: Restricted
    autoShutdown:
      shutDownAfterDisconnect: none
      shutDownIfNobodyConnects: PT20M
      shutDownWhenIdle: PT15M
    capacity: 20
    connection:
      clientRdp: Public
      clientSsh: Public
",
        "    nonAdmin:
      password:
        env: BOB_PASSWORD
      username: bob
    quota: PT10H
    resourceGroup: bellows-rg
",
        "    sharedPassword: true
    size: Small
    tags:
      dept: cs
      term: fall
    template: true
    title: Optics
",
        "  Waves:
    access: Open
    autoShutdown:
      shutDownAfterDisconnect: PT30M
      shutDownIfNobodyConnects: none
      shutDownWhenIdle: none
",
        "    quota: PT0M
    resourceGroup: bellows-rg
    sharedPassword: false
    size: Medium
",
        "    location: northeurope
    quota: PT4H
    resourceGroup: bellows-rg
    size: Classic_Av2_2_4GB_128_S_SSD
",
        "  bellows-rg:
    location: westeurope
    tags:
      dept: cs
      term: fall
",
    ];
    for part in parts {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    for file in place.files() {
        let text = std::fs::read_to_string(&file).expect("a file");
        assert!(file.ends_with("sheet.csv") || !text.contains("Mark-of-"), "{}", file.display());
    }
    place.edit("labs.yaml", "size: Classic_Av2_2_4GB_128_S_SSD", "size: Small");
    place.run("apply --yes").speaks_of(0, "Apply complete! Resources: 7 added");
    place.run("drift").speaks_of(0, "No drift");
    let again = place.run("convert csv sheet.csv");
    again.says(0, "Converted: 0 labs of 3 rows.");
    again.speaks_of(
        0,
        "In the files already, and left as they are: Lab/Optics (line 2), Lab/Waves (line 3), Lab/Sound (line 4).",
    );
}

#[test]
fn every_row_of_a_sheet_for_lab_plans_that_is_left_out_is_told_with_its_line() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    let head = "Tags,ResourceGroupName,Location,LabPlanName,LabAccountName,LabName,ImageName,MaxUsers,UsageQuota,UsageMode,SharedPassword,Size,TemplateVmState,UserName,Password,NonAdminUserName,NonAdminPassword,AadGroupId,idleGracePeriod,EnableSharedGalleryImages\n";
    let rows = [
        "alone,rg,westeurope,,,Waves,Ubuntu,20,ten,Restricted,maybe,Fsv2_9,Perhaps,ada,x,,,,,",
        "a=1,rg,westeurope,lp,,A,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,,",
        "a=2,rg,westeurope,lp,,B,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,,",
        "a=1;a=2,rg,westeurope,lq,other,C,Windows 10 Pro,20,,Open,True,Standard,,ada,x,,y,,,",
        "a=1,rg,Atlantis,lr,,D,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,Ada,y,,,",
        "a=1,rg,westeurope,ls,,E,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,Ada,y,,,",
        "a=1,rg,westeurope,lt,,1st,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,,",
        "a=1,rg,westeurope,lu,,F,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,00000000-0000-0000-0000-000000000000,,",
        "a=1,rg,westeurope,lv,,G,Windows 10 Pro,20,10000,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,90,",
        "a=1,rg,westeurope,lw,,H,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,,an-image",
        "a=1,RG,westeurope,LP,,a,Windows 10 Pro,20,1,Open,True,Fsv2_2_4GB_128_S_SSD,,ada,x,,,,,",
    ];
    sheet(&place, &format!("{head}{}\n", rows.join("\n")));
    let converted = place.run("convert csv sheet.csv");
    let (said, _) = converted.stdout.split_once("\n\n").expect("a paragraph");
    let sizes = "Classic_Fsv2_2_4GB_128_S_SSD, Classic_Fsv2_4_8GB_128_S_SSD, Classic_Dsv4_4_16GB_128_P_SSD, Classic_Fsv2_8_16GB_128_S_SSD, Classic_Dsv4_8_32GB_128_P_SSD, Classic_Ncv3t4_8_56GB_128_S_SSD, Classic_NVv4_8_28GB_128_S_SSD, Classic_NVv3_12_112GB_128_S_SSD";
    let expected = "\
Left out (10 rows):
  sheet.csv:2
    Size `Fsv2_9` is none of {SIZES}
    UsageQuota `ten` is no whole number
    SharedPassword `maybe` is neither true (Enabled) nor false (Disabled)
    TemplateVmState `Perhaps` is neither true (Enabled) nor false (Disabled)
    Tags: `alone` is no name=value
    LabPlanName is blank, and so is LabAccountName
  sheet.csv:4
    Tags is not that of line 3, which is of the same lab plan
  sheet.csv:5
    Size `Standard` is none of {SIZES}
    UsageQuota is blank; a lab of a lab plan needs hours, 0 for none
    Tags: `a` stands there twice
    NonAdminPassword has no NonAdminUserName beside it
    LabPlanName is `lq` and LabAccountName `other`: one name is enough
  sheet.csv:6
    Location `Atlantis` is no region of Azure
  sheet.csv:7
    LAB-11: the account without administrator's rights has the administrator's name
  sheet.csv:8
    `1st` must start with a letter
  sheet.csv:9
    AadGroupId is the null id, which is no group
  sheet.csv:10
    `90m` is outside of `1m` to `59m`
    `10000h` is outside of `0m` to `9999h`
  sheet.csv:11
    EnableSharedGalleryImages lists images, and SharedGalleryId is blank
  sheet.csv:12
    lab `a` of `LP` stands in the sheet twice";
    assert_eq!(said, expected.replace("{SIZES}", sizes));
    converted.says(3, "Converted: 1 lab of 11 rows.");
    assert!(!converted.stdout.contains("Mark-of-"), "{}", converted.stdout);
}

#[test]
fn a_part_of_a_name_means_one_image_that_is_switched_on_in_the_plan() {
    let place = Place::of("lab-plans");
    let gallery = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/CHEMISTRY-RG/providers/microsoft.compute/galleries/sig_chemistry";
    let head = "ResourceGroupName,Location,LabPlanName,LabName,ImageName,Size,MaxUsers,UsageQuota,UserName,Password,LinuxRdp,SharedGalleryId,EnableSharedGalleryImages\n";
    let row = |plan: &str, lab: &str, image: &str, desktop: &str, enabled: &str| {
        format!(
            "Chemistry-RG,,{plan},{lab},{image},Fsv2_2_4GB_128_S_SSD,5,1,educator,any,{desktop},{gallery},\"{enabled}\"\n"
        )
    };
    let new = |lab: &str, image: &str| {
        format!("new-rg,westeurope,lp-new,{lab},{image},Small,5,1,educator,any,,{gallery},\n")
    };
    let rows = [
        row("lp-chemistry", "extra-1", "MOLEC", "", ""),
        row("LP-Chemistry", "extra-2", "e", "", ""),
        row("lp-chemistry", "extra-3", "molecules", "True", ""),
        new("extra-4", "molecule"),
        row("lp-chemistry", "extra-6", "molecules", "", "").replace("-RG,,", "-RG,East US,"),
        new("extra-5", "spectra"),
    ];
    sheet(&place, &format!("{head}{}", rows.concat()));
    let converted = place.run("convert csv sheet.csv");
    converted.speaks_of(3, "ImageName `e` fits several images: molecules, spectra");
    converted.speaks_of(3, "sheet.csv:7\n    IMG-03: the credentials are not those inside Image/spectra");
    converted.speaks_of(3, "Location `East US` is none of the regions that the lab plan allows: westeurope");
    converted.says(3, "Converted: 3 labs of 6 rows.");
    let read = |name: &str| std::fs::read_to_string(place.project().join(name)).expect("a file");
    let labs = read("labs.yaml");
    let ssh = "    capacity: 5\n    connection:\n      clientSsh: Public\n";
    let both = "    capacity: 5\n    connection:\n      clientRdp: Public\n      clientSsh: Public\n";
    for (lab, connection) in [("extra-1", ssh), ("extra-3", both), ("extra-4", ssh)] {
        assert!(labs.contains(&format!("  {lab}:\n{connection}")), "{lab}: {labs}");
    }
    assert_eq!(labs.matches("    image: molecules\n").count(), 3, "{labs}");
    // The plan that has its gallery attached keeps that; of a new one the images of its rows are switched on.
    let accounts = read("accounts.yaml");
    let attachment = "galleryAttachments:\n  lp-new:\n    enabledImages:\n      including:\n      - molecules\n    gallery: sig_chemistry\n    to: LabPlan/lp-new\nlabPlans:\n  lp-new:\n";
    assert!(accounts.starts_with(attachment), "{accounts}");
    place.run("validate").speaks_of(0, "Valid");
}

#[test]
fn what_is_no_sheet_is_refused_and_nothing_is_written() {
    let place = Place::empty();
    std::fs::create_dir_all(place.project()).expect("a folder");
    sheet(&place, "Name,Age\nAda,36\n");
    place.run("convert csv sheet.csv").speaks_of(3, "");
    let refused = place.run("convert csv sheet.csv");
    assert!(refused.stderr.contains("names no column"), "{}", refused.stderr);
    assert_eq!(place.run("convert csv missing.csv").code, 1);
    assert!(!place.project().join("labwright.yaml").exists());
}
