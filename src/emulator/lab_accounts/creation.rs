//! `createLab`: a lab and its template in one request.
//!
//! Two bodies mean the same: that of Lab Services REST 2018-10-15, and `labParameters` as Microsoft's classroom labs module
//! sends with 2019-01-01-preview, which alone can name an image of the attached gallery. The answer is an empty 200; the lab
//! and its setting `default` show at once and are to be read until they have succeeded.

use crate::emulator::arm::errors::{Refusal, conflict, invalid_content, invalid_parameter, not_found};
use crate::emulator::arm::operations::{Beginning, Effect, Family, Finish};
use crate::emulator::arm::path::{key, last_segment};
use crate::emulator::arm::resource::{Facts, Provisioning, Resource, SettingFacts, TemplateImage};
use crate::emulator::arm::routing::Call;
use crate::emulator::arm::shape::{self, Object};
use crate::emulator::arm::tracked;
use crate::emulator::arm::types::Kind;
use crate::emulator::clock::Work;
use crate::emulator::compute::versions;
use crate::emulator::lab_accounts::accounts::latest;
use crate::emulator::lab_accounts::labs::{follow_group, lab_properties};
use crate::emulator::lab_accounts::sizes::size;
use crate::emulator::lab_accounts::{marketplace, shared_images, users};
use crate::emulator::message::Response;
use crate::emulator::world::{World, not_deleting};
use serde_json::json;

/// What both bodies ask for.
struct Order {
    name: String,
    tags: Option<Object>,
    lab: Object,
    template: SettingFacts,
}

/// Answers `createLab`.
pub(crate) fn create_lab(world: &mut World, call: &Call<'_>) -> Result<Response, Refusal> {
    world.open_holder(&call.address)?;
    let account = world.item(&call.address)?.clone();
    not_deleting(&account)?;
    let body = shape::object(call.request)?;
    let order = read(world, call, &account, &body)?;
    let id = format!("{}/labs/{}", account.id, order.name);
    if world.resource(&key(&id)).is_some() {
        return Err(conflict(format!(
            "The lab '{}' already exists in the lab account '{}'.",
            order.name, account.name
        )));
    }
    let setting_id = format!("{id}/environmentsettings/default");
    let operation = world.begin(Beginning {
        family: Family::LabServices,
        effect: Effect::Settle,
        work: Work::Lab,
        targets: vec![key(&id), key(&setting_id)],
        finish: Finish::Resource(key(&id)),
        location: account.location.clone().unwrap_or_default(),
    });
    let mut make = |kind, id: &str| {
        let unique = world.draw();
        let mut resource = Resource::new(kind, id.to_owned(), last_segment(id), world.now(), unique);
        resource.provisioning = Provisioning::Creating;
        resource.operation = Some(operation.clone());
        resource.latest = Some(latest(call.request, &operation));
        resource
    };
    let (mut lab, mut setting) = (make(Kind::Lab, &id), make(Kind::Setting, &setting_id));
    (lab.location, lab.tags, lab.properties) = (account.location.clone(), order.tags, order.lab);
    setting.location = account.location;
    setting.properties.insert("configurationState".into(), json!("NotApplicable"));
    setting.facts = Facts::Setting(Box::new(order.template));
    let members = follow_group(world, &mut lab)?;
    users::sync(world, &lab, members);
    world.put(lab);
    world.put(setting);
    Ok(Response::empty(200))
}

fn read(world: &World, call: &Call<'_>, account: &Resource, body: &Object) -> Result<Order, Refusal> {
    let name = shape::required(body, "name", "name")?.to_owned();
    tracked::check_name(&name, 100)?;
    let tags = shape::tags(body)?;
    if body.contains_key("labParameters") {
        return read_preview(world, call, account, body).map(|(lab, template)| Order {
            name,
            tags,
            lab,
            template,
        });
    }
    if !body.contains_key("labCreationParameters") {
        return Err(invalid_content("One of 'labParameters' and 'labCreationParameters' must be given."));
    }
    let parameters = shape::member(body, "labCreationParameters")?;
    let capacity = shape::count(&parameters, "maxUsersInLab")?.unwrap_or(1);
    let path = "environmentSettingCreationParameters";
    let setting = shape::member(body, path)?;
    let path = format!("{path}.resourceSettingCreationParameters");
    let resource = shape::member(&setting, "resourceSettingCreationParameters")?;
    let image =
        shape::required(&resource, "galleryImageResourceId", &format!("{path}.galleryImageResourceId"))?;
    let asked_size = shape::text(&resource, "size")?.unwrap_or("Basic");
    let machine = shape::member(&resource, "referenceVmCreationParameters")?;
    let user =
        shape::required(&machine, "userName", &format!("{path}.referenceVmCreationParameters.userName"))?;
    shape::required(&machine, "password", &format!("{path}.referenceVmCreationParameters.password"))?;
    let template = template(world, call, account, image, asked_size, user)?;
    let mut lab = Object::new();
    lab.insert("maxUsersInLab".into(), json!(capacity));
    Ok(Order { name, tags, lab: lab_properties(&Object::new(), &lab)?, template })
}

/// Reads `labParameters`.
fn read_preview(
    world: &World,
    call: &Call<'_>,
    account: &Resource,
    body: &Object,
) -> Result<(Object, SettingFacts), Refusal> {
    if call.api_version() == "2018-10-15" {
        return Err(invalid_content(
            "Could not find member 'labParameters' on object of type 'CreateLabProperties' in api-version 2018-10-15.",
        ));
    }
    let mut parameters = shape::member(body, "labParameters")?.into_owned();
    let at = |name: &str| format!("labParameters.{name}");
    for name in ["sharedPasswordState", "linuxRdpState", "templateVmState", "installGpuDriverEnabled"] {
        shape::canonical(&mut parameters, name, &["Enabled", "Disabled"], &at(name))?;
    }
    let image = chosen_image(&parameters, "labParameters")?;
    let asked_size = shape::required(&parameters, "vmSize", &at("vmSize"))?;
    let user = shape::required(&parameters, "username", &at("username"))?;
    shape::required(&parameters, "password", &at("password"))?;
    let mut template = template(world, call, account, image, asked_size, user)?;
    template.has_template_vm = shape::text(&parameters, "templateVmState")? != Some("Disabled");
    template.running = template.has_template_vm;
    // The lab's own properties have other names for two of the parameters.
    let mut lab = parameters.clone();
    for (parameter, property) in
        [("userQuota", "usageQuota"), ("sharedPasswordState", "sharedPasswordEnabled")]
    {
        if let Some(value) = parameters.get(parameter) {
            lab.insert(property.to_owned(), value.clone());
        }
    }
    let mut properties = lab_properties(&Object::new(), &lab)?;
    for name in ["linuxRdpState", "installGpuDriverEnabled"] {
        if let Some(value) = parameters.get(name).filter(|value| !value.is_null()) {
            properties.insert(name.to_owned(), value.clone());
        }
    }
    Ok((properties, template))
}

/// The one image id that the parameters name.
pub(crate) fn chosen_image<'a>(parameters: &'a Object, path: &str) -> Result<&'a str, Refusal> {
    let filled = |name| shape::text(parameters, name).map(|text| text.filter(|text| !text.is_empty()));
    match (filled("galleryImageResourceId")?, filled("sharedImageResourceId")?) {
        (Some(image), None) | (None, Some(image)) => Ok(image),
        _ => {
            let message = format!(
                "Exactly one of '{path}.galleryImageResourceId' and '{path}.sharedImageResourceId' must be given."
            );
            Err(invalid_parameter(path, message))
        }
    }
}

/// The template that an image, a size and a user name make in `account`.
pub(crate) fn template(
    world: &World,
    call: &Call<'_>,
    account: &Resource,
    image: &str,
    asked_size: &str,
    user: &str,
) -> Result<SettingFacts, Refusal> {
    let size = size(asked_size, call.api_version(), "vmSize")?;
    let image = template_image(world, account, image)?;
    Ok(SettingFacts {
        image,
        size: size.to_owned(),
        user_name: user.to_owned(),
        has_template_vm: true,
        running: true,
        ..SettingFacts::default()
    })
}

/// The image of that id, which must be one of the account's and enabled.
fn template_image(world: &World, account: &Resource, id: &str) -> Result<TemplateImage, Refusal> {
    let asked = key(id);
    let rest = asked.strip_prefix(&format!("{}/", account.key())).unwrap_or_default();
    let group = account.key().split('/').nth(4).unwrap_or_default().to_owned();
    match rest.split_once('/') {
        Some(("galleryimages", name)) => {
            let image = marketplace::image(name)
                .ok_or_else(|| not_found(&Kind::MarketplaceImage.arm_type(), last_segment(id), &group))?;
            if !marketplace::is_enabled(account, image) {
                return Err(disabled(image.name, account));
            }
            Ok(TemplateImage {
                id: format!("{}/galleryimages/{}", account.id, image.name),
                name: image.name.to_owned(),
                shared: false,
                version: "latest".to_owned(),
                os_type: image.os_type.to_owned(),
                generation: "V1".to_owned(),
            })
        }
        Some(("sharedimages", name)) => {
            let missing = || not_found(&Kind::SharedImage.arm_type(), last_segment(id), &group);
            let (attached, definition) = shared_images::find(world, account, name).ok_or_else(missing)?;
            if !shared_images::is_enabled(attached, definition) {
                return Err(disabled(&definition.name, account));
            }
            let location = account.location.as_deref().unwrap_or_default();
            let newest = versions::usable(world, &definition.key(), location).pop().ok_or_else(missing)?;
            Ok(TemplateImage {
                id: format!("{}/sharedimages/{}", account.id, definition.name),
                name: definition.name.clone(),
                shared: true,
                version: newest.name.clone(),
                os_type: definition.text("osType").to_owned(),
                generation: definition.text("hyperVGeneration").to_owned(),
            })
        }
        _ => Err(invalid_parameter(
            "imageResourceId",
            format!("The image '{id}' is not one of the lab account '{}'.", account.name),
        )),
    }
}

fn disabled(image: &str, account: &Resource) -> Refusal {
    Refusal::new(
        400,
        "ImageNotEnabled",
        format!("The image '{image}' is not enabled in the lab account '{}'.", account.name),
    )
}
