"""Groups, providers and generic resources, by azure-mgmt-resource."""

import pytest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource, ResourceGroup, ResourceGroupPatchable

from emulator import SUBSCRIPTION


@pytest.fixture
def resources(azure):
    return azure.client(ResourceManagementClient)


def test_groups_come_change_and_go_with_all_inside(resources, refused):
    groups = resources.resource_groups
    made = groups.create_or_update("Generic", ResourceGroup(location="West Europe", tags={"term": "autumn"}))
    assert made.location == "westeurope" and made.properties.provisioning_state == "Succeeded"
    assert made.type == "Microsoft.Resources/resourceGroups"
    assert groups.check_existence("generic") and not groups.check_existence("nothing-here")
    assert groups.update("generic", ResourceGroupPatchable(tags={"term": "spring"})).tags == {"term": "spring"}
    for name in ("page-1", "page-2", "page-3"):
        groups.create_or_update(name, ResourceGroup(location="westeurope"))
    names = [group.name for group in groups.list()]
    assert {"Generic", "page-1", "page-2", "page-3"} <= set(names) and len(names) == len(set(names))
    tagged = groups.list(filter="tagName eq 'term' and tagValue eq 'spring'")
    assert [group.name for group in tagged] == ["Generic"]

    account = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Generic/providers/Microsoft.LabServices/labaccounts/acc"
    body = GenericResource(location="westeurope", tags={"a": "b"})
    by_id = resources.resources
    made = by_id.begin_create_or_update_by_id(account, body, api_version="2018-10-15").result()
    assert made.name == "acc" and made.location == "westeurope"
    assert by_id.get_by_id(account, api_version="2018-10-15").properties["provisioningState"] == "Succeeded"
    listed = list(by_id.list_by_resource_group("Generic", filter="resourceType eq 'Microsoft.LabServices/labAccounts'"))
    assert [resource.name for resource in listed] == ["acc"]
    assert listed[0].type.lower() == "microsoft.labservices/labaccounts"
    assert [resource.name for resource in by_id.list(filter="tagName eq 'a' and tagValue eq 'b'")] == ["acc"]

    groups.begin_delete("generic").result()
    refused(404, "ResourceGroupNotFound", groups.get, "generic")
    refused(404, "ResourceGroupNotFound", by_id.get_by_id, account, api_version="2018-10-15")


def test_providers_name_their_types_with_the_newest_version_first(resources):
    labs = resources.providers.get("Microsoft.LabServices")
    assert labs.registration_state == "Registered"
    versions = {kind.resource_type.lower(): kind.api_versions for kind in labs.resource_types}
    assert all(sorted(listed, reverse=True) == listed for listed in versions.values())
    # What az takes where nobody names a version.
    stable = [next(one for one in versions[kind] if "preview" not in one) for kind in ("labaccounts", "labplans")]
    assert stable == ["2018-10-15", "2023-06-07"]
    assert resources.providers.register("Microsoft.Compute").namespace == "Microsoft.Compute"
    spaces = [provider.namespace for provider in resources.providers.list()]
    assert {"Microsoft.Compute", "Microsoft.LabServices"} <= set(spaces)
