"""Lab accounts, labs and their students, by azure-mgmt-labservices 1.0.0."""

import datetime

import pytest
import requests
from azure.mgmt.labservices import ManagedLabsClient
from azure.mgmt.labservices.models import (
    AddUsersPayload,
    CreateLabProperties,
    EnvironmentSettingCreationParameters,
    EnvironmentSettingFragment,
    GalleryImageFragment,
    Lab,
    LabAccount,
    LabAccountFragment,
    LabCreationParameters,
    LabFragment,
    PublishPayload,
    ReferenceVmCreationParameters,
    ResourceSettingCreationParameters,
    User,
)

from emulator import GROUP, until

ACCOUNT = f"{GROUP}/providers/Microsoft.LabServices/labaccounts/accounts"


@pytest.fixture
def labs(azure):
    """A client and the account `accounts`; this package has no groups, so the group is made by hand."""
    client = azure.client(ManagedLabsClient)
    token = azure.credential().get_token(f"{azure.url}/.default").token
    made = requests.put(
        f"{azure.url}{GROUP}?api-version=2024-07-01",
        json={"location": "westeurope"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    assert made.status_code in (200, 201), made.text
    client.lab_accounts.create_or_update("physics", "accounts", LabAccount(location="West Europe"))
    until(lambda: client.lab_accounts.get("physics", "accounts").provisioning_state == "Succeeded")
    return client


def make(labs, name):
    image = next(iter(labs.gallery_images.list("physics", "accounts")))
    vm = ReferenceVmCreationParameters(user_name="student", password="Passw0rd!Passw0rd")
    resources = ResourceSettingCreationParameters(
        gallery_image_resource_id=image.id, size="Basic", reference_vm_creation_parameters=vm
    )
    setting = EnvironmentSettingCreationParameters(resource_setting_creation_parameters=resources)
    order = CreateLabProperties(
        name=name,
        lab_creation_parameters=LabCreationParameters(max_users_in_lab=3),
        environment_setting_creation_parameters=setting,
    )
    labs.lab_accounts.create_lab("physics", "accounts", order)
    until(lambda: found(labs, name) and found(labs, name).provisioning_state == "Succeeded")


def found(labs, name):
    return next((lab for lab in labs.labs.list("physics", "accounts") if lab.name == name), None)


def test_accounts_and_their_images(labs, refused):
    accounts = labs.lab_accounts
    for name in ("acc-1", "acc-2"):
        made = accounts.create_or_update("physics", name, LabAccount(location="westeurope", tags={"n": name}))
        assert made.location == "westeurope" and made.tags == {"n": name}
    assert {"accounts", "acc-1", "acc-2"} <= {account.name for account in accounts.list_by_resource_group("physics")}
    assert {"accounts", "acc-1", "acc-2"} <= {account.name for account in accounts.list_by_subscription()}
    changed = accounts.update("physics", "acc-1", LabAccountFragment(tags={"n": "other"}, enabled_region_selection=True))
    assert changed.tags == {"n": "other"} and changed.enabled_region_selection
    assert accounts.get_regional_availability("physics", "accounts").regional_availability
    image = list(labs.gallery_images.list("physics", "accounts"))[-1]
    assert image.image_reference.publisher and image.is_enabled is not None
    switched = labs.gallery_images.update(
        "physics", "accounts", image.name, GalleryImageFragment(is_enabled=not image.is_enabled)
    )
    assert switched.is_enabled is not image.is_enabled
    assert labs.gallery_images.get("physics", "accounts", image.name).is_enabled is not image.is_enabled
    for name in ("acc-1", "acc-2"):
        accounts.begin_delete("physics", name).result()
    refused(404, "ResourceNotFound", accounts.get, "physics", "acc-1")
    accounts.begin_delete("physics", "acc-1").result()


def test_a_lab_from_its_order_to_its_end(labs, refused):
    make(labs, "optics")
    lab = labs.labs.get("physics", "accounts", "optics")
    assert lab.max_users_in_lab == 3 and lab.invitation_code and lab.unique_identifier
    body = Lab(location=lab.location, max_users_in_lab=4, user_access_mode="Open", usage_quota=datetime.timedelta(hours=7))
    labs.labs.create_or_update("physics", "accounts", "optics", body)
    until(lambda: labs.labs.get("physics", "accounts", "optics").provisioning_state == "Succeeded")
    lab = labs.labs.update("physics", "accounts", "optics", LabFragment(tags={"room": "1"}))
    assert (lab.max_users_in_lab, lab.user_access_mode, lab.tags) == (4, "Open", {"room": "1"})
    assert lab.usage_quota == datetime.timedelta(hours=7)

    settings = labs.environment_settings
    at = ("physics", "accounts", "optics", "default")
    read = settings.get(*at)
    assert read.resource_settings.size == "Basic" and read.resource_settings.reference_vm.user_name == "student"
    assert read.resource_settings.reference_vm.password is None
    assert settings.update(*at, EnvironmentSettingFragment(title="Optics")).title == "Optics"
    until(lambda: settings.get(*at).provisioning_state == "Succeeded")
    settings.begin_start(*at).result()
    settings.begin_stop(*at).result()
    settings.publish(*at, PublishPayload(use_existing_image=False))
    until(lambda: settings.get(*at).publishing_state == "Published")
    machines = list(labs.environments.list(*at))
    assert len(machines) == 4, machines

    for mails in (["ada@contoso.edu", "bob@contoso.edu", "cy@contoso.edu"], ["ada@contoso.edu"]):
        labs.labs.add_users("physics", "accounts", "optics", AddUsersPayload(email_addresses=mails))
    users = list(labs.users.list("physics", "accounts", "optics"))
    assert sorted(user.email for user in users) == ["ada@contoso.edu", "bob@contoso.edu", "cy@contoso.edu"]
    one = labs.users.get("physics", "accounts", "optics", users[0].name)
    assert one.email == users[0].email
    labs.users.create_or_update("physics", "accounts", "optics", users[0].name, User(location="westeurope"))
    assert labs.users.get("physics", "accounts", "optics", users[0].name).email == users[0].email
    labs.users.begin_delete("physics", "accounts", "optics", users[0].name).result()
    assert len(list(labs.users.list("physics", "accounts", "optics"))) == 2

    labs.labs.begin_delete("physics", "accounts", "optics").result()
    refused(404, "ResourceNotFound", labs.labs.get, "physics", "accounts", "optics")


def test_what_lab_accounts_refuse(labs, refused):
    refused(404, "ResourceNotFound", labs.labs.get, "physics", "accounts", "nothing")
    refused(404, "ParentResourceNotFound", labs.labs.list, "physics", "nothing")
    refused(404, "ResourceGroupNotFound", labs.lab_accounts.get, "nowhere", "accounts")
    refused(400, "LocationRequired", labs.lab_accounts.create_or_update, "physics", "bare", LabAccount())


def test_the_provider_tells_its_operations(labs):
    assert any(operation.name.lower().startswith("microsoft.labservices/") for operation in labs.provider_operations.list())
