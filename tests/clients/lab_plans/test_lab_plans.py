"""Lab plans, labs and what belongs to them, by azure-mgmt-labservices 2.0.0."""

import datetime

import pytest
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.models import Gallery
from azure.mgmt.labservices import ManagedLabsClient
from azure.mgmt.labservices.models import (
    AutoShutdownProfile,
    ConnectionProfile,
    Credentials,
    ImageReference,
    ImageUpdate,
    InviteBody,
    Lab,
    LabPlan,
    LabPlanUpdate,
    LabUpdate,
    RecurrencePattern,
    ResetPasswordBody,
    SaveImageBody,
    Schedule,
    ScheduleUpdate,
    SecurityProfile,
    Sku,
    User,
    UserUpdate,
    VirtualMachineProfile,
)
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

from emulator import GROUP, until

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def labs(azure):
    azure.client(ResourceManagementClient).resource_groups.create_or_update("physics", ResourceGroup(location="westeurope"))
    return azure.client(ManagedLabsClient)


def plan(**more):
    return LabPlan(location="West Europe", allowed_regions=["westeurope"], **more)


def lab(image, **more):
    return Lab(
        location="westeurope",
        title="Optics",
        description="Autumn",
        lab_plan_id=f"{GROUP}/providers/Microsoft.LabServices/labPlans/plan",
        auto_shutdown_profile=AutoShutdownProfile(
            shutdown_on_disconnect="Enabled", shutdown_on_idle="UserAbsence", shutdown_when_not_connected="Enabled",
            disconnect_delay=HOUR / 4, idle_delay=HOUR / 4, no_connect_delay=HOUR / 4,
        ),
        connection_profile=ConnectionProfile(
            client_rdp_access="Public", client_ssh_access="None", web_rdp_access="None", web_ssh_access="None"
        ),
        virtual_machine_profile=VirtualMachineProfile(
            create_option="TemplateVM",
            image_reference=ImageReference(
                publisher=image.publisher, offer=image.offer, sku=image.sku, version=image.version
            ),
            sku=Sku(name="Classic_Fsv2_4_8GB_128_S_SSD", capacity=2),
            usage_quota=10 * HOUR,
            use_shared_password="Disabled",
            admin_user=Credentials(username="student", password="Passw0rd!Passw0rd"),
        ),
        security_profile=SecurityProfile(open_access="Disabled"),
        **more,
    )


def test_plans_and_their_images(labs, azure, refused):
    plans = labs.lab_plans
    made = plans.begin_create_or_update("physics", "plan-a", plan(tags={"a": "b"})).result()
    assert made.provisioning_state == "Succeeded" and made.location == "westeurope" and made.tags == {"a": "b"}
    assert made.type.lower() == "microsoft.labservices/labplans" and made.system_data.created_at
    for name in ("plan-b", "plan-c"):
        plans.begin_create_or_update("physics", name, plan()).result()
    assert {"plan-a", "plan-b", "plan-c"} <= {one.name for one in plans.list_by_resource_group("physics")}
    assert {"plan-a", "plan-b", "plan-c"} <= {one.name for one in plans.list_by_subscription()}
    changed = LabPlanUpdate(default_auto_shutdown_profile=AutoShutdownProfile(shutdown_on_idle="LowUsage", idle_delay=HOUR))
    changed = plans.begin_update("physics", "plan-a", changed).result()
    assert changed.default_auto_shutdown_profile.idle_delay == HOUR and changed.allowed_regions == ["westeurope"]

    images = list(labs.images.list_by_lab_plan("physics", "plan-a"))
    assert images and all(image.publisher and image.os_type for image in images)
    off = labs.images.update("physics", "plan-a", images[0].name, ImageUpdate(enabled_state="Disabled"))
    assert off.enabled_state == "Disabled"
    assert labs.images.get("physics", "plan-a", images[0].name).enabled_state == "Disabled"

    for name in ("plan-b", "plan-c", "plan-a"):
        plans.begin_delete("physics", name).result()
    refused(404, "ResourceNotFound", plans.get, "physics", "plan-a")
    plans.begin_delete("physics", "plan-a").result()


def test_a_lab_from_its_first_day_to_its_last(labs, azure, refused):
    gallery = azure.client(ComputeManagementClient).galleries
    gallery = gallery.begin_create_or_update("physics", "sig_plans", Gallery(location="westeurope")).result()
    labs.lab_plans.begin_create_or_update("physics", "plan", plan(shared_gallery_id=gallery.id)).result()
    image = next(image for image in labs.images.list_by_lab_plan("physics", "plan") if image.publisher)
    made = labs.labs.begin_create_or_update("physics", "optics", lab(image)).result()
    assert (made.state, made.provisioning_state, made.title) == ("Draft", "Succeeded", "Optics")
    assert made.security_profile.registration_code and made.virtual_machine_profile.os_type
    assert made.virtual_machine_profile.admin_user.password is None
    changed = labs.labs.begin_update("physics", "optics", LabUpdate(title="Optics II")).result()
    assert changed.title == "Optics II" and changed.description == "Autumn"
    assert "optics" in [one.name for one in labs.labs.list_by_resource_group("physics")]
    assert "optics" in [one.name for one in labs.labs.list_by_subscription()]

    machines = labs.virtual_machines
    template = [machine for machine in machines.list_by_lab("physics", "optics") if machine.vm_type == "Template"]
    assert len(template) == 1
    body = SaveImageBody(name="saved", lab_virtual_machine_id=template[0].id)
    labs.lab_plans.begin_save_image("physics", "plan", body).result()
    until(lambda: "saved" in [image.name for image in labs.images.list_by_lab_plan("physics", "plan")])
    labs.labs.begin_publish("physics", "optics").result()
    assert labs.labs.get("physics", "optics").state == "Published"
    students = [machine for machine in machines.list_by_lab("physics", "optics") if machine.vm_type == "User"]
    assert len(students) == 2
    one = students[0].name
    machines.begin_start("physics", "optics", one).result()
    assert machines.get("physics", "optics", one).state == "Running"
    password = ResetPasswordBody(username="student", password="An0ther!Passw0rd")
    machines.begin_reset_password("physics", "optics", one, password).result()
    machines.begin_redeploy("physics", "optics", one).result()
    machines.begin_stop("physics", "optics", one).result()
    assert machines.get("physics", "optics", one).state == "Stopped"
    machines.begin_reimage("physics", "optics", one).result()

    users = labs.users
    for name, email in (("ada", "ada@contoso.edu"), ("bob", "bob@contoso.edu"), ("cy", "cy@contoso.edu")):
        made = users.begin_create_or_update("physics", "optics", name, User(email=email)).result()
        assert (made.email, made.registration_state, made.invitation_state) == (email, "NotRegistered", "NotSent")
    assert sorted(user.name for user in users.list_by_lab("physics", "optics")) == ["ada", "bob", "cy"]
    changed = users.begin_update("physics", "optics", "ada", UserUpdate(additional_usage_quota=2 * HOUR)).result()
    assert changed.additional_usage_quota == 2 * HOUR
    users.begin_invite("physics", "optics", "ada", InviteBody(text="Welcome")).result()
    assert users.get("physics", "optics", "ada").invitation_state == "Sent"
    users.begin_delete("physics", "optics", "bob").result()
    refused(404, "ResourceNotFound", users.get, "physics", "optics", "bob")

    term = datetime.datetime(2026, 12, 31, tzinfo=datetime.timezone.utc)
    weekly = RecurrencePattern(frequency="Weekly", week_days=["Monday"], interval=1, expiration_date=term)
    body = Schedule(
        start_at=term - 60 * 24 * HOUR, stop_at=term - 60 * 24 * HOUR + 2 * HOUR, time_zone_id="Europe/Berlin",
        recurrence_pattern=weekly, notes="Lecture",
    )
    made = labs.schedules.create_or_update("physics", "optics", "monday", body)
    assert made.recurrence_pattern.week_days == ["Monday"] and made.notes == "Lecture"
    assert labs.schedules.update("physics", "optics", "monday", ScheduleUpdate(notes="Exam")).notes == "Exam"
    assert [schedule.name for schedule in labs.schedules.list_by_lab("physics", "optics")] == ["monday"]
    labs.schedules.begin_delete("physics", "optics", "monday").result()
    refused(404, "ResourceNotFound", labs.schedules.get, "physics", "optics", "monday")

    labs.labs.begin_delete("physics", "optics").result()
    refused(404, "ResourceNotFound", labs.labs.get, "physics", "optics")
    labs.lab_plans.begin_delete("physics", "plan").result()


def test_what_lab_plans_refuse(labs, refused):
    plans = labs.lab_plans
    refused(404, "ResourceNotFound", plans.get, "physics", "nothing")
    refused(404, "ResourceGroupNotFound", plans.begin_create_or_update, "nowhere", "p", plan())
    refused(404, "ParentResourceNotFound", labs.images.list_by_lab_plan, "physics", "nothing")
    refused(404, "ParentResourceNotFound", labs.users.list_by_lab, "physics", "nothing")
    refused(400, "LocationRequired", plans.begin_create_or_update, "physics", "bare", {"properties": {}})


def test_sizes_usages_and_operations(labs):
    assert all(sku.name and sku.locations for sku in labs.skus.list())
    assert all(usage.limit is not None for usage in labs.usages.list_by_location("westeurope"))
    assert any(operation.name.lower().startswith("microsoft.labservices/") for operation in labs.operations.list())
